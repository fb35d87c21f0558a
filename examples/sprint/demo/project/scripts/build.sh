# Every script must parse.
set -eu
for file in lib/*.sh tests/*.sh; do
    sh -n "$file"
done
echo "$(ls lib/*.sh tests/*.sh | wc -l) files parsed"
