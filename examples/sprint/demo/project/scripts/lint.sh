# No trailing blanks.
set -eu
if grep -n ' $' lib/*.sh tests/*.sh; then
    echo 'trailing blanks' >&2
    exit 1
fi
echo "$(ls lib/*.sh tests/*.sh | wc -l) files checked"
