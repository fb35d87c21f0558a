check 'greets by name' "$(greet Ada)" '[ hello, Ada ]'
check 'greets strangers' "$(greet)" '[ hello, stranger ]'
