//! Sources without their comments and strings, byte for byte as long as they were.
//!
//! What a rule looks for must stand in code: a comment or a string that speaks of it is no use
//! of it. The masks keep every offset and every line, so that a place found in one can be read
//! in another.

#[cfg(test)]
mod tests;

use crate::domain::path::RepoPath;

/// A language whose sources are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    /// JavaScript and TypeScript.
    Script,
    Rust,
    Python,
    Go,
    /// POSIX shell, bash and bats.
    Shell,
    /// Java and Kotlin.
    Jvm,
    Ruby,
    Php,
}

/// File-name endings of each language.
#[rustfmt::skip]
const EXTENSIONS: &[(Language, &[&str])] = &[
    (Language::Script, &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"]),
    (Language::Rust, &["rs"]),
    (Language::Python, &["py", "pyi"]),
    (Language::Go, &["go"]),
    (Language::Shell, &["sh", "bash", "bats"]),
    (Language::Jvm, &["java", "kt", "kts"]),
    (Language::Ruby, &["rb"]),
    (Language::Php, &["php"]),
];

impl Language {
    /// By the ending of the file name.
    pub(crate) fn of(path: &RepoPath) -> Option<Self> {
        let (_, extension) = path.file_name().rsplit_once('.')?;
        let mut table = EXTENSIONS.iter();
        let (language, _) = table.find(|(_, endings)| endings.contains(&extension))?;
        Some(*language)
    }

    /// What begins a comment that ends with its line.
    const fn line_comments(self) -> &'static [&'static str] {
        match self {
            Self::Script | Self::Rust | Self::Go | Self::Jvm => &["//"],
            Self::Python | Self::Shell | Self::Ruby => &["#"],
            Self::Php => &["//", "#"],
        }
    }

    /// Whether `/* */` is a comment.
    const fn block_comments(self) -> bool {
        match self {
            Self::Script | Self::Rust | Self::Go | Self::Jvm | Self::Php => true,
            Self::Python | Self::Shell | Self::Ruby => false,
        }
    }

    /// The kinds of string, those that begin alike with the longest first.
    const fn quotes(self) -> &'static [Quote] {
        const DOUBLE: Quote = Quote::new("\"");
        const SINGLE: Quote = Quote::new("'");
        const BLOCK: Quote = Quote::new("\"\"\"").many_lines();
        const BLOCK_SINGLE: Quote = Quote::new("'''").many_lines();
        const RAW: Quote = Quote::new("`").many_lines().raw();
        const DOUBLE_LINES: Quote = DOUBLE.many_lines();
        const SINGLE_LINES: Quote = SINGLE.many_lines();
        const SINGLE_RAW: Quote = SINGLE_LINES.raw();
        match self {
            Self::Script => &[DOUBLE, SINGLE],
            Self::Rust => &[DOUBLE_LINES],
            Self::Python => &[BLOCK, BLOCK_SINGLE, DOUBLE, SINGLE],
            Self::Go => &[DOUBLE, SINGLE, RAW],
            Self::Shell => &[DOUBLE_LINES, SINGLE_RAW],
            Self::Jvm => &[BLOCK, DOUBLE, SINGLE],
            Self::Ruby | Self::Php => &[DOUBLE_LINES, SINGLE_LINES],
        }
    }
}

/// One kind of string.
#[derive(Clone, Copy)]
struct Quote {
    mark: &'static str,
    many_lines: bool,
    escapes: bool,
}

impl Quote {
    const fn new(mark: &'static str) -> Self {
        Self {
            mark,
            many_lines: false,
            escapes: true,
        }
    }

    const fn many_lines(mut self) -> Self {
        self.many_lines = true;
        self
    }

    const fn raw(mut self) -> Self {
        self.escapes = false;
        self
    }
}

/// A source and its masks.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// As it is.
    pub(crate) text: &'a str,
    /// With comments and the insides of strings blanked.
    pub(crate) code: String,
    /// With comments blanked.
    pub(crate) plain: String,
    /// Where lines begin.
    lines: Vec<usize>,
    /// Brackets and what closes them, by where they open.
    pairs: Vec<(usize, usize)>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str, language: Language) -> Self {
        let mut masks = Masks::default();
        masks.fill(text, language);
        let line_starts = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            text,
            lines: std::iter::once(0).chain(line_starts).collect(),
            pairs: pairs(&masks.code),
            code: masks.code,
            plain: masks.plain,
        }
    }

    /// The number of the line that holds this offset, from 1.
    pub(crate) fn line_of(&self, at: usize) -> u32 {
        let number = self.lines.partition_point(|start| *start <= at);
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Where the line that holds this offset begins.
    pub(crate) fn line_start(&self, at: usize) -> usize {
        let number = self.lines.partition_point(|start| *start <= at);
        self.lines
            .get(number.saturating_sub(1))
            .copied()
            .unwrap_or(0)
    }

    /// Where the line that holds this offset ends, before its newline.
    pub(crate) fn line_end(&self, at: usize) -> usize {
        let number = self.lines.partition_point(|start| *start <= at);
        let next = self.lines.get(number).map(|start| start - 1);
        next.unwrap_or(self.text.len())
    }

    /// The range of a line by its number, from 1.
    pub(crate) fn line(&self, number: u32) -> Option<std::ops::Range<usize>> {
        let start = *self
            .lines
            .get(usize::try_from(number).ok()?.checked_sub(1)?)?;
        Some(start..self.line_end(start))
    }

    /// The lines of code, with where they begin.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines
            .iter()
            .map(|start| (*start, &self.code[*start..self.line_end(*start)]))
    }

    /// Where the bracket that opens here is closed; the end of the text if nowhere, and `None` if
    /// none opens here.
    pub(crate) fn closing(&self, open: usize) -> Option<usize> {
        let at = self.pairs.binary_search_by_key(&open, |pair| pair.0).ok()?;
        Some(self.pairs[at].1)
    }

    /// Where the code goes on after the bracket that opens here; never past the end of the text,
    /// which [`closing`](Self::closing) is for a bracket that stays open.
    pub(crate) fn past(&self, open: usize) -> Option<usize> {
        let close = self.closing(open)?;
        Some((close + 1).min(self.code.len()))
    }

    /// The first character of code from `at` on that is no space, and where it is.
    pub(crate) fn next_mark(&self, at: usize) -> Option<(usize, char)> {
        let rest = self.code.get(at..)?;
        let (offset, c) = rest.char_indices().find(|(_, c)| !c.is_whitespace())?;
        Some((at + offset, c))
    }

    /// The last word of code before `at`, if nothing but space lies between.
    pub(crate) fn word_before(&self, at: usize) -> &str {
        let before = self.code[..at].trim_end();
        let start = before
            .char_indices()
            .rev()
            .find(|(_, c)| !is_word(*c))
            .map_or(0, |(at, c)| at + c.len_utf8());
        &before[start..]
    }

    /// The word of code at `at`; empty if none is there.
    pub(crate) fn word_at(&self, at: usize) -> &str {
        let rest = self.code.get(at..).unwrap_or_default();
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        &rest[..length]
    }

    /// The words of the code, with where they begin.
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        words(&self.code)
    }
}

/// Whether names are made of it.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The words of a text, with where they begin.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_word)?;
        let end = text[start..]
            .find(|c| !is_word(c))
            .map_or(text.len(), |n| start + n);
        at = end;
        Some((start, &text[start..end]))
    })
}

/// Every bracket with the one that closes it. One that closes nothing is passed over; one that
/// stays open ends with what is around it.
fn pairs(code: &str) -> Vec<(usize, usize)> {
    let mut open: Vec<(usize, u8)> = Vec::new();
    let mut pairs = Vec::new();
    for (at, byte) in code.bytes().enumerate() {
        let opener = match byte {
            b'(' | b'[' | b'{' => {
                open.push((at, byte));
                continue;
            }
            b')' => b'(',
            b']' => b'[',
            b'}' => b'{',
            _ => continue,
        };
        // A bracket of another kind that was never closed does not hide the one that was.
        let near = open
            .iter()
            .rev()
            .take(64)
            .position(|(_, byte)| *byte == opener);
        if let Some(depth) = near {
            let inner = open.split_off(open.len() - depth);
            pairs.extend(inner.into_iter().map(|(start, _)| (start, at)));
            if let Some((start, _)) = open.pop() {
                pairs.push((start, at));
            }
        }
    }
    pairs.extend(open.into_iter().map(|(start, _)| (start, code.len())));
    pairs.sort_unstable();
    pairs
}

#[derive(Default)]
struct Masks {
    code: String,
    plain: String,
    /// What ends the here-documents that begin on the next line.
    documents: Vec<String>,
}

impl Masks {
    fn fill(&mut self, text: &str, language: Language) {
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            if c == '\n' && !self.documents.is_empty() {
                at += self.document(rest);
            } else if let Some(length) = comment(text, at, language) {
                self.comment(&rest[..length]);
                at += length;
            } else if let Some(string) = string(&self.code, rest, c, language) {
                self.string(rest, string);
                at += string.length;
            } else {
                self.documents.extend(here_document(rest, c, language));
                self.both(c);
                at += c.len_utf8();
                // A word is taken whole, or its middle could look like the start of a string.
                if is_word(c) && language != Language::Rust {
                    for c in text[at..].chars().take_while(|c| is_word(*c)) {
                        self.both(c);
                        at += c.len_utf8();
                    }
                }
            }
        }
    }

    fn both(&mut self, c: char) {
        self.code.push(c);
        self.plain.push(c);
    }

    fn comment(&mut self, text: &str) {
        blank(&mut self.code, text);
        blank(&mut self.plain, text);
    }

    fn string(&mut self, rest: &str, string: Literal) {
        let Literal {
            open,
            close,
            length,
        } = string;
        self.plain.push_str(&rest[..length]);
        self.code.push_str(&rest[..open]);
        blank(&mut self.code, &rest[open..close]);
        self.code.push_str(&rest[close..length]);
    }

    /// The here-document that begins after this newline, without the line that ends it.
    fn document(&mut self, rest: &str) -> usize {
        let name = self.documents.remove(0);
        self.both('\n');
        let mut length = 1;
        for line in rest[1..].split_inclusive('\n') {
            // Other marks than letters may follow in PHP.
            let ends = line.trim().strip_prefix(name.as_str());
            if ends.is_some_and(|more| !more.starts_with(is_word)) {
                break;
            }
            self.plain.push_str(line);
            blank(&mut self.code, line);
            length += line.len();
        }
        length
    }
}

/// As many spaces as the text has bytes, and its newlines.
fn blank(mask: &mut String, text: &str) {
    mask.extend(text.bytes().map(|byte| match byte {
        b'\n' => '\n',
        _ => ' ',
    }));
}

/// The length of the comment that begins here.
fn comment(text: &str, at: usize, language: Language) -> Option<usize> {
    let rest = &text[at..];
    let before = text[..at].chars().next_back();
    let begins = |mark: &&&str| rest.starts_with(**mark);
    if let Some(mark) = language.line_comments().iter().find(begins) {
        let attribute = language == Language::Php && rest.starts_with("#[");
        // `$#` and `a#b` of a shell are no comments.
        let in_word = *mark == "#"
            && language == Language::Shell
            && before.is_some_and(|c| !c.is_whitespace() && !matches!(c, ';' | '(' | '&' | '|'));
        if !attribute && !in_word {
            return Some(rest.find('\n').unwrap_or(rest.len()));
        }
    }
    if language.block_comments() && rest.starts_with("/*") {
        return Some(match language {
            Language::Rust => nested(rest),
            Language::Script
            | Language::Python
            | Language::Go
            | Language::Shell
            | Language::Jvm
            | Language::Ruby
            | Language::Php => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
        });
    }
    let starts_line = before.is_none_or(|c| c == '\n');
    if language == Language::Ruby && starts_line && rest.starts_with("=begin") {
        let end = rest.find("\n=end").map_or(rest.len(), |end| end + 5);
        return Some(end);
    }
    None
}

/// The length of a comment that may hold others.
fn nested(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = rest[at..].find(['/', '*']) {
        at += found;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Where a string's inside begins and ends, and its whole length.
#[derive(Clone, Copy)]
struct Literal {
    open: usize,
    close: usize,
    length: usize,
}

/// The string, or regular expression, that begins here. `before` is the code so far.
fn string(before: &str, rest: &str, c: char, language: Language) -> Option<Literal> {
    match (language, c) {
        (Language::Rust, 'r' | 'b') => return rust_string(before, rest),
        (Language::Rust, '\'') => return rust_char(rest),
        (Language::Script, '`') => {
            let length = template(rest, 0);
            let closed = length > 1 && rest[..length].ends_with('`');
            let close = length - usize::from(closed);
            return Some(Literal {
                open: 1,
                close,
                length,
            });
        }
        (Language::Script | Language::Ruby, '/') => return regex(before, rest),
        // An escaped quote outside of strings.
        (Language::Shell, '\\') => {
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            return Some(Literal {
                open: length,
                close: length,
                length,
            });
        }
        _ => {}
    }
    let begins = |quote: &&Quote| rest.starts_with(quote.mark);
    let quote = language.quotes().iter().find(begins)?;
    Some(quoted(rest, *quote))
}

/// A string that is not closed ends with its line, or with the text if it may go on.
fn quoted(rest: &str, quote: Quote) -> Literal {
    let open = quote.mark.len();
    let mut escaped = false;
    for (offset, c) in rest[open..].char_indices() {
        let at = open + offset;
        if escaped {
            escaped = false;
        } else if quote.escapes && c == '\\' {
            escaped = true;
        } else if rest[at..].starts_with(quote.mark) {
            let length = at + quote.mark.len();
            return Literal {
                open,
                close: at,
                length,
            };
        } else if c == '\n' && !quote.many_lines {
            return Literal {
                open,
                close: at,
                length: at,
            };
        }
    }
    let length = rest.len();
    Literal {
        open,
        close: length,
        length,
    }
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`.
fn rust_string(before: &str, rest: &str) -> Option<Literal> {
    if before.ends_with(is_word) {
        return None;
    }
    let raw = rest.trim_start_matches('b');
    let skipped = rest.len() - raw.len();
    let Some(hashed) = raw.strip_prefix('r') else {
        let literal = raw
            .starts_with('"')
            .then(|| quoted(raw, Quote::new("\"").many_lines()))?;
        return Some(literal.after(skipped));
    };
    let hashes = hashed.bytes().take_while(|b| *b == b'#').count();
    if !hashed[hashes..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let open = skipped + 1 + hashes + 1;
    let at = rest[open..].find(&close).map_or(rest.len(), |at| open + at);
    Some(Literal {
        open,
        close: at,
        length: (at + close.len()).min(rest.len()),
    })
}

impl Literal {
    const fn after(self, skipped: usize) -> Self {
        Self {
            open: self.open + skipped,
            close: self.close + skipped,
            length: self.length + skipped,
        }
    }
}

/// A character, unless it is a lifetime.
fn rust_char(rest: &str) -> Option<Literal> {
    let mut chars = rest[1..].chars();
    let escaped = chars.next() == Some('\\');
    (escaped || chars.next() == Some('\'')).then(|| quoted(rest, Quote::new("'")))
}

/// The length of a template, whose `${…}` may hold templates.
fn template(rest: &str, depth: usize) -> usize {
    /// Nobody nests deeper, and recursion has to end.
    const DEEPEST: usize = 16;
    let bytes = rest.as_bytes();
    let (mut at, mut braces) = (1, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'`' if braces == 0 => return at + 1,
            b'`' if depth == DEEPEST => return rest.len(),
            b'`' => at += template(&rest[at..], depth + 1) - 1,
            b'$' if braces == 0 && bytes.get(at + 1) == Some(&b'{') => {
                braces = 1;
                at += 1;
            }
            b'{' if braces > 0 => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    rest.len()
}

/// A regular expression, where the code before leaves no room for a division.
fn regex(before: &str, rest: &str) -> Option<Literal> {
    /// A division has something on its left.
    const AFTER: &[char] = &['(', ',', '=', ':', '[', '!', '&', '|', '?', '{', ';', '~'];
    const WORDS: &[&str] = &[
        "return", "typeof", "case", "in", "of", "when", "if", "unless",
    ];
    let trimmed = before.trim_end_matches(' ');
    let word = words_end(trimmed);
    let starts = trimmed.is_empty() || trimmed.ends_with(['\n']) || trimmed.ends_with(AFTER);
    if !starts && !WORDS.contains(&word) {
        return None;
    }
    let line = rest.split('\n').next().unwrap_or_default();
    let (mut escaped, mut class) = (false, false);
    for (at, c) in line.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => {
                return Some(Literal {
                    open: 1,
                    close: at,
                    length: at + 1,
                });
            }
            _ => {}
        }
    }
    None
}

/// The word that a text ends with.
fn words_end(text: &str) -> &str {
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_word(*c))
        .last()
        .map_or(text.len(), |(at, _)| at);
    &text[start..]
}

/// The name that will end the here-document that is announced here.
fn here_document(rest: &str, c: char, language: Language) -> Option<String> {
    if c != '<' {
        return None;
    }
    let name = match language {
        Language::Php => rest.strip_prefix("<<<")?.trim_start(),
        Language::Shell if rest.starts_with("<<<") => return None,
        Language::Shell => rest
            .strip_prefix("<<")?
            .trim_start_matches('-')
            .trim_start(),
        Language::Ruby => rest.strip_prefix("<<")?.trim_start_matches(['~', '-']),
        Language::Script | Language::Rust | Language::Python | Language::Go | Language::Jvm => {
            return None;
        }
    };
    let name = name.trim_start_matches(['\'', '"', '\\']);
    let length = name.find(|c| !is_word(c)).unwrap_or(name.len());
    let name = &name[..length];
    // `a <<b` of Ruby appends; people write the names of documents in capitals.
    let telling = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && (language != Language::Ruby || !name.contains(char::is_lowercase));
    telling.then(|| name.to_owned())
}
