package a
import (
	x "example.org/a/b" // y
	. `fmt`
)
import "a"
