//! What a source file imports from its own repository.
//!
//! Reads JavaScript and TypeScript, Python, Rust, Go, Java and POSIX shell, by the words of their
//! import statements and not by their grammar: enough to tell which files know each other.
//!
//! # Why no parser library
//!
//! Import statements are the one part of these languages that words alone tell. What stands in
//! their way is comments, strings and patterns, and those are cut by rules that fit on a page.
//! Grammars cost more than they bring here, measured on one core of the machine that this was
//! written on (the last line by `benches/dry_run.rs`):
//!
//! | | to build | to read |
//! | --- | --- | --- |
//! | tree-sitter, grammars of six languages | 52 s of a processor, a C compiler | 4 to 8 MB/s |
//! | oxc, JavaScript and TypeScript only | 79 s, about 100 crates | not tried |
//! | this module | nothing to build beside it | about 190 MB/s |
//!
//! 10,000 files are to be read within a second, by a crate that is light to depend on.
//!
//! # What is not seen
//!
//! Names put together at run time, modules that a bundler's or a build tool's own configuration maps,
//! `#[path]` and `mod` inside a block in Rust, and what needs no import: files of one package in Go
//! and in Java. Packages from outside are not followed. What manifests say about names
//! (`tsconfig.json`, `package.json`, `Cargo.toml`, `go.mod`) counts where [`Names`] is asked.

mod generated;
mod importers;
mod java;
mod lex;
mod manifest;
mod names;
#[cfg(test)]
mod names_tests;
mod resolve;
mod shell;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::domain::path::RepoPath;
pub use crate::plan::imports::generated::is_generated;
pub use crate::plan::imports::importers::Importers;
use crate::plan::imports::lex::{Language, Token, tokens};
pub use crate::plan::imports::names::Names;
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
    /// Rust: a path that begins with the name of a crate.
    Crate(Vec<String>),
    /// Go: a package.
    Go(String),
    /// Java: a package and a class, and perhaps a member of it; or a package alone, for all of its
    /// classes.
    Java(Vec<String>),
    /// Shell, and `include!` in Rust: a file, seen from the importing one or from the root.
    File(String),
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

/// Whether the imports of a file can be read: whether its language is known, by its name.
pub fn is_source(path: &RepoPath) -> bool {
    Language::of(path).is_some()
}

/// The imports of a file, in its order. None for a language that is not known.
pub fn imports(path: &RepoPath, text: &str) -> Vec<Import> {
    let Some(language) = Language::of(path) else {
        return Vec::new();
    };
    if language == Language::Shell {
        return shell::read(text);
    }
    let tokens = tokens(text, language);
    match language {
        Language::Script => script(&tokens),
        Language::Python => python(&tokens),
        Language::Rust => rust(&tokens),
        Language::Go => go(&tokens),
        Language::Java => java::read(&tokens),
        Language::Shell => Vec::new(),
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
    let mut in_use = false;
    for (at, token) in tokens.iter().enumerate() {
        // Inside a block, `super` may be the file itself.
        let inner = depth > 0;
        match (token, &tokens[at + 1..]) {
            (Token::Mark(';'), _) => in_use = false,
            (Token::Word("use"), rest) => {
                in_use = true;
                for path in use_paths(rest) {
                    let import = rust_path(path);
                    let relative = matches!(import, Some(Import::Rust(Start::Up(_), _)));
                    imports.extend(import.filter(|_| !(relative && inner)));
                }
            }
            (Token::Word("mod"), [Token::Word(name), Token::Mark(';'), ..]) if !inner => {
                imports.push(Import::Rust(Start::Up(0), vec![(*name).to_owned()]));
            }
            (Token::Word("crate"), [Token::Mark(':'), Token::Mark(':'), rest @ ..]) if !in_use => {
                let parts = std::iter::once("crate").chain(path_of(rest));
                imports.extend(rust_path(parts.collect()));
            }
            (
                Token::Word("include" | "include_str" | "include_bytes"),
                [Token::Mark('!'), Token::Mark('('), Token::Text(file), ..],
            ) => imports.push(Import::File((*file).to_owned())),
            (Token::Mark('{'), _) => depth += 1,
            (Token::Mark('}'), _) => depth -= 1,
            _ => {}
        }
    }
    imports
}

/// The words of `a::b::c` in code, with nothing between them.
fn path_of<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [Token::Word(word), after @ ..] = rest {
        path.push(*word);
        let [Token::Mark(':'), Token::Mark(':'), next @ ..] = after else {
            break;
        };
        rest = next;
    }
    path
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

/// `None` for a path that leads nowhere.
fn rust_path(mut path: Vec<&str>) -> Option<Import> {
    if path.len() > 1 && path.last() == Some(&"self") {
        path.pop();
    }
    let supers = path.iter().take_while(|part| **part == "super").count();
    let (start, skipped) = match *path.first()? {
        "crate" => (Start::Top, 1),
        "self" => (Start::Up(0), 1),
        _ if supers > 0 => (Start::Up(supers), supers),
        "std" | "core" | "alloc" => return None,
        _ => {
            let parts = path.into_iter().map(str::to_owned).collect();
            return Some(Import::Crate(parts));
        }
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
