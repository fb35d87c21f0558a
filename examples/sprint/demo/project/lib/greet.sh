# Greets somebody.
. ./lib/say.sh

greet() {
    say "hello, ${1:-stranger}"
}
