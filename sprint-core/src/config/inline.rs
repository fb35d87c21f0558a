//! The block with capital keys that people paste at the start of a sprint.

/// Turns a block into YAML, line for line, so that line numbers stay true.
///
/// The block may stand among other text, and pasting may have cost it its indentation. What
/// counts is a line that begins with a key in capitals; after a key without a value also lines
/// with a key in lower case (its parts) and list items. Every other line becomes empty.
pub(super) fn to_yaml(text: &str) -> String {
    let mut yaml = String::with_capacity(text.len());
    let mut state = State::Outside;
    for line in text.lines() {
        let content = line.trim();
        match (key(content), state) {
            (Some((Case::Capitals, value)), _) => {
                yaml.push_str(content);
                state = if value { State::Outside } else { State::Group };
            }
            (Some((Case::Small, value)), State::Group | State::Part | State::List) => {
                yaml.push_str("  ");
                yaml.push_str(content);
                state = if value { State::Part } else { State::List };
            }
            (None, State::Group | State::List) if content.starts_with("- ") => {
                yaml.push_str("    ");
                yaml.push_str(content);
            }
            (Some((Case::Small, _)) | None, _) => {}
        }
        yaml.push('\n');
    }
    yaml
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    /// After a complete setting, or before the first.
    Outside,
    /// After a key in capitals without a value.
    Group,
    /// After a part with a value.
    Part,
    /// After a part without a value: its items may follow.
    List,
}

enum Case {
    Capitals,
    Small,
}

/// Which kind of key the line begins with, and whether a value follows.
fn key(line: &str) -> Option<(Case, bool)> {
    let (name, value) = line.split_once(':')?;
    let value_follows = value.starts_with([' ', '\t']) || value.is_empty();
    let rest = value.trim();
    let has_value = !rest.is_empty() && !rest.starts_with('#');
    let head = name.split('.').next().unwrap_or(name);
    let of = |letters: fn(&u8) -> bool| {
        head.bytes().next().is_some_and(|b| letters(&b))
            && head
                .bytes()
                .all(|b| letters(&b) || b.is_ascii_digit() || b == b'_')
    };
    let tail_is_plain = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    if !value_follows || !tail_is_plain {
        None
    } else if of(u8::is_ascii_uppercase) {
        Some((Case::Capitals, has_value))
    } else if of(u8::is_ascii_lowercase) {
        Some((Case::Small, has_value))
    } else {
        None
    }
}
