# Prints its arguments in a frame.
say() {
    printf '[ %s ]\n' "$*"
}
