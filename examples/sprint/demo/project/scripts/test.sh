# Runs every test and reports in TAP.
count=0
failed=0
check() {
    count=$((count + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $count - $1"
    else
        echo "not ok $count - $1"
        echo "# got '$2', expected '$3'"
        failed=$((failed + 1))
    fi
}
for file in lib/*.sh; do . "./$file"; done
for file in tests/*.sh; do . "./$file"; done
echo "1..$count"
[ "$failed" -eq 0 ]
