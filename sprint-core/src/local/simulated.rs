//! A disk whose power can be cut, and every content it may have afterwards.
//!
//! What was not flushed may be there, or not, or in part: each pending change of a name on its
//! own; each pending write whole, missing, torn, filled with zeros, or showing what an older file
//! left in its blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::local::disk::{Disk, DiskFile};

/// What a disk holds for good: files by name.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

/// A promise of the file system that is broken, or a step in the wrong order: to see that the
/// tests would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    NoDirectorySync,
    NoFileSync,
    OldGenerationRemovedFirst,
    /// Half of what is appended finds room.
    Full,
}

#[derive(Clone, Debug)]
pub(crate) struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    fault: Fault,
}

#[derive(Debug)]
pub(crate) struct SimulatedFile {
    disk: SimulatedDisk,
    inode: usize,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Inode>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending_names: Vec<NameChange>,
    /// Lines of removed files, which may show up again.
    stale: Vec<Vec<u8>>,
    /// Operations until the power is cut.
    left: usize,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    durable: Vec<u8>,
    pending: Vec<Write>,
}

#[derive(Clone, Debug)]
enum Write {
    Append(Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(String, usize),
    Unlink(String),
    Rename(String, String, usize),
}

impl SimulatedDisk {
    /// A disk with this content, whose power is cut after `operations` changes.
    pub(crate) fn new(content: &Content, operations: usize, fault: Fault) -> Self {
        let names: BTreeMap<String, usize> = content.keys().cloned().zip(0..).collect();
        let inode = |bytes: &Vec<u8>| Inode {
            durable: bytes.clone(),
            pending: Vec::new(),
        };
        let state = State {
            files: content.values().map(inode).collect(),
            durable_names: names.clone(),
            names,
            left: operations,
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            fault,
        }
    }

    /// The same disk, on which something goes wrong from now on.
    pub(crate) fn with_fault(&self, fault: Fault) -> Self {
        Self {
            state: Arc::clone(&self.state),
            fault,
        }
    }

    /// Every content that may be left now.
    pub(crate) fn after_power_cut(&self) -> BTreeSet<Content> {
        let state = self.state.lock().unwrap();
        let mut found = BTreeSet::new();
        for kept in 0..1_u32 << state.pending_names.len() {
            let mut names = state.durable_names.clone();
            for (bit, change) in state.pending_names.iter().enumerate() {
                if kept & (1 << bit) != 0 {
                    change.apply(&mut names);
                }
            }
            let mut contents = vec![Content::new()];
            for (name, inode) in names {
                let variants = state.files[inode].after_power_cut(&state.stale);
                contents = contents
                    .iter()
                    .flat_map(|content| {
                        variants.iter().map(|bytes| {
                            let mut content = content.clone();
                            content.insert(name.clone(), bytes.clone());
                            content
                        })
                    })
                    .collect();
            }
            found.extend(contents);
        }
        found
    }

    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        match state.left.checked_sub(1) {
            Some(left) => {
                state.left = left;
                Ok(state)
            }
            None => Err(io::Error::other("the power is cut")),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Link(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Unlink(name) => {
                names.remove(name);
            }
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

impl State {
    fn rename_names(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending_names.push(change);
    }

    fn unlink(&mut self, name: &str) {
        if let Some(inode) = self.names.get(name).copied() {
            let content = self.files[inode].live();
            self.stale = content
                .split_inclusive(|byte| *byte == b'\n')
                .skip(1)
                .map(<[u8]>::to_vec)
                .collect();
            self.rename_names(NameChange::Unlink(name.to_owned()));
        }
    }
}

impl Inode {
    fn live(&self) -> Vec<u8> {
        let mut content = self.durable.clone();
        for write in &self.pending {
            write.apply(&mut content);
        }
        content
    }

    fn after_power_cut(&self, stale: &[Vec<u8>]) -> BTreeSet<Vec<u8>> {
        let mut found: BTreeSet<Vec<u8>> = [self.durable.clone(), self.live()].into();
        let mut before = self.durable.clone();
        // What lies on the disk behind the end of the file.
        let mut behind: Vec<u8> = Vec::new();
        for (at, write) in self.pending.iter().enumerate() {
            if let Write::Append(write) = write {
                let zeros = vec![0; write.len()];
                let half = write.len() / 2;
                let with = |parts: &[&[u8]]| [&before, &parts.concat()[..]].concat();
                found.insert(with(&[&write[..half]]));
                found.insert(with(&[&write[..write.len() - 1]]));
                found.insert(with(&[&write[..half], &zeros[half..]]));
                found.insert(with(&[&zeros[..half], &write[half..]]));
                let later = self.pending[at + 1..].iter();
                let mut lost = with(&[&zeros]);
                later.for_each(|write| write.apply(&mut lost));
                found.insert(lost);
                for line in stale.iter().filter(|line| line.len() <= write.len()) {
                    found.insert(with(&[line, &zeros[line.len()..]]));
                }
                // The new length is lost, and the old end shows behind what was written.
                for part in [half, write.len()] {
                    let old = behind.get(part..).unwrap_or_default();
                    found.insert(with(&[&write[..part], old]));
                }
            }
            if let Write::Truncate(length) = write {
                behind = before.get(*length..).unwrap_or_default().to_vec();
            }
            write.apply(&mut before);
            found.insert(before.clone());
        }
        found
    }
}

impl Write {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Append(bytes) => content.extend(bytes),
            Self::Truncate(length) => content.truncate(*length),
        }
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().unwrap().names.keys().cloned().collect())
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let state = self.state.lock().unwrap();
        let inode = state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.files[*inode].live())
    }

    fn read_from(&self, name: &str, offset: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read(name)?;
        let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..));
        rest.map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn open(&self, name: &str) -> io::Result<SimulatedFile> {
        let state = self.state.lock().unwrap();
        let inode = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        let disk = self.clone();
        Ok(SimulatedFile { disk, inode })
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        Ok(self.state.lock().unwrap().names.contains_key(name))
    }

    fn create(&self, name: &str) -> io::Result<SimulatedFile> {
        let mut state = self.change()?;
        if state.names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.files.len();
        state.files.push(Inode::default());
        state.rename_names(NameChange::Link(name.to_owned(), inode));
        let disk = self.clone();
        Ok(SimulatedFile { disk, inode })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.change()?;
        if self.fault == Fault::OldGenerationRemovedFirst {
            let is_journal = |name: &&String| name.ends_with(".jsonl");
            let old: Vec<String> = state.names.keys().filter(is_journal).cloned().collect();
            for name in old {
                state.unlink(&name);
            }
        }
        let inode = *state.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        state.rename_names(NameChange::Rename(from.to_owned(), to.to_owned(), inode));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change()?.unlink(name);
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.change()?;
        if self.fault != Fault::NoDirectorySync {
            state.pending_names.clear();
            state.durable_names = state.names.clone();
        }
        Ok(())
    }
}

impl DiskFile for SimulatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.change()?;
        let full = self.disk.fault == Fault::Full;
        let room = if full { bytes.len() / 2 } else { bytes.len() };
        state.files[self.inode]
            .pending
            .push(Write::Append(bytes[..room].to_vec()));
        match full {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut state = self.disk.change()?;
        state.files[self.inode]
            .pending
            .push(Write::Truncate(length));
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.change()?;
        if self.disk.fault != Fault::NoFileSync {
            let live = state.files[self.inode].live();
            state.files[self.inode] = Inode {
                durable: live,
                pending: Vec::new(),
            };
        }
        Ok(())
    }
}
