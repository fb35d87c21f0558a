//! Imports of Java: which are read, and what they mean.

use crate::domain::path::RepoPath;
use crate::plan::imports::Import;
use crate::plan::imports::lex::Token;
use crate::plan::imports::resolve::{Exists, first};

/// `import a.b.C;`, `import static a.b.C.member;` and `import a.b.*;`.
pub(super) fn read(tokens: &[Token<'_>]) -> Vec<Import> {
    let mut imports = Vec::new();
    let mut depth = 0_usize;
    let mut begins = true;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word("import") if depth == 0 && begins => {
                imports.extend(statement(&tokens[at + 1..]));
            }
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth = depth.saturating_sub(1),
            Token::Word(_) | Token::Text(_) | Token::Mark(_) | Token::Newline => {}
        }
        begins = matches!(token, Token::Newline | Token::Mark(';'));
    }
    imports
}

fn statement(tokens: &[Token<'_>]) -> Option<Import> {
    let mut code = tokens.iter().filter(|token| **token != Token::Newline);
    let mut parts = Vec::new();
    loop {
        match code.next()? {
            Token::Word("static") if parts.is_empty() => continue,
            Token::Word(part) => parts.push((*part).to_owned()),
            Token::Mark('*') => break,
            Token::Text(_) | Token::Mark(_) | Token::Newline => return None,
        }
        match code.next()? {
            Token::Mark('.') => {}
            Token::Mark(';') => break,
            Token::Word(_) | Token::Text(_) | Token::Mark(_) | Token::Newline => return None,
        }
    }
    (parts.len() > 1).then_some(Import::Java(parts))
}

/// The class that a name stands for, seen from a file in `dir`; or the directory of a package. A
/// source root is any directory above, and where that is one of tests, the one beside it.
pub(super) fn resolve(parts: &[String], dir: &[&str], exists: Exists<'_>) -> Option<RepoPath> {
    let above = (0..=dir.len()).rev().map(|n| dir[..n].to_vec());
    let roots = above.flat_map(|root| {
        let tests = root.iter().rposition(|part| *part == "test");
        let beside = tests.map(|at| {
            let mut beside = root.clone();
            beside[at] = "main";
            beside
        });
        [Some(root), beside].into_iter().flatten()
    });
    let roots: Vec<_> = roots.collect();
    candidates(parts).find_map(|(length, endings)| {
        roots.iter().find_map(|root| {
            let mut stem = root.clone();
            stem.extend(parts[..length].iter().map(String::as_str));
            first(&stem, endings, exists)
        })
    })
}

/// How many parts may be the class or the package, the longest first, and what ends its name: what
/// comes behind a class is its member, and all of it is a package only if there is no such class.
pub(super) fn candidates(
    parts: &[String],
) -> impl Iterator<Item = (usize, &'static [&'static str])> {
    let classes = (2..=parts.len()).rev().map(|length| (length, CLASS));
    classes.chain(std::iter::once((parts.len(), PACKAGE)))
}

const CLASS: &[&str] = &[".java"];
const PACKAGE: &[&str] = &[""];
