//! Changes within one line. Code spans stay as they are.

/// One line of prose as it reads back.
pub(super) fn inline(line: &str) -> String {
    walk(line, true)
}

/// One line with addresses made links and nothing else changed.
pub(super) fn links_only(line: &str) -> String {
    walk(line, false)
}

fn walk(line: &str, prose: bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let piece = if prose { prose_piece(rest, &out) } else { None };
        let (written, used) = piece
            .or_else(|| linked(rest, &out))
            .unwrap_or_else(|| (first.to_string(), first.len_utf8()));
        out.push_str(&written);
        rest = &rest[used..];
    }
    out
}

/// What the beginning of the rest becomes, and how much of it that is.
fn prose_piece(rest: &str, before: &str) -> Option<(String, usize)> {
    code_span(rest)
        .or_else(|| escape(rest))
        .or_else(|| image(rest))
        .or_else(|| link(rest))
        .or_else(|| bracket(rest))
        .or_else(|| emphasis(rest, before))
        .or_else(|| rest.starts_with('~').then(|| ("\\~".to_owned(), 1)))
}

fn kept(rest: &str, used: usize) -> Option<(String, usize)> {
    Some((rest[..used].to_owned(), used))
}

fn code_span(rest: &str) -> Option<(String, usize)> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    if ticks == 0 {
        return None;
    }
    let mut at = ticks;
    while let Some(found) = rest[at..].find('`') {
        let start = at + found;
        let run = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        if run == ticks {
            return kept(rest, start + run);
        }
        at = start + run;
    }
    kept(rest, ticks)
}

fn escape(rest: &str) -> Option<(String, usize)> {
    let escaped = rest.strip_prefix('\\')?.chars().next()?;
    match escaped {
        '"' | '\'' => Some((escaped.to_string(), 1 + escaped.len_utf8())),
        c if c.is_ascii_punctuation() => kept(rest, 2),
        _ => None,
    }
}

/// The text and the address of `[text](address)`, and the length of the whole.
fn target(rest: &str) -> Option<(&str, &str, usize)> {
    let inner = rest.strip_prefix('[')?;
    let (text, after) = inner.split_once("](")?;
    if text.contains(['[', ']', '\n']) && !text.contains("\\[") {
        return None;
    }
    let (address, used) = match after.strip_prefix('<') {
        Some(angled) => angled
            .split_once(">)")
            .map(|(address, _)| (address, address.len() + 3))?,
        None => after
            .split_once(')')
            .map(|(address, _)| (address, address.len() + 1))?,
    };
    Some((text, address, 1 + text.len() + 2 + used))
}

fn image(rest: &str) -> Option<(String, usize)> {
    let (text, address, used) = target(rest.strip_prefix('!')?)?;
    let copy = if address.starts_with("https://uploads.linear.app/") {
        address.to_owned()
    } else {
        format!(
            "https://uploads.linear.app/local/images/{:016x}",
            crate::ids::shuffle_key(0, address)
        )
    };
    Some((format!("![{text}](<{copy}>)"), used + 1))
}

fn link(rest: &str) -> Option<(String, usize)> {
    let (text, address, used) = target(rest)?;
    Some((format!("[{text}](<{address}>)"), used))
}

fn bracket(rest: &str) -> Option<(String, usize)> {
    match rest.chars().next()? {
        '[' => Some(("\\[".to_owned(), 1)),
        ']' => Some(("\\]".to_owned(), 1)),
        _ => None,
    }
}

fn emphasis(rest: &str, before: &str) -> Option<(String, usize)> {
    let inner = rest.strip_prefix('_')?;
    let (word, after) = inner.split_once('_')?;
    let free =
        !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
    let word_like =
        !word.is_empty() && !word.starts_with(' ') && !word.ends_with(' ') && !word.contains('`');
    (free && word_like).then(|| (format!("*{}*", inline(word)), word.len() + 2))
}

/// A bare address at the beginning of the rest becomes a link.
fn linked(rest: &str, before: &str) -> Option<(String, usize)> {
    if before.ends_with(|c: char| {
        c.is_alphanumeric() || matches!(c, '@' | '.' | '/' | '<' | '-' | '_' | ':')
    }) {
        return None;
    }
    let end = rest.find(|c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '`' | '"' | '\\')
    });
    let word = rest[..end.unwrap_or(rest.len())]
        .trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '\'']);
    let address = if word.starts_with("https://") && word.len() > 8
        || word.starts_with("http://") && word.len() > 7
    {
        word.to_owned()
    } else if is_mail(word) {
        format!("mailto:{word}")
    } else if is_domain(word) {
        format!("http://{word}")
    } else {
        return None;
    };
    Some((format!("[{word}](<{address}>)"), word.len()))
}

fn is_mail(word: &str) -> bool {
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    word.split_once('@')
        .is_some_and(|(who, host)| !who.is_empty() && who.chars().all(name) && is_domain(host))
}

fn is_domain(word: &str) -> bool {
    let tops = [
        "com", "org", "net", "io", "dev", "app", "live", "ai", "co", "sh", "rs", "md", "py", "is",
        "me", "to",
    ];
    let host = word.split('/').next().unwrap_or_default();
    let part = |p: &str| !p.is_empty() && p.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    host.rsplit_once('.')
        .is_some_and(|(name, top)| tops.contains(&top) && name.split('.').all(part))
}
