//! What a source file imports from its own repository.
//!
//! Reads JavaScript and TypeScript, Python, Rust and Go, by the words of their import statements
//! and not by their grammar: enough to tell which files know each other, for a guess at risk.
//! Names that a build tool maps (aliases, workspaces) and packages from outside are not followed.

mod lex;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
use crate::plan::imports::lex::{Language, Token, tokens};
pub use crate::plan::imports::resolve::resolve;

/// One import, as it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Import {
    /// JavaScript and TypeScript: a module specifier.
    Script(String),
    /// Python: a module, and perhaps a name in it.
    Python(Start, Vec<String>),
    /// Rust: a path of modules, and perhaps an item.
    Rust(Start, Vec<String>),
    /// Go: a package.
    Go(String),
}

/// Where a path of modules starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Start {
    /// At the top: the crate in Rust, the search path in Python.
    Top,
    /// So many steps above the importing module: 0 is itself in Rust (`self`), and 1 is its
    /// package in Python (one dot).
    Up(usize),
}

/// The imports of a file, in its order. None for a language that is not known.
pub fn imports(path: &RepoPath, text: &str) -> Vec<Import> {
    let Some(language) = Language::of(path) else {
        return Vec::new();
    };
    let tokens = tokens(text, language);
    match language {
        Language::Script => script(&tokens),
        Language::Python => python(&tokens),
        Language::Rust => rust(&tokens),
        Language::Go => go(&tokens),
    }
}

/// The files and packages that some files import; `exists` is asked as in [`resolve`].
pub fn neighbourhood<'a>(
    files: impl IntoIterator<Item = (&'a RepoPath, &'a str)>,
    exists: &dyn Fn(&RepoPath) -> bool,
) -> BTreeSet<RepoPath> {
    let imported = files.into_iter().flat_map(|(path, text)| {
        let found = imports(path, text).into_iter();
        found.filter_map(move |import| resolve(&import, path, exists))
    });
    imported.collect()
}

fn script(tokens: &[Token<'_>]) -> Vec<Import> {
    let code: Vec<_> = tokens.iter().filter(|t| **t != Token::Newline).collect();
    let specifier = |at: usize| match (code[at], code.get(at + 1), code.get(at + 2)) {
        (Token::Word("from" | "import"), Some(Token::Text(text)), _)
        | (Token::Word("import" | "require"), Some(Token::Mark('(')), Some(Token::Text(text))) => {
            Some(Import::Script((*text).to_owned()))
        }
        _ => None,
    };
    (0..code.len()).filter_map(specifier).collect()
}

fn python(tokens: &[Token<'_>]) -> Vec<Import> {
    let mut imports = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = at == 0 || matches!(tokens[at - 1], Token::Newline | Token::Mark(';' | ':'));
        let mut rest = &tokens[at + 1..];
        match token {
            Token::Word("import") if begins => loop {
                let module = dotted(&mut rest);
                if !module.is_empty() {
                    imports.push(Import::Python(Start::Top, module));
                }
                skip_alias(&mut rest);
                if !skip(&mut rest, Token::Mark(',')) {
                    break;
                }
            },
            Token::Word("from") if begins => imports.extend(python_from(rest)),
            Token::Word(_) | Token::Text(_) | Token::Mark(_) | Token::Newline => {}
        }
    }
    imports
}

/// `.a import b, c`; each name may be a module.
fn python_from(mut rest: &[Token<'_>]) -> Vec<Import> {
    let mut dots = 0;
    while skip(&mut rest, Token::Mark('.')) {
        dots += 1;
    }
    let start = if dots == 0 {
        Start::Top
    } else {
        Start::Up(dots)
    };
    let module = dotted(&mut rest);
    if !skip(&mut rest, Token::Word("import")) {
        return Vec::new();
    }
    let many_lines = skip(&mut rest, Token::Mark('('));
    let mut imports = Vec::new();
    loop {
        while many_lines && skip(&mut rest, Token::Newline) {}
        let [first, after @ ..] = rest else { break };
        let mut path = module.clone();
        match first {
            Token::Word(name) => path.push((*name).to_owned()),
            Token::Mark('*') => {}
            Token::Mark(_) | Token::Text(_) | Token::Newline => break,
        }
        rest = after;
        imports.push(Import::Python(start, path));
        skip_alias(&mut rest);
        while many_lines && skip(&mut rest, Token::Newline) {}
        if !skip(&mut rest, Token::Mark(',')) {
            break;
        }
    }
    imports
}

fn rust(tokens: &[Token<'_>]) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut depth = 0_i64;
    for (at, token) in tokens.iter().enumerate() {
        // Inside a block, `super` may be the file itself.
        let inner = depth > 0;
        match (token, &tokens[at + 1..]) {
            (Token::Word("use"), rest) => {
                for path in use_paths(rest) {
                    let import = rust_path(path);
                    let relative = matches!(import, Some(Import::Rust(Start::Up(_), _)));
                    imports.extend(import.filter(|_| !(relative && inner)));
                }
            }
            (Token::Word("mod"), [Token::Word(name), Token::Mark(';'), ..]) if !inner => {
                imports.push(Import::Rust(Start::Up(0), vec![(*name).to_owned()]));
            }
            (Token::Mark('{'), _) => depth += 1,
            (Token::Mark('}'), _) => depth -= 1,
            _ => {}
        }
    }
    imports
}

/// The paths of `a::{b, c::{d, e}};`, one each.
fn use_paths<'a>(tokens: &[Token<'a>]) -> Vec<Vec<&'a str>> {
    /// Nobody nests deeper.
    const DEEPEST: usize = 16;
    let mut paths = Vec::new();
    let mut outer: Vec<Vec<&str>> = Vec::new();
    let mut path = Some(Vec::new());
    let mut alias = false;
    for token in tokens {
        match token {
            Token::Word("as") => alias = true,
            Token::Word(_) if alias => alias = false,
            Token::Word(word) => path.get_or_insert_default().push(*word),
            Token::Mark('{') if outer.len() < DEEPEST => {
                outer.push(path.clone().unwrap_or_default());
            }
            Token::Mark(',') => {
                paths.extend(path.replace(outer.last().cloned().unwrap_or_default()));
            }
            Token::Mark('}') => {
                paths.extend(path.take());
                outer.pop();
            }
            Token::Mark(':' | '*' | '#') | Token::Newline => {}
            Token::Mark(_) | Token::Text(_) => break,
        }
    }
    paths.extend(path);
    paths
}

/// `None` for a path into another crate.
fn rust_path(mut path: Vec<&str>) -> Option<Import> {
    if path.len() > 1 && path.last() == Some(&"self") {
        path.pop();
    }
    let supers = path.iter().take_while(|part| **part == "super").count();
    let (start, skipped) = match *path.first()? {
        "crate" => (Start::Top, 1),
        "self" => (Start::Up(0), 1),
        _ if supers > 0 => (Start::Up(supers), supers),
        _ => return None,
    };
    let parts = path[skipped..].iter().map(|part| (*part).to_owned());
    Some(Import::Rust(start, parts.collect()))
}

fn go(tokens: &[Token<'_>]) -> Vec<Import> {
    let mut imports = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = at == 0 || tokens[at - 1] == Token::Newline;
        if !begins || *token != Token::Word("import") {
            continue;
        }
        let mut rest = &tokens[at + 1..];
        let end = if skip(&mut rest, Token::Mark('(')) {
            Token::Mark(')')
        } else {
            Token::Newline
        };
        let block = rest.iter().take_while(|token| **token != end);
        imports.extend(block.filter_map(|token| match token {
            Token::Text(package) => Some(Import::Go((*package).to_owned())),
            Token::Word(_) | Token::Mark(_) | Token::Newline => None,
        }));
    }
    imports
}

/// Takes `a.b.c`.
fn dotted(rest: &mut &[Token<'_>]) -> Vec<String> {
    let mut parts = Vec::new();
    while let [Token::Word(word), after @ ..] = rest {
        // `from . import a` has no module.
        if *word == "import" {
            break;
        }
        parts.push((*word).to_owned());
        *rest = after;
        if !skip(rest, Token::Mark('.')) {
            break;
        }
    }
    parts
}

fn skip(rest: &mut &[Token<'_>], token: Token<'_>) -> bool {
    let found = rest.first() == Some(&token);
    if found {
        *rest = &rest[1..];
    }
    found
}

fn skip_alias(rest: &mut &[Token<'_>]) {
    if let [Token::Word("as"), Token::Word(_), after @ ..] = rest {
        *rest = after;
    }
}
