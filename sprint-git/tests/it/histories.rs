//! Random histories, made by one `git fast-import`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use sprint_core::id::CommitId;

use crate::support::command;

/// Branches to be merged.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) seed: u64,
    pub(crate) branches: Vec<CommitId>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    mode: &'static str,
    content: Vec<u8>,
}

type Files = BTreeMap<String, Entry>;

/// Makes one history per seed, with this many branches, in a repository.
pub(crate) fn make(root: &Path, seeds: impl Iterator<Item = u64>, branches: usize) -> Vec<History> {
    let mut import = Import::default();
    let drafts: Vec<_> = seeds
        .map(|seed| draft(&mut import, seed, branches))
        .collect();
    let marks = import.run(root);
    let commit = |mark: &usize| CommitId::new(&marks[mark]).unwrap();
    let finished = drafts.iter().map(|draft| History {
        seed: draft.seed,
        branches: draft.branches.iter().map(commit).collect(),
    });
    finished.collect()
}

struct Draft {
    seed: u64,
    branches: Vec<usize>,
}

fn draft(import: &mut Import, seed: u64, count: usize) -> Draft {
    let mut random = Random::new(seed);
    let base_files = beginning(&mut random);
    let base = import.commit(&base_files, &[]);
    let mut branches: Vec<(usize, Files)> = Vec::new();
    for _ in 0..count {
        let (mut tip, mut files) = (base, base_files.clone());
        for _ in 0..=random.below(2) {
            for _ in 0..=random.below(3) {
                edit(&mut random, &mut files);
            }
            tip = import.commit(&files, &[tip]);
        }
        branches.push((tip, files));
    }
    // Some branches have merged each other before.
    if random.one_in(6) {
        let crossings = [(0, 1), (1, 0)].map(|(ours, theirs)| {
            let mut files = overlay(&base_files, &branches[ours].1, &branches[theirs].1);
            let parents = [branches[ours].0, branches[theirs].0];
            let merged = import.commit(&files, &parents);
            edit(&mut random, &mut files);
            (import.commit(&files, &[merged]), files)
        });
        branches.splice(..2, crossings);
    }
    Draft {
        seed,
        branches: branches.into_iter().map(|(tip, _)| tip).collect(),
    }
}

/// A merge as a careless person makes it: files that ours did not change are as in theirs.
fn overlay(base: &Files, ours: &Files, theirs: &Files) -> Files {
    let mut merged = Files::new();
    for path in ours.keys().chain(theirs.keys()) {
        let same = ours.get(path) == base.get(path);
        let chosen = if same { theirs } else { ours };
        if let Some(entry) = chosen.get(path) {
            put(&mut merged, path, entry.clone());
        }
    }
    merged
}

const DIRECTORIES: [&str; 4] = ["", "src/", "src/deep/", "doc/"];

fn beginning(random: &mut Random) -> Files {
    let mut files = Files::new();
    for number in 0..4 + random.below(8) {
        let path = format!("{}f{number}", random.pick(&DIRECTORIES));
        let entry = fresh(random);
        put(&mut files, &path, entry);
    }
    files
}

fn fresh(random: &mut Random) -> Entry {
    let salt = random.below(1000);
    let lines = 3 + random.below(14);
    let text: String = (0..lines)
        .map(|n| format!("line {n} of {salt}\n"))
        .collect();
    match random.below(12) {
        0 => Entry {
            mode: "120000",
            content: format!("target-{salt}").into_bytes(),
        },
        1 => Entry {
            mode: "100644",
            content: [b"\0binary\0", text.as_bytes()].concat(),
        },
        2 => Entry {
            mode: "100755",
            content: text.into_bytes(),
        },
        _ => Entry {
            mode: "100644",
            content: text.into_bytes(),
        },
    }
}

fn edit(random: &mut Random, files: &mut Files) {
    let paths: Vec<String> = files.keys().cloned().collect();
    if paths.is_empty() {
        return put(files, "again", fresh(random));
    }
    let path = random.pick(&paths).clone();
    let entry = files[&path].clone();
    match random.below(20) {
        0..8 => change_lines(random, files.get_mut(&path).unwrap()),
        8 => {
            files.remove(&path);
        }
        9..12 => {
            files.remove(&path);
            let name = format!("{}g{}", random.pick(&DIRECTORIES), random.below(4));
            put(files, &name, entry);
            if random.one_in(2) {
                change_lines(random, files.get_mut(&name).unwrap());
            }
        }
        12 => {
            let (from, to) = *random.pick(&[("src/", "lib/"), ("doc/", "book/"), ("src/", "doc/")]);
            for path in paths.iter().filter(|path| path.starts_with(from)) {
                let entry = files.remove(path).unwrap();
                put(files, &path.replacen(from, to, 1), entry);
            }
        }
        13 => {
            let mode = if entry.mode == "100644" {
                "100755"
            } else {
                "100644"
            };
            files.get_mut(&path).unwrap().mode = mode;
        }
        14..17 => {
            let name = format!("{}n{}", random.pick(&DIRECTORIES), random.below(4));
            let entry = fresh(random);
            put(files, &name, entry);
        }
        17 => {
            let entry = fresh(random);
            put(files, &path, entry);
        }
        18 => {
            files.remove(&path);
            put(files, &format!("{path}/inside"), entry);
        }
        _ => {
            let directory = path
                .rsplit_once('/')
                .map(|(directory, _)| directory.to_owned());
            put(files, &directory.unwrap_or(path), entry);
        }
    }
}

fn change_lines(random: &mut Random, entry: &mut Entry) {
    let mut lines: Vec<_> = entry
        .content
        .split_inclusive(|byte| *byte == b'\n')
        .collect();
    let at = random.below(lines.len());
    let new = format!("changed {}\n", random.below(50));
    match random.below(4) {
        0 => lines.insert(at, new.as_bytes()),
        1 if lines.len() > 1 => {
            lines.remove(at);
        }
        _ => lines[at] = new.as_bytes(),
    }
    entry.content = lines.concat();
}

/// Puts an entry at a path; what is in the way goes.
fn put(files: &mut Files, path: &str, entry: Entry) {
    let below = format!("{path}/");
    files.retain(|other, _| !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
    files.insert(path.into(), entry);
}

/// The input of `git fast-import`.
#[derive(Default)]
struct Import {
    script: Vec<u8>,
    blobs: BTreeMap<Vec<u8>, usize>,
    marks: usize,
}

impl Import {
    fn commit(&mut self, files: &Files, parents: &[usize]) -> usize {
        let mut blobs = Vec::new();
        for entry in files.values() {
            blobs.push(self.blob(&entry.content));
        }
        let mark = self.mark();
        let mut head = format!("commit refs/heads/imported\nmark :{mark}\n");
        head += "committer P <p@example.org> 1700000000 +0000\ndata 0\n";
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            head.extend([word, " :", &parent.to_string(), "\n"]);
        }
        head += "deleteall\n";
        for ((path, entry), blob) in files.iter().zip(blobs) {
            head.extend(["M ", entry.mode, " :", &blob.to_string(), " ", path, "\n"]);
        }
        // Without a parent it would follow the commit before.
        if parents.is_empty() {
            self.script
                .extend_from_slice(b"reset refs/heads/imported\n");
        }
        self.script.extend_from_slice(head.as_bytes());
        self.script.push(b'\n');
        mark
    }

    fn blob(&mut self, content: &[u8]) -> usize {
        if let Some(mark) = self.blobs.get(content) {
            return *mark;
        }
        let mark = self.mark();
        let head = format!("blob\nmark :{mark}\ndata {}\n", content.len());
        self.script.extend_from_slice(head.as_bytes());
        self.script.extend_from_slice(content);
        self.script.push(b'\n');
        self.blobs.insert(content.to_vec(), mark);
        mark
    }

    fn mark(&mut self) -> usize {
        self.marks += 1;
        self.marks
    }

    /// Returns the ids of all marks.
    fn run(self, root: &Path) -> BTreeMap<usize, String> {
        let marks = root.join(".git/marks");
        let export = format!("--export-marks={}", marks.display());
        let mut child = command(root, &["fast-import", "--quiet", "--force", &export])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&self.script).unwrap();
        assert!(child.wait().unwrap().success());
        let text = fs::read_to_string(marks).unwrap();
        let parse = |line: &str| {
            let (mark, id) = line.strip_prefix(':')?.split_once(' ')?;
            Some((mark.parse().ok()?, id.to_owned()))
        };
        text.lines().filter_map(parse).collect()
    }
}

/// A small generator, so that a seed is a history for good.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.next() >> 16) % bound as u64).unwrap()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}
