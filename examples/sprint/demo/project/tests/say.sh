check 'say frames its text' "$(say hi)" '[ hi ]'
