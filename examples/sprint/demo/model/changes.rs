//! What the scripted model changes for each ticket.

/// The files it looks at before it changes anything.
pub(super) fn touched(ticket: &str) -> &'static [&'static str] {
    match ticket {
        "DEMO-1" => &["lib/slug.sh", "tests/slug.sh"],
        "DEMO-2" => &["lib/address.sh", "tests/address.sh"],
        "DEMO-3" => &["lib/farewell.sh", "tests/farewell.sh", "menu.txt"],
        "DEMO-4" | "DEMO-5" => &["hours.txt"],
        "DEMO-6" => &[
            "lib/say.sh",
            "lib/greet.sh",
            "tests/say.sh",
            "lib/farewell.sh",
        ],
        "DEMO-7" => &["lib/sort_menu.sh", "tests/sort_menu.sh"],
        _ => &[],
    }
}

/// The files as they are to be, from what they are now.
pub(super) fn made(
    ticket: &str,
    round: usize,
    now: impl Fn(&str) -> Option<String>,
) -> Vec<(&'static str, String)> {
    let mut files = Vec::new();
    let mut add = |path, text: &str| files.push((path, format!("{text}\n")));
    match ticket {
        "DEMO-1" => {
            add("lib/slug.sh", SLUG);
            // The first attempt tests nothing: it compares a constant with itself. That passes
            // without the change as well, which the engine tries.
            let tested = if round > 1 {
                "$(slug Opening Hours)"
            } else {
                "opening-hours"
            };
            let test = format!("check 'slug joins words' \"{tested}\" 'opening-hours'");
            add("tests/slug.sh", &test);
        }
        "DEMO-2" => {
            add("lib/address.sh", ADDRESS);
            add("tests/address.sh", TEST_ADDRESS);
        }
        "DEMO-3" => {
            add("lib/farewell.sh", FAREWELL);
            add("tests/farewell.sh", TEST_FAREWELL);
            let menu = now("menu.txt").unwrap_or_default();
            if !menu.contains("farewell") {
                files.push(("menu.txt", menu + "farewell      says goodbye\n"));
            }
        }
        // Each is right by itself, and both change the same line.
        "DEMO-4" => files.extend(longer(now("hours.txt"), "Sat")),
        "DEMO-5" => files.extend(longer(now("hours.txt"), "Sun")),
        "DEMO-6" => {
            let mut edit = |path, from: &str, to: &str| {
                let text = now(path).filter(|text| text.contains(from));
                files.extend(text.map(|text| (path, text.replace(from, to))));
            };
            // The first attempt forgets a caller and its test; the gate notices.
            edit("lib/say.sh", "say()", "speak()");
            if round > 1 {
                edit("lib/greet.sh", "    say ", "    speak ");
                edit("tests/say.sh", "say hi", "speak hi");
            }
            // DEMO-3 adds a caller that nobody here can know of. When the two turn out not to go
            // together, base with that caller has been merged into this branch, and it can be
            // mended.
            edit("lib/farewell.sh", "    say ", "    speak ");
        }
        "DEMO-7" => {
            // Goes round in circles: each attempt is another guess, none of them right.
            add(
                "lib/sort_menu.sh",
                &format!("sort_menu() {{ sort -k{round} menu.txt | head -n 1; }}"),
            );
            add("tests/sort_menu.sh", TEST_SORT_MENU);
        }
        _ => {}
    }
    files
}

/// A conflict whose sides both add to the end of a line: ours, and behind it what theirs adds.
pub(super) fn merged(text: &str) -> String {
    let (mut result, mut side, mut ours) = (String::new(), "", "");
    for line in text.lines() {
        if line.starts_with("<<<<<<< ") {
            side = "ours";
        } else if line.starts_with("||||||| ") {
            side = "ancestor";
        } else if line == "=======" && !side.is_empty() {
            side = "theirs";
        } else if line.starts_with(">>>>>>> ") {
            side = "";
        } else if side == "ours" {
            ours = line;
        } else if side == "theirs" {
            let added = line.rsplit_once(", ").map_or("", |(_, added)| added);
            result.extend([ours, ", ", added, "\n"]);
        } else if side.is_empty() {
            result.push_str(line);
            result.push('\n');
        }
    }
    result
}

/// The opening hours with one more day.
fn longer(hours: Option<String>, day: &str) -> Option<(&'static str, String)> {
    let hours = hours.filter(|hours| !hours.contains(day))?;
    let lines = hours.lines().map(|line| match line.starts_with("open ") {
        true => format!("{line}, {day}\n"),
        false => format!("{line}\n"),
    });
    Some(("hours.txt", lines.collect()))
}

const SLUG: &str = "# Makes a name that is safe in a URL.
slug() {
    printf '%s' \"$*\" | tr '[:upper:] ' '[:lower:]-'
}";

const ADDRESS: &str = "# Where a page lives.
address() {
    printf '/pages/%s' \"$(slug \"$@\")\"
}";

const TEST_ADDRESS: &str =
    "check 'address uses the slug' \"$(address Opening Hours)\" '/pages/opening-hours'";

const FAREWELL: &str = "# Says goodbye.
farewell() {
    say \"goodbye, ${1:-stranger}\"
}";

const TEST_FAREWELL: &str = "check 'farewell says goodbye' \"$(farewell Ada)\" '[ goodbye, Ada ]'";

const TEST_SORT_MENU: &str = "check 'the favourite comes first' \"$(sort_menu)\" 'unknown'";
