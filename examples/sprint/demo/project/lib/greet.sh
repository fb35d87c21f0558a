# Greets somebody.
greet() {
    say "hello, ${1:-stranger}"
}
