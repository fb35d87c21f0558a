//! From an import to the file it means.

use crate::domain::path::RepoPath;
use crate::plan::imports::{Import, Start, java, shell};

/// The file that an import in `from` means, or the directory for a package of Go or Java; `None`
/// for what is not in the repository, and for the file itself. Without
/// [`Names`](crate::plan::imports::Names), which know more.
///
/// `exists` must know directories as well as files.
pub fn resolve(
    import: &Import,
    from: &RepoPath,
    exists: &dyn Fn(&RepoPath) -> bool,
) -> Option<RepoPath> {
    let mut dir: Vec<&str> = from.as_str().split('/').collect();
    let file = dir.pop()?;
    let found = match import {
        Import::Script(specifier) => script(specifier, dir, exists),
        Import::Crate(_) => None,
        Import::Java(parts) => java::resolve(parts, &dir, exists),
        Import::File(path) => shell::resolve(path, &dir, exists),
        Import::Python(start, parts) => python(*start, parts, &dir, exists),
        Import::Rust(start, parts) => rust(*start, parts, &dir, file, exists),
        Import::Go(package) => go(package, exists),
    };
    found.filter(|path| path != from)
}

pub(super) type Exists<'a> = &'a dyn Fn(&RepoPath) -> bool;

/// The first of `stem` with these endings that exists.
pub(super) fn first(stem: &[&str], endings: &[&str], exists: Exists<'_>) -> Option<RepoPath> {
    let stem = stem.join("/");
    let path = |ending: &&str| {
        let path = format!("{stem}{ending}");
        // An ending such as `/mod.rs` on the root.
        RepoPath::from(path.strip_prefix('/').unwrap_or(&path))
    };
    endings.iter().map(path).find(|path| exists(path))
}

fn script<'a>(specifier: &'a str, mut dir: Vec<&'a str>, exists: Exists<'_>) -> Option<RepoPath> {
    // Bundlers take `./a.svg?raw`.
    let specifier = specifier.split('?').next().unwrap_or(specifier);
    if !matches!(specifier.split('/').next(), Some("." | "..")) {
        return None;
    }
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(dir.pop()?),
            part => dir.push(part),
        }
    }
    script_file(&dir, exists)
}

/// The file that a module specifier without dots stands for.
pub(super) fn script_file(dir: &[&str], exists: Exists<'_>) -> Option<RepoPath> {
    /// In the order in which bundlers try them. A directory is none of them.
    const ENDINGS: &[&str] = &[
        ".ts",
        ".tsx",
        ".d.ts",
        ".js",
        ".jsx",
        ".mjs",
        ".cjs",
        ".mts",
        ".cts",
        ".json",
        ".vue",
        ".svelte",
        "/index.ts",
        "/index.tsx",
        "/index.d.ts",
        "/index.js",
        "/index.jsx",
        "/index.mjs",
        "/index.cjs",
    ];
    /// What a compiled name stands for in TypeScript.
    const COMPILED: &[(&str, &[&str])] = &[
        (".js", &[".ts", ".tsx", ".d.ts"]),
        (".jsx", &[".tsx"]),
        (".mjs", &[".mts"]),
        (".cjs", &[".cts"]),
    ];
    let named = dir.last().is_some_and(|name| name.contains('.'));
    let exact = || named.then(|| first(dir, &[""], exists)).flatten();
    let compiled = || {
        let name = *dir.last()?;
        let (stem, endings) = COMPILED
            .iter()
            .find_map(|(js, ts)| Some((name.strip_suffix(js)?, *ts)))?;
        let mut source = dir.to_vec();
        *source.last_mut()? = stem;
        first(&source, endings, exists)
    };
    // A directory may have a dot in its name.
    let found = first(dir, ENDINGS, exists);
    found.or_else(exact).or_else(compiled)
}

fn python(start: Start, parts: &[String], dir: &[&str], exists: Exists<'_>) -> Option<RepoPath> {
    const ENDINGS: &[&str] = &[".py", ".pyi", "/__init__.py", "/__init__.pyi"];
    // The search path is not known: any directory above may be on it, the nearest first.
    let (roots, least): (Vec<&[&str]>, usize) = match start {
        Start::Top => {
            let above = (0..=dir.len()).rev().map(|n| &dir[..n]);
            (above.chain([&["src"][..]]).collect(), 1)
        }
        Start::Up(dots) => {
            let length = dir.len().checked_sub(dots.saturating_sub(1))?;
            (vec![&dir[..length]], 0)
        }
    };
    (least..=parts.len()).rev().find_map(|length| {
        roots.iter().find_map(|root| {
            let mut stem = root.to_vec();
            stem.extend(parts[..length].iter().map(String::as_str));
            let endings = if length == 0 { &ENDINGS[2..] } else { ENDINGS };
            first(&stem, endings, exists)
        })
    })
}

fn rust(
    start: Start,
    parts: &[String],
    dir: &[&str],
    file: &str,
    exists: Exists<'_>,
) -> Option<RepoPath> {
    // Where the crate begins, and the module of the importing file below it. Outside of `src`,
    // and right in `src/bin`, each file is a crate of its own.
    let (root, module) = match dir.iter().rposition(|part| *part == "src") {
        Some(at) if dir[at + 1..] != ["bin"] => {
            let mut module = dir[at + 1..].to_vec();
            if !(file == "mod.rs" || module.is_empty() && matches!(file, "lib.rs" | "main.rs")) {
                module.push(file.strip_suffix(".rs").unwrap_or(file));
            }
            (&dir[..=at], module)
        }
        _ => (dir, Vec::new()),
    };
    let kept = match start {
        Start::Top => 0,
        Start::Up(steps) => module.len().checked_sub(steps)?,
    };
    let mut stem = root.to_vec();
    stem.extend(&module[..kept]);
    stem.extend(parts.iter().map(String::as_str));
    // The last parts may be items of the module before them.
    while stem.len() > root.len() {
        if let Some(path) = first(&stem, &[".rs", "/mod.rs"], exists) {
            return Some(path);
        }
        stem.pop();
    }
    first(root, &["/lib.rs", "/main.rs"], exists)
}

/// The longest end of the package's name that is a directory; what comes first is the module's.
pub(super) fn go(package: &str, exists: Exists<'_>) -> Option<RepoPath> {
    let parts: Vec<&str> = package.split('/').collect();
    let odd = |part: &&str| matches!(*part, "" | "." | "..");
    if parts.iter().any(odd) {
        return None;
    }
    (1..parts.len()).find_map(|at| first(&parts[at..], &[""], exists))
}
