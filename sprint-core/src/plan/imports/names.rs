//! Names of a repository's own parts, as its manifests and directories give them.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::path::RepoPath;
use crate::plan::imports::manifest::{Paths, ScriptConfig, crate_name, go_module, package_name};
use crate::plan::imports::resolve::{Exists, first, resolve, script_file};
use crate::plan::imports::{Import, Start, java};

/// What names mean in one repository: aliases of TypeScript, packages and crates of a workspace,
/// modules of Go, and the classes of Java that there are.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// By directory, as `a/b`, the root being empty.
    scripts: BTreeMap<String, Aliases>,
    packages: BTreeMap<String, String>,
    crates: BTreeMap<String, String>,
    /// The longest first.
    modules: Vec<(String, String)>,
    /// Files of Java by their names, without the ending.
    classes: BTreeMap<String, Vec<RepoPath>>,
}

/// What a `tsconfig.json` says after everything that it builds on.
#[derive(Clone, Debug, Default)]
struct Aliases {
    base: Option<String>,
    /// Where the targets begin, and the names.
    paths: Option<(String, Paths)>,
}

impl Names {
    /// Whether a file has to be read for [`new`](Self::new).
    pub fn is_manifest(path: &RepoPath) -> bool {
        let name = path.file_name();
        let config = ["tsconfig", "jsconfig"];
        matches!(name, "package.json" | "Cargo.toml" | "go.mod")
            || name.ends_with(".json") && config.iter().any(|start| name.starts_with(start))
    }

    /// Reads the manifests among some files; `paths` are all that there are.
    pub fn new<'a>(
        paths: impl IntoIterator<Item = &'a RepoPath>,
        manifests: impl IntoIterator<Item = (&'a RepoPath, &'a str)>,
    ) -> Self {
        let mut names = Self::default();
        let mut configs = BTreeMap::new();
        for (path, text) in manifests {
            let directory = directory(path);
            match path.file_name() {
                "package.json" => names
                    .packages
                    .extend(package_name(text).map(|n| (n, directory))),
                "Cargo.toml" => names
                    .crates
                    .extend(crate_name(text).map(|n| (n, directory))),
                "go.mod" => names
                    .modules
                    .extend(go_module(text).map(|n| (n, directory))),
                _ => configs.extend(ScriptConfig::read(text).map(|c| (path.as_str(), c))),
            }
        }
        names
            .modules
            .sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for path in configs.keys() {
            let name = path.rsplit('/').next().unwrap_or(path);
            // Others are for parts of a build; what applies to editors is what people import by.
            if matches!(name, "tsconfig.json" | "jsconfig.json") {
                let aliases = aliases(path, &configs, &mut BTreeSet::new());
                names.scripts.insert(parent(path).to_owned(), aliases);
            }
        }
        for path in paths {
            if let Some(class) = path.file_name().strip_suffix(".java") {
                let of_name = names.classes.entry(class.to_owned()).or_default();
                of_name.push(path.clone());
            }
        }
        names
    }

    /// The file that an import in `from` means, as [`resolve`] says, with these names.
    pub fn resolve(
        &self,
        import: &Import,
        from: &RepoPath,
        exists: &dyn Fn(&RepoPath) -> bool,
    ) -> Option<RepoPath> {
        let found = match import {
            Import::Script(name) if !name.starts_with('.') => self.script(name, from, exists),
            Import::Crate(parts) => self.of_crate(parts, exists),
            Import::Go(package) if !self.modules.is_empty() => self.of_module(package, exists),
            Import::Java(parts) => self.class(parts, from, exists),
            Import::Script(_)
            | Import::Python(..)
            | Import::Rust(..)
            | Import::Go(_)
            | Import::File(_) => return resolve(import, from, exists),
        };
        found.filter(|path| path != from)
    }

    fn script(&self, name: &str, from: &RepoPath, exists: Exists<'_>) -> Option<RepoPath> {
        let name = name.split('?').next().unwrap_or(name);
        let above = std::iter::successors(Some(parent(from.as_str())), |dir| {
            (!dir.is_empty()).then(|| parent(dir))
        });
        let nearest = above.filter_map(|dir| self.scripts.get(dir)).next();
        let aliased = nearest.and_then(|aliases| aliases.resolve(name, exists));
        aliased.or_else(|| self.package(name, exists))
    }

    /// `name` or `name/inner`, of a package of the repository: its sources, mostly, for what is
    /// built is not tracked.
    fn package(&self, name: &str, exists: Exists<'_>) -> Option<RepoPath> {
        let ends = name.match_indices('/').map(|(at, _)| at);
        let ends = ends.chain([name.len()]);
        let (directory, inner) = ends.collect::<Vec<_>>().into_iter().rev().find_map(|end| {
            let directory = self.packages.get(&name[..end])?;
            Some((directory, name[end..].trim_start_matches('/')))
        })?;
        ["src", ""].iter().find_map(|part| {
            let stem = joined(&joined(directory, part)?, inner)?;
            script_file(&parts(&stem), exists)
        })
    }

    fn of_crate(&self, path: &[String], exists: Exists<'_>) -> Option<RepoPath> {
        let (name, inner) = path.split_first()?;
        let directory = self.crates.get(name)?;
        let top = RepoPath::from(joined(directory, "src/lib.rs")?.as_str());
        // Seen from the top of that crate, where it is the same as `crate::`.
        let inner = Import::Rust(Start::Top, inner.to_vec());
        let found = resolve(&inner, &top, exists);
        found.or_else(|| exists(&top).then_some(top))
    }

    fn of_module(&self, package: &str, exists: Exists<'_>) -> Option<RepoPath> {
        self.modules.iter().find_map(|(module, directory)| {
            let inner = package.strip_prefix(module.as_str())?;
            let inner = match inner.strip_prefix('/') {
                Some(inner) => inner,
                None if inner.is_empty() => "",
                None => return None,
            };
            let directory = joined(directory, inner).filter(|path| !path.is_empty())?;
            first(&parts(&directory), &[""], exists)
        })
    }

    /// The class of that name which is nearest to `from`, or the directory of a package.
    fn class(&self, path: &[String], from: &RepoPath, exists: Exists<'_>) -> Option<RepoPath> {
        let shared = |path: &RepoPath| {
            let pairs = path.as_str().bytes().zip(from.as_str().bytes());
            pairs.take_while(|(a, b)| a == b).count()
        };
        let found = (2..=path.len()).rev().find_map(|length| {
            let end = format!("{}.java", path[..length].join("/"));
            let of_name = self.classes.get(&path[length - 1])?.iter();
            let fits = of_name.filter(|file| {
                let start = file.as_str().strip_suffix(&end);
                start.is_some_and(|start| start.is_empty() || start.ends_with('/'))
            });
            // The first of those that are equally near.
            fits.rev().max_by_key(|file| shared(file)).cloned()
        });
        let directory: Vec<_> = from.as_str().split('/').collect();
        let directory = &directory[..directory.len() - 1];
        found.or_else(|| java::resolve(path, directory, exists))
    }
}

impl Aliases {
    /// The longest pattern counts, as in TypeScript.
    fn resolve(&self, name: &str, exists: Exists<'_>) -> Option<RepoPath> {
        if let Some((start, paths)) = &self.paths {
            let fits = |(pattern, to)| Some((fit(pattern, name)?, pattern, to));
            let best = paths
                .iter()
                .map(|(pattern, to)| (pattern.as_str(), to))
                .filter_map(fits)
                .max_by_key(|(_, pattern, _)| (!pattern.contains('*'), pattern.len()));
            let found = best.and_then(|(rest, _, to)| {
                let file = |to: &String| {
                    let target = to.replacen('*', rest, 1);
                    script_file(&parts(&joined(start, &target)?), exists)
                };
                to.iter().find_map(file)
            });
            if found.is_some() {
                return found;
            }
        }
        let base = self.base.as_ref()?;
        script_file(&parts(&joined(base, name)?), exists)
    }
}

/// What the `*` of a pattern stands for in a name that fits; nothing where there is none.
fn fit<'a>(pattern: &str, name: &'a str) -> Option<&'a str> {
    match pattern.split_once('*') {
        Some((before, after)) => name.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == name).then_some(""),
    }
}

/// What a configuration says, each thing by itself or as the last of those it builds on says.
fn aliases<'a>(
    path: &str,
    configs: &'a BTreeMap<&str, ScriptConfig>,
    seen: &mut BTreeSet<&'a str>,
) -> Aliases {
    let Some((path, config)) = configs.get_key_value(path) else {
        return Aliases::default();
    };
    let mut aliases = Aliases::default();
    if !seen.insert(*path) {
        return aliases;
    }
    let own = parent(path);
    for other in &config.extends {
        // What is not beside it comes from a package, which is not here.
        let Some(other) = other.starts_with('.').then(|| joined(own, other)).flatten() else {
            continue;
        };
        let names = [other.clone(), format!("{other}.json")];
        let Some(name) = names
            .iter()
            .find(|name| configs.contains_key(name.as_str()))
        else {
            continue;
        };
        let below = self::aliases(name, configs, seen);
        aliases.base = below.base.or(aliases.base);
        aliases.paths = below.paths.or(aliases.paths);
    }
    if let Some(base) = &config.base_url {
        aliases.base = joined(own, base);
    }
    if let Some(paths) = &config.paths {
        let start = aliases.base.clone().unwrap_or_else(|| own.to_owned());
        aliases.paths = Some((start, paths.clone()));
    }
    aliases
}

fn directory(path: &RepoPath) -> String {
    parent(path.as_str()).to_owned()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn parts(path: &str) -> Vec<&str> {
    path.split('/').collect()
}

/// A path below a directory, without dots; `None` for one that leaves the repository.
fn joined(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
