#!/bin/sh
# An agent made of a shell script, in the place of a coding agent.
#
# It is an ordinary command agent: the task comes as JSON on standard input and, in the parts a
# script needs, as environment variables; the answer is the last line of standard output. What it
# "implements" is written down below, one case per ticket, mistakes included.
set -u
cat > /dev/null

worker() {
    case "$SPRINT_TICKET" in
    DEMO-1)
        cat > lib/slug.sh <<'CODE'
# Makes a name that is safe in a URL.
slug() {
    printf '%s' "$*" | tr '[:upper:] ' '[:lower:]-'
}
CODE
        # The first attempt tests nothing: it compares a constant with itself. That passes without
        # the change as well, which the engine tries.
        tested="opening-hours"
        [ "$SPRINT_ATTEMPT" -gt 1 ] && tested="\$(slug Opening Hours)"
        echo "check 'slug joins words' \"$tested\" 'opening-hours'" > tests/slug.sh
        ;;
    DEMO-2)
        cat > lib/address.sh <<'CODE'
# Where a page lives.
address() {
    printf '/pages/%s' "$(slug "$@")"
}
CODE
        echo "check 'address uses the slug' \"\$(address Opening Hours)\" '/pages/opening-hours'" > tests/address.sh
        ;;
    DEMO-3)
        cat > lib/farewell.sh <<'CODE'
# Says goodbye.
farewell() {
    say "goodbye, ${1:-stranger}"
}
CODE
        echo "check 'farewell says goodbye' \"\$(farewell Ada)\" '[ goodbye, Ada ]'" > tests/farewell.sh
        grep -q '^farewell' menu.txt || echo 'farewell      says goodbye' >> menu.txt
        ;;
    # Each is right by itself, and both change the same line. An earlier run of this agent may have
    # been interrupted here: look before adding.
    DEMO-4) grep -q Sat hours.txt || edit hours.txt 's/^open .*/&, Sat/' ;;
    DEMO-5) grep -q Sun hours.txt || edit hours.txt 's/^open .*/&, Sun/' ;;
    DEMO-6)
        # The first attempt forgets a caller and its test; the gate notices.
        edit lib/say.sh 's/^say()/speak()/'
        if [ "$SPRINT_ATTEMPT" -gt 1 ]; then
            edit lib/greet.sh 's/^    say /    speak /'
            edit tests/say.sh 's/say hi/speak hi/'
        fi
        # DEMO-3 adds a caller that nobody here can know of. When the two turn out not to go
        # together, base with that caller has been merged into this branch, and it can be mended.
        if [ -f lib/farewell.sh ]; then
            edit lib/farewell.sh 's/^    say /    speak /'
        fi
        ;;
    DEMO-7)
        # Goes round in circles: each attempt is another guess, none of them right.
        echo "sort_menu() { sort -k$SPRINT_ATTEMPT menu.txt | head -n 1; }" > lib/sort_menu.sh
        echo "check 'the favourite comes first' \"\$(sort_menu)\" 'unknown'" > tests/sort_menu.sh
        ;;
    *) echo "no idea how to do $SPRINT_TICKET" >&2; exit 1 ;;
    esac

    git add -A
    git commit -q -m "feat: $SPRINT_TICKET" || true
    build=$(run build) lint=$(run lint) test=$(run test)
    # On its first try at DEMO-6 this agent claims success without having looked. The engine does
    # not take its word for it: it runs the gate itself.
    [ "$SPRINT_TICKET/$SPRINT_ATTEMPT" = DEMO-6/1 ] && test='{"exit_code":0}'
    printf '{"ticket_id":"%s","branch":"%s","status":"SUCCESS","commit_hash":"%s",' \
        "$SPRINT_TICKET" "$SPRINT_BRANCH" "$(git rev-parse HEAD)"
    printf '"evidence":{"preflight_ran":true,"build":%s,"lint":%s,"test":%s},' "$build" "$lint" "$test"
    printf '"learnings_added":["tests print TAP, one line per check"]}\n'
}

# Runs one gate script and prints what a worker claims about it.
run() {
    output=$(sh "scripts/$1.sh" 2>&1)
    code=$?
    passed=$(printf '%s\n' "$output" | grep -c '^ok ')
    failed=$(printf '%s\n' "$output" | grep -c '^not ok ')
    printf '{"exit_code":%s,"passed":%s,"failed":%s}' "$code" "$passed" "$failed"
}

edit() {
    sed "$2" "$1" > "$1.new" && mv "$1.new" "$1"
}

# Resolves a conflict. In this project lists grow at the end of a line, so both sides of a conflict
# are kept by taking our line, and behind it what their line adds.
conflict() {
    git grep -l '^<<<<<<< ' | while IFS= read -r file; do
        awk '
            /^<<<<<<< /        { side = "ours"; next }
            /^\|\|\|\|\|\|\| / { side = "ancestor"; next }
            /^=======$/ && side { side = "theirs"; next }
            /^>>>>>>> /        { sub(/.*, /, ", ", theirs); print ours theirs; side = ""; next }
            side == "ours"     { ours = $0 }
            side == "theirs"   { theirs = $0 }
            !side              { print }
        ' "$file" > "$file.new" && mv "$file.new" "$file"
    done
    git commit -q -a -m "merge: $SPRINT_TICKET with what is there already" || true
    printf '{"ticket_id":"%s","acceptance_preserved":true,"waivers":[],' "$SPRINT_TICKET"
    printf '"summary":"Both sides add to the same list; it has the entries of both."}\n'
}

row() {
    printf '{"requirements":[{"requirement":"%s","met":true,"place":"%s"}]}\n' "$1" "$2"
}

completion() {
    case "$SPRINT_TICKET" in
    DEMO-1) row 'slug lower-cases a title and joins its words with hyphens' lib/slug.sh:2 ;;
    DEMO-2) row 'address puts a slug behind /pages/' lib/address.sh:2 ;;
    DEMO-3) row 'farewell says goodbye' lib/farewell.sh:2 ;;
    DEMO-4) row 'hours.txt says that it is open on Saturdays' hours.txt:2 ;;
    DEMO-5) row 'hours.txt says that it is open on Sundays' hours.txt:2 ;;
    DEMO-6) row 'no function is called say' lib/say.sh:2 ;;
    *) row 'nothing' nowhere ;;
    esac
}

case "$SPRINT_ROLE" in
context) printf '{"report":"lib/ holds functions, tests/ holds one file per function."}\n' ;;
worker) worker ;;
simplifier) printf '{"changes_made":[]}\n' ;;
review) printf '{"findings":[],"summary":"Small and to the point; tests cover the new behaviour."}\n' ;;
completion) completion ;;
conflict) conflict ;;
*) echo "unknown role $SPRINT_ROLE" >&2; exit 1 ;;
esac
