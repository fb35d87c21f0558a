#!/bin/sh
. ./b.sh
source "$(dirname "$0")/../a/b.sh"
cat <<EOF
. no.sh
EOF
