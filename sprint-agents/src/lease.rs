//! Ports and a scratch directory for each ticket, so that programs that run at the same time do not
//! meet.
//!
//! A lease is one of a fixed number of slots. What holds a slot is a lock of the operating system
//! on the slot's file, which ends with the process; what the file says is for whom it was, so that
//! a ticket finds its lease again after a restart. Programs of this user that share the directory
//! share no slot; of others they see the ports that are in use when a lease begins.
//!
//! ```text
//! {directory}/locks/0007      locked as long as the lease is held; says for whom
//! {directory}/scratch/0007/   the scratch directory of the lease
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sprint_core::failure::ErrorKind;
use sprint_core::id::{SprintId, TicketId};
use sprint_core::ports::{Error, Result};
use sprint_core::run::effect::EffectKey;

use crate::environment::Environment;

/// How often all slots are looked at before there is none: a process that is about to start another
/// program hands its locks on for a moment.
const LOOKS: u32 = 30;

#[expect(
    clippy::disallowed_methods,
    reason = "a few milliseconds, and off the executor"
)]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(10));
}

/// The longest note in a lock file that is read.
const NOTE: u64 = 16 * 1024;

/// Which ports are leased, and to how many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseRange {
    first: u16,
    each: u16,
    leases: u16,
}

impl LeaseRange {
    /// `leases` ranges of `each` ports from `first` on; `None` if there are none, or no such ports.
    pub fn new(first: u16, each: u16, leases: u16) -> Option<Self> {
        let end = u32::from(first) + u32::from(each) * u32::from(leases);
        let valid = first > 0 && each > 0 && leases > 0 && end <= 1 << 16;
        valid.then_some(Self {
            first,
            each,
            leases,
        })
    }

    fn ports(self, slot: u16) -> RangeInclusive<u16> {
        let first = self.first + slot * self.each;
        first..=first + (self.each - 1)
    }
}

impl Default for LeaseRange {
    /// A thousand times ten ports from 20000 on, below those that systems hand out by themselves.
    fn default() -> Self {
        Self {
            first: 20_000,
            each: 10,
            leases: 1_000,
        }
    }
}

/// What a ticket has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    ports: RangeInclusive<u16>,
    scratch: PathBuf,
}

impl Lease {
    /// The ports. They could be bound when the lease began.
    pub fn ports(&self) -> RangeInclusive<u16> {
        self.ports.clone()
    }

    /// A directory that goes with the sprint.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// `SPRINT_PORT`, the first port; `SPRINT_PORTS`, the first and the last as in `20000-20009`;
    /// and `SPRINT_SCRATCH`, the directory.
    pub fn variables(&self) -> [(&'static str, OsString); 3] {
        let (first, last) = (self.ports.start(), self.ports.end());
        [
            ("SPRINT_PORT", first.to_string().into()),
            ("SPRINT_PORTS", format!("{first}-{last}").into()),
            ("SPRINT_SCRATCH", self.scratch.clone().into()),
        ]
    }

    /// The same environment with these variables.
    pub(crate) fn give(&self, environment: Environment) -> Environment {
        let variables = self.variables().into_iter();
        variables.fold(environment, |environment, (name, value)| {
            environment.with(name, value)
        })
    }
}

/// The leases of the sprints of one engine.
///
/// Dropping it, or the death of the process, frees the slots; scratch directories stay until
/// [`end`](Self::end), or until a slot is needed for another.
#[derive(Debug)]
pub struct Leases {
    directory: Place,
    scratch: Place,
    scope: String,
    range: LeaseRange,
    held: Mutex<BTreeMap<String, Held>>,
}

/// A slot that is ours as long as this lives.
#[derive(Debug)]
struct Held {
    _lock: File,
    lease: Lease,
}

/// A directory of ours, recognised again.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    is: (u64, u64),
}

impl Leases {
    /// Leases in a directory that all engines of this user share; it is made if it is not there.
    /// `scope` is what all engines of one problem share and no other has, such as the path of its
    /// state directory.
    ///
    /// # Errors
    ///
    /// If the directory, or one in it, cannot be made, or is not this user's alone.
    pub fn new(directory: impl AsRef<Path>, scope: impl AsRef<Path>) -> io::Result<Self> {
        let directory = Place::make(directory.as_ref())?;
        Place::make(&directory.path.join("locks"))?;
        Ok(Self {
            scratch: Place::make(&directory.path.join("scratch"))?,
            directory,
            scope: scope.as_ref().display().to_string(),
            range: LeaseRange::default(),
            held: Mutex::default(),
        })
    }

    /// Leases in the one directory of this user, below that for temporary files.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn of_user(scope: impl AsRef<Path>) -> io::Result<Self> {
        let user = rustix::process::getuid().as_raw();
        Self::new(
            std::env::temp_dir().join(format!("sprint-leases-{user}")),
            scope,
        )
    }

    /// The same leases, of other ports.
    #[must_use]
    pub fn with_range(mut self, range: LeaseRange) -> Self {
        self.range = range;
        self
    }

    /// The lease of the ticket, or of the sprint as a whole, that an effect is about. It stays the
    /// same as long as the sprint runs, and is found again after a restart unless a port of it is
    /// taken.
    ///
    /// # Errors
    ///
    /// If every slot is held or has a port that is taken, or files cannot be written.
    pub fn lease(&self, key: &EffectKey) -> io::Result<Lease> {
        let who = key.effect.ticket_id().map_or("*", TicketId::as_str);
        let holder = format!("{}{who}\n", self.holders(&key.sprint));
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.get(&holder) {
            return Ok(held.lease.clone());
        }
        let new = self.acquire(&holder)?;
        let lease = new.lease.clone();
        held.insert(holder, new);
        Ok(lease)
    }

    /// The same, away from the executor.
    pub(crate) async fn of(self: &Arc<Self>, key: &EffectKey) -> Result<Lease> {
        let (leases, of) = (Arc::clone(self), key.clone());
        let lease = tokio::task::spawn_blocking(move || leases.lease(&of)).await;
        let lease = lease.unwrap_or_else(|error| Err(io::Error::other(error)));
        lease.map_err(|error| {
            Error::new(ErrorKind::Transient, "lease ports", key.to_string()).because(error)
        })
    }

    /// Ends the leases of a sprint, those of earlier processes included, and removes their scratch
    /// directories. Nothing that these lead to is touched.
    ///
    /// # Errors
    ///
    /// If something cannot be removed. The other leases end all the same.
    pub fn end(&self, sprint: &SprintId) -> io::Result<()> {
        let begin = self.holders(sprint);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|holder, _| !holder.starts_with(&begin));
        let mut ended = Ok(());
        for slot in 0..self.range.leases {
            if !self.note(slot).starts_with(&begin) {
                continue;
            }
            let Some(mut lock) = self.try_lock(slot)? else {
                continue;
            };
            if read(&mut lock)?.starts_with(&begin) {
                let cleared = self.clear(slot).and_then(|()| lock.set_len(0));
                ended = ended.and(cleared);
            }
        }
        ended
    }

    /// What the names of a sprint's holders begin with, as lock files have them.
    fn holders(&self, sprint: &SprintId) -> String {
        format!("{:?}\n{sprint}\n", self.scope)
    }

    /// The slot that is already the holder's, else one that is nobody's, else one that somebody
    /// left.
    fn acquire(&self, holder: &str) -> io::Result<Held> {
        for _ in 0..LOOKS {
            if let Some(held) = self.look(holder)? {
                return Ok(held);
            }
            pause();
        }
        let (leases, place) = (self.range.leases, self.directory.path.display());
        let message = format!("all {leases} leases in {place} are held, or have a port in use");
        Err(io::Error::other(message))
    }

    /// The slot of before, else one that nobody had, else one that is left.
    fn look(&self, holder: &str) -> io::Result<Option<Held>> {
        let slots = || 0..self.range.leases;
        for slot in slots().filter(|slot| self.note(*slot) == holder) {
            if let Some(held) = self.claim(slot, holder, |was| was == holder)? {
                return Ok(Some(held));
            }
        }
        for slot in slots() {
            if let Some(held) = self.claim(slot, holder, str::is_empty)? {
                return Ok(Some(held));
            }
        }
        for slot in slots() {
            if let Some(held) = self.claim(slot, holder, |was| was != holder)? {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }

    /// Takes a slot if nobody holds it, its ports are free, and it was one's that may be followed.
    fn claim(
        &self,
        slot: u16,
        holder: &str,
        may_follow: impl FnOnce(&str) -> bool,
    ) -> io::Result<Option<Held>> {
        let Some(mut lock) = self.try_lock(slot)? else {
            return Ok(None);
        };
        let was = read(&mut lock)?;
        let ports = self.range.ports(slot);
        if !may_follow(&was) || !ports.clone().all(is_free) {
            return Ok(None);
        }
        let scratch = self.scratch.path.join(name(slot));
        if was != holder {
            lock.set_len(0)?;
            self.clear(slot)?;
            lock.write_all(holder.as_bytes())?;
        }
        make_private(&scratch)?;
        let lease = Lease { ports, scratch };
        Ok(Some(Held { _lock: lock, lease }))
    }

    /// What the file of a slot says, whoever holds it.
    fn note(&self, slot: u16) -> String {
        let file = File::open(self.lock_path(slot));
        file.and_then(|mut file| read(&mut file))
            .unwrap_or_default()
    }

    fn try_lock(&self, slot: u16) -> io::Result<Option<File>> {
        let mut options = File::options();
        options.read(true).append(true).create(true);
        let file = options.open(self.lock_path(slot))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn lock_path(&self, slot: u16) -> PathBuf {
        self.directory.path.join("locks").join(name(slot))
    }

    /// Removes what is in the place of a scratch directory; of a link, not what it leads to.
    fn clear(&self, slot: u16) -> io::Result<()> {
        self.directory.check()?;
        self.scratch.check()?;
        let path = self.scratch.path.join(name(slot));
        let removed = match path.symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(because(&error, "cannot remove", &path)),
            Ok(()) => Ok(()),
        }
    }
}

impl Place {
    /// Makes the directory if it is not there; one that others may write to is refused.
    fn make(path: &Path) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(path);
        made.map_err(|error| because(&error, "cannot make", path))?;
        let path = path.canonicalize()?;
        let found = path.symlink_metadata()?;
        let own = rustix::process::geteuid().as_raw();
        if found.uid() != own || found.mode() & 0o022 != 0 {
            let message = format!("{} may be written to by others", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        Ok(Self {
            path,
            is: (found.dev(), found.ino()),
        })
    }

    /// Fails if something else is in its place by now.
    fn check(&self) -> io::Result<()> {
        let found = self.path.symlink_metadata();
        if found.is_ok_and(|found| found.is_dir() && (found.dev(), found.ino()) == self.is) {
            return Ok(());
        }
        let message = format!("{} is not the directory that it was", self.path.display());
        Err(io::Error::other(message))
    }
}

fn name(slot: u16) -> String {
    format!("{slot:05}")
}

fn read(file: &mut File) -> io::Result<String> {
    let mut text = Vec::new();
    file.take(NOTE).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Makes a directory for this user alone, if it is not there already.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(_) if path.symlink_metadata().is_ok_and(|found| found.is_dir()) => Ok(()),
        Err(error) => Err(because(&error, "cannot make", path)),
        Ok(()) => Ok(()),
    }
}

/// Whether nobody listens on a port of this machine.
fn is_free(port: u16) -> bool {
    let bind = |address: SocketAddr| TcpListener::bind(address).map(drop);
    let v6 = bind((Ipv6Addr::LOCALHOST, port).into());
    // Not every machine has IPv6.
    let v6 = v6.is_ok() || bind((Ipv6Addr::LOCALHOST, 0).into()).is_err();
    v6 && bind((Ipv4Addr::LOCALHOST, port).into()).is_ok()
}

fn because(error: &io::Error, what: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
