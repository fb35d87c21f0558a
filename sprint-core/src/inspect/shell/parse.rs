//! Shell text as commands and what joins them; enough of the grammar to follow exit statuses.

/// Commands one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(super) items: Vec<Item>,
}

/// Pipelines joined by `&&` and `||`, and whether the next one waits for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Join, Pipeline)>,
    pub(super) background: bool,
    /// As it is written.
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) inverted: bool,
    pub(super) commands: Vec<Command>,
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Its words without their quotes, after the variables that are set for it.
    Simple {
        set: Vec<String>,
        words: Vec<String>,
    },
    /// `( … )`, whose `exit` ends only it.
    Subshell(List),
    /// `{ …; }`
    Group(List),
    /// `if`: conditions with what follows each, and the `else`.
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `for`, `while`, `until`.
    Loop(List),
    /// `case`, a function, or what is not understood.
    Other,
}

/// Nobody nests deeper, and recursion has to end.
const DEEPEST: usize = 24;

/// Reads a text; what is odd in it becomes [`Command::Other`].
pub(super) fn parse(text: &str) -> List {
    let tokens = tokens(text);
    let mut parser = Parser {
        tokens: &tokens,
        text,
        at: 0,
        depth: 0,
    };
    let mut list = List::default();
    while parser.at < tokens.len() {
        list.items.extend(parser.list(&[]).items);
        // A closing word that nothing opened.
        parser.at += 1;
    }
    list
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A word: without quotes, and whether any part of it was quoted.
    Word(String, bool),
    /// `&&`, `||`, `|`, `;`, `&`, `(`, `)`, a newline.
    Operator(&'static str),
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

fn tokens(text: &str) -> Vec<Token> {
    const OPERATORS: &[&str] = &["&&", "||", ";;", "|&", "|", ";", "&", "(", ")", "\n"];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("\\\n") {
            at += 2;
        } else if c == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if let Some(operator) = OPERATORS.iter().find(|o| rest.starts_with(**o)) {
            tokens.push(Token {
                kind: Kind::Operator(operator),
                start: at,
                end: at + operator.len(),
            });
            at += operator.len();
        } else if c.is_whitespace() {
            at += c.len_utf8();
        } else if matches!(c, '<' | '>') || redirects(rest) {
            at = redirection(text, at);
        } else {
            let (word, quoted, end) = word(text, at);
            tokens.push(Token {
                kind: Kind::Word(word, quoted),
                start: at,
                end,
            });
            at = end;
        }
    }
    tokens
}

/// `2>`, `&>`.
fn redirects(rest: &str) -> bool {
    let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    digits.len() < rest.len() && digits.starts_with(['<', '>'])
}

/// Past a redirection and what it goes to.
fn redirection(text: &str, at: usize) -> usize {
    let mut at = at;
    let operator = |c: char| c.is_ascii_digit() || matches!(c, '<' | '>' | '&' | '|' | '-');
    at += text[at..].find(|c| !operator(c)).unwrap_or(text.len() - at);
    // `2>&1` is whole by now; `> file` is not.
    if text[..at].ends_with(['>', '<', '|']) || text[..at].ends_with("&") {
        at += text[at..].find(|c| c != ' ').unwrap_or(text.len() - at);
        if !text[at..].starts_with(['\n', ';', '(', ')', '|', '&']) && at < text.len() {
            at = word(text, at).2;
        }
    }
    at
}

/// A word, whether it was quoted, and where it ends; at least one character long.
fn word(text: &str, start: usize) -> (String, bool, usize) {
    let (mut word, mut quoted) = (String::new(), false);
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        match c {
            '\'' => {
                let end = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
                word.push_str(rest[1..end].trim_end_matches('\''));
                (quoted, at) = (true, at + end);
            }
            '"' => {
                let end = double_quoted(rest, &mut word);
                (quoted, at) = (true, at + end);
            }
            '\\' => {
                let next = rest[1..].chars().next();
                word.extend(next.filter(|c| *c != '\n'));
                at += 1 + next.map_or(0, char::len_utf8);
            }
            '$' if rest.starts_with("$(") || rest.starts_with("${") => {
                let end = balanced(rest);
                word.push_str(&rest[..end]);
                at += end;
            }
            '`' => {
                let end = rest[1..].find('`').map_or(rest.len(), |end| end + 2);
                word.push_str(&rest[..end]);
                at += end;
            }
            c if c.is_whitespace() || matches!(c, ';' | '|' | '(' | ')' | '<' | '>') => break,
            '&' => break,
            c => {
                word.push(c);
                at += c.len_utf8();
            }
        }
    }
    if at == start {
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    (word, quoted, at)
}

/// The length of a double-quoted string, whose inside is added to `word`.
fn double_quoted(rest: &str, word: &mut String) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => {
                word.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return at + 1,
            c => word.push(c),
        }
    }
    rest.len()
}

/// The length of `$( … )` or `${ … }`.
fn balanced(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    rest.len()
}

struct Parser<'t> {
    tokens: &'t [Token],
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn word(&self) -> Option<&str> {
        match &self.tokens.get(self.at)?.kind {
            // A quoted word is no keyword.
            Kind::Word(word, false) => Some(word),
            Kind::Word(..) | Kind::Operator(_) => None,
        }
    }

    fn operator(&self) -> Option<&'static str> {
        match self.tokens.get(self.at)?.kind {
            Kind::Operator(operator) => Some(operator),
            Kind::Word(..) => None,
        }
    }

    fn text(&self, from: usize) -> String {
        let start = self.tokens.get(from).map_or(0, |token| token.start);
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(start, |token| token.end);
        self.text
            .get(start..end.max(start))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    /// Commands up to one of these words, or a closing bracket.
    fn list(&mut self, stops: &[&str]) -> List {
        let mut list = List::default();
        loop {
            while matches!(self.operator(), Some(";" | "\n" | "&" | ";;")) {
                self.at += 1;
            }
            let stopped = self.word().is_some_and(|word| stops.contains(&word));
            if self.at >= self.tokens.len() || stopped || self.operator() == Some(")") {
                return list;
            }
            let from = self.at;
            let item = self.item();
            // Progress, whatever the text.
            if self.at == from {
                self.at += 1;
            }
            list.items.push(item);
        }
    }

    fn item(&mut self) -> Item {
        let from = self.at;
        let first = self.pipeline();
        let mut rest = Vec::new();
        loop {
            let join = match self.operator() {
                Some("&&") => Join::And,
                Some("||") => Join::Or,
                _ => break,
            };
            self.at += 1;
            while self.operator() == Some("\n") {
                self.at += 1;
            }
            rest.push((join, self.pipeline()));
        }
        let text = self.text(from);
        let background = self.operator() == Some("&");
        Item {
            first,
            rest,
            background,
            text,
        }
    }

    fn pipeline(&mut self) -> Pipeline {
        let from = self.at;
        let inverted = self.word() == Some("!");
        self.at += usize::from(inverted);
        let mut commands = vec![self.command()];
        while matches!(self.operator(), Some("|" | "|&")) {
            self.at += 1;
            while self.operator() == Some("\n") {
                self.at += 1;
            }
            commands.push(self.command());
        }
        Pipeline {
            inverted,
            commands,
            text: self.text(from),
        }
    }

    fn command(&mut self) -> Command {
        if self.depth >= DEEPEST {
            self.at = self.tokens.len();
            return Command::Other;
        }
        self.depth += 1;
        let command = self.nested_command();
        self.depth -= 1;
        command
    }

    fn nested_command(&mut self) -> Command {
        if self.operator() == Some("(") {
            self.at += 1;
            let list = self.list(&[]);
            self.at += usize::from(self.operator() == Some(")"));
            return Command::Subshell(list);
        }
        match self.word() {
            Some("{") => {
                self.at += 1;
                let list = self.list(&["}"]);
                self.at += 1;
                Command::Group(list)
            }
            Some("if") => self.conditional(),
            Some("for" | "while" | "until" | "select") => {
                while self.at < self.tokens.len() && self.word() != Some("do") {
                    self.at += 1;
                }
                self.at += 1;
                let body = self.list(&["done"]);
                self.at += 1;
                Command::Loop(body)
            }
            Some("case") => {
                while self.at < self.tokens.len() && self.word() != Some("esac") {
                    self.at += 1;
                }
                self.at += 1;
                Command::Other
            }
            _ => self.simple(),
        }
    }

    fn conditional(&mut self) -> Command {
        let (mut branches, mut otherwise) = (Vec::new(), None);
        loop {
            match self.word() {
                Some("if" | "elif") => {
                    self.at += 1;
                    let condition = self.list(&["then", "fi"]);
                    self.at += 1;
                    branches.push((condition, self.list(&["elif", "else", "fi"])));
                }
                Some("else") => {
                    self.at += 1;
                    otherwise = Some(self.list(&["fi"]));
                }
                _ => {
                    self.at += 1;
                    return Command::If {
                        branches,
                        otherwise,
                    };
                }
            }
        }
    }

    fn simple(&mut self) -> Command {
        let mut words: Vec<String> = Vec::new();
        let mut set = Vec::new();
        while let Some(Token {
            kind: Kind::Word(word, quoted),
            ..
        }) = self.tokens.get(self.at)
        {
            let assigns = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
            });
            if words.is_empty() && assigns && !(*quoted && word.starts_with(['"', '\''])) {
                set.push(word.clone());
            } else {
                words.push(word.clone());
            }
            self.at += 1;
        }
        // A function.
        if self.operator() == Some("(") {
            while matches!(self.operator(), Some("(" | ")")) {
                self.at += 1;
            }
            self.command();
            return Command::Other;
        }
        Command::Simple { set, words }
    }
}
