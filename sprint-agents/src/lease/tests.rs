use std::os::unix::fs::{PermissionsExt as _, symlink};

use sprint_core::run::effect::{EffectId, Step};

use super::*;

/// A directory of leases, and things beside it that nobody may touch.
struct Ground(tempfile::TempDir);

impl Ground {
    fn new() -> Self {
        let ground = Self(tempfile::tempdir().unwrap());
        fs::create_dir(ground.path("precious")).unwrap();
        fs::write(ground.path("precious/file"), "kept").unwrap();
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(name)
    }

    /// Another process of the same problem, or of another one.
    fn engine(&self, scope: &str, range: LeaseRange) -> Leases {
        let leases = Leases::new(self.path("leases"), scope).unwrap();
        leases.with_range(range)
    }

    fn is_intact(&self) -> bool {
        fs::read(self.path("precious/file")).is_ok_and(|text| text == b"kept")
    }
}

/// As many leases as asked for, whose ports no other test here uses.
fn range(first: u16, leases: u16) -> LeaseRange {
    LeaseRange::new(first, 3, leases).unwrap()
}

fn sprint(name: &str) -> SprintId {
    SprintId::new(name).unwrap()
}

fn key(ticket: &str) -> EffectKey {
    EffectKey {
        sprint: sprint("sprint-1"),
        effect: EffectId::ticket(TicketId::new(ticket).unwrap(), 1, Step::Check),
    }
}

fn gate() -> EffectKey {
    EffectKey {
        sprint: sprint("sprint-1"),
        effect: EffectId::sprint(1, Step::Gate),
    }
}

#[test]
fn a_range_has_ports() {
    for (first, each, leases, expect) in [
        (20_000, 10, 1_000, true),
        (65_526, 10, 1, true),
        (65_527, 10, 1, false),
        (60_000, 1_000, 1_000, false),
        (0, 1, 1, false),
        (1, 0, 1, false),
        (1, 1, 0, false),
    ] {
        let range = LeaseRange::new(first, each, leases);
        assert_eq!(range.is_some(), expect, "{first} {each} {leases}");
    }
    assert_eq!(range(65_530, 2).ports(1), 65_533..=65_535);
}

#[test]
fn no_two_share_a_lease_and_each_finds_its_own() {
    let ground = Ground::new();
    let range = range(21_000, 40);
    let engines = ["one", "one", "two"].map(|scope| ground.engine(scope, range));
    let keys = [key("A"), key("B"), gate()];
    let all = || {
        engines
            .iter()
            .flat_map(|engine| keys.iter().map(|key| engine.lease(key)))
    };
    let leases: Vec<_> = all().map(Result::unwrap).collect();
    for (at, a) in leases.iter().enumerate() {
        assert!(a.scratch().is_dir());
        for b in &leases[at + 1..] {
            assert_ne!(a.scratch(), b.scratch());
            assert!(!a.ports().any(|port| b.ports().contains(&port)));
        }
    }
    let again: Vec<_> = all().map(Result::unwrap).collect();
    assert_eq!(again, leases);
}

#[test]
fn a_ticket_finds_its_lease_after_a_restart_and_no_other_takes_it() {
    let ground = Ground::new();
    let range = range(21_200, 40);
    let before = ground.engine("one", range);
    let lease = before.lease(&key("A")).unwrap();
    fs::write(lease.scratch().join("cache"), "warm").unwrap();
    drop(before);
    let others = ground.engine("two", range);
    assert_ne!(others.lease(&key("A")).unwrap().ports(), lease.ports());
    let after = ground.engine("one", range);
    assert_ne!(after.lease(&key("B")).unwrap().ports(), lease.ports());
    assert_eq!(after.lease(&key("A")).unwrap(), lease);
    assert_eq!(fs::read(lease.scratch().join("cache")).unwrap(), b"warm");
}

#[test]
fn ports_in_use_are_not_leased() {
    let ground = Ground::new();
    let range = range(21_400, 20);
    let lease = ground.engine("one", range).lease(&key("A")).unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, *lease.ports().end())).unwrap();
    let after = ground.engine("one", range).lease(&key("A")).unwrap();
    assert!(!after.ports().contains(lease.ports().start()));
    drop(taken);
}

#[test]
fn what_somebody_left_is_reused_last_and_empty() {
    let ground = Ground::new();
    let range = range(21_500, 1);
    let first = ground.engine("one", range);
    let lease = first.lease(&key("A")).unwrap();
    fs::write(lease.scratch().join("secret"), "x").unwrap();
    let error = first.lease(&key("B")).unwrap_err().to_string();
    assert!(error.starts_with("all 1 leases in "), "{error}");
    drop(first);
    let next = ground.engine("one", range).lease(&key("B")).unwrap();
    assert_eq!(next.scratch(), lease.scratch());
    assert_eq!(fs::read_dir(next.scratch()).unwrap().count(), 0);
}

#[test]
fn leases_end_with_their_sprint_also_those_of_processes_that_died() {
    let ground = Ground::new();
    let range = range(21_600, 40);
    let lost = ground.engine("one", range).lease(&key("A")).unwrap();
    let leases = ground.engine("one", range);
    let held = leases.lease(&gate()).unwrap();
    let others = ground.engine("two", range);
    let other = others.lease(&key("A")).unwrap();
    // Whatever an agent linked to stays.
    symlink(ground.path("precious"), held.scratch().join("link")).unwrap();
    fs::remove_dir(lost.scratch()).unwrap();
    symlink(ground.path("precious"), lost.scratch()).unwrap();
    leases.end(&sprint("sprint")).unwrap();
    assert!(held.scratch().is_dir(), "that is another sprint");
    leases.end(&sprint("sprint-1")).unwrap();
    for gone in [&lost, &held] {
        assert!(gone.scratch().symlink_metadata().is_err());
    }
    assert!(other.scratch().is_dir());
    assert!(ground.is_intact());
    let after = ground.engine("three", range).lease(&key("C")).unwrap();
    assert!(after == lost || after == held, "the slots are free again");
}

#[test]
fn nothing_is_removed_where_the_directory_is_another() {
    let ground = Ground::new();
    let leases = ground.engine("one", range(21_800, 40));
    let lease = leases.lease(&key("A")).unwrap();
    let slot = lease.scratch().file_name().unwrap();
    fs::create_dir(ground.path("precious").join(slot)).unwrap();
    fs::rename(ground.path("leases/scratch"), ground.path("aside")).unwrap();
    symlink(ground.path("precious"), ground.path("leases/scratch")).unwrap();
    let error = leases.end(&sprint("sprint-1")).unwrap_err().to_string();
    assert!(
        error.ends_with("is not the directory that it was"),
        "{error}"
    );
    assert!(ground.path("precious").join(slot).is_dir() && ground.is_intact());
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let ground = Ground::new();
    let open = ground.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Leases::new(&open, "one").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[test]
fn variables_say_what_is_leased() {
    let lease = Lease {
        ports: 20_010..=20_019,
        scratch: "/scratch/1".into(),
    };
    let shown = lease.variables();
    let shown: Vec<_> = shown
        .iter()
        .map(|(name, value)| format!("{name}={}", value.display()))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    SPRINT_PORT=20010
    SPRINT_PORTS=20010-20019
    SPRINT_SCRATCH=/scratch/1
    ");
}
