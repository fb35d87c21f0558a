//! Repositories on disks that are full, with locks that nobody holds, or without all objects.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use sprint_core::domain::merge::{CombineSpec, Landed};
use sprint_core::domain::probe::ProbeSpec;
use sprint_core::failure::ErrorKind;
use sprint_core::ports::Vcs;

use crate::support::{
    Fixture, at, commit_all, git, key, leftovers, skipped, sprint, write, write_program,
};

#[tokio::test]
async fn a_lock_on_the_settings_is_in_nobodys_way() {
    let fixture = Fixture::new().await;
    let lock = fixture.root.join(".git/config.lock");
    fs::write(&lock, "").unwrap();
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    let checkout = fixture.vcs.checkout(&combined.tip, &sprint(), None).await;
    assert!(checkout.unwrap().join("b.txt").exists());
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    fixture.vcs.close(&workspace).await.unwrap();
    fixture.vcs.tidy(&sprint()).await.unwrap();
    assert!(!fixture.has("refs/sprint"));
    assert!(lock.exists(), "it is not ours");
}

/// Refs are made and moved beside it; only removing one has to wait.
#[tokio::test]
async fn a_lock_on_the_packed_refs_is_named_and_left() {
    let mut fixture = Fixture::new().await;
    let hasty = fixture.root.with_file_name("hasty-git");
    let wait = "core.packedRefsTimeout";
    let text = format!(
        "#!/bin/sh\nfor word; do shift; case $word in {wait}=*) word={wait}=1;; esac\n\
         set -- \"$@\" \"$word\"; done\nexec git \"$@\"\n"
    );
    write_program(&hasty, &text);
    fixture.reopen(|config| config.program = hasty).await;
    let ticket = fixture.ticket("ENG-1", &[("b.txt", "b\n")]).await;
    git(&fixture.root, &["pack-refs", "--all"]);
    let lock = fixture.root.join(".git/packed-refs.lock");
    fs::write(&lock, "").unwrap();
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
    let workspace = fixture.open(&fixture.spec("ENG-1")).await;
    let error = fixture.vcs.close(&workspace).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient, "{}", error.chain());
    let place = lock.display().to_string();
    assert!(error.chain().contains(&place), "{}", error.chain());
    assert!(lock.exists());
    fs::remove_file(&lock).unwrap();
    fixture.vcs.close(&workspace).await.unwrap();
    fixture.vcs.tidy(&sprint()).await.unwrap();
    assert!(!fixture.has("refs/sprint"));
    assert!(!fixture.has("refs/heads/worktree-ENG-1"));
}

/// A disk of its own for a test.
struct Disk(PathBuf);

impl Disk {
    /// A small one; `None` where nobody may mount it.
    fn small(place: PathBuf) -> Option<Self> {
        fs::create_dir(&place).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]);
        let mounted = mount.arg(&place).output();
        let is_there = mounted.is_ok_and(|output| output.status.success());
        is_there.then_some(Self(place))
    }

    fn fill(&self) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        let error = io::copy(&mut io::repeat(1), &mut filler).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_sprint_and_costs_nothing() {
    let mut fixture = Fixture::new().await;
    let Some(disk) = Disk::small(fixture.root.with_file_name("disk")) else {
        return skipped("only root can mount a small disk");
    };
    let root = disk.0.join("project");
    git(
        &disk.0,
        &[
            "clone",
            "-q",
            &fixture.root.display().to_string(),
            "project",
        ],
    );
    fixture.root = root;
    fixture.reopen(|_| {}).await;
    let one = fixture.ticket("ENG-1", &[("one.txt", "1\n")]).await;
    let two = fixture.ticket("ENG-2", &[("two.txt", "2\n")]).await;
    let spec = fixture.spec("ENG-3");
    let workspace = fixture.open(&spec).await;
    write(&workspace.path, "three.txt", &"3\n".repeat(10_000));
    let (base, both) = (fixture.head(), [one, two]);
    let combining = CombineSpec {
        base: base.clone(),
        merges: both.to_vec(),
        at: at(),
    };
    disk.fill();
    // Even looking at files may write an index.
    let refs = || {
        git(
            &fixture.root,
            &["for-each-ref", "refs/heads/", "refs/tags/"],
        )
    };
    let before = refs();
    let errors = [
        fixture.vcs.combine(&combining, &key()).await.map(|_| ()),
        fixture
            .vcs
            .collect(&workspace, &leftovers())
            .await
            .map(|_| ()),
        fixture
            .vcs
            .open(&fixture.spec("ENG-4"), &key())
            .await
            .map(|_| ()),
        fixture.vcs.close(&workspace).await,
    ];
    for (at, result) in errors.into_iter().enumerate() {
        let error = result.unwrap_err();
        let chain = error.chain();
        // Git does not always say why it could not write.
        let is_told =
            chain.contains("No space left on device") || chain.contains("Out of diskspace");
        let expected = if is_told {
            ErrorKind::Fatal
        } else {
            ErrorKind::Transient
        };
        assert_eq!(error.kind(), expected, "{at}: {chain}");
        assert!(is_told || at == 2, "{at}: {chain}");
    }
    assert_eq!(refs(), before);
    disk.free();
    assert_eq!(fixture.open(&spec).await, workspace);
    assert_eq!(fixture.collect(&workspace).await.commits, 1);
    let combined = fixture.combine(&base, &both).await;
    disk.fill();
    let landed = fixture.vcs.land(&fixture.landing(&combined), &key()).await;
    let error = landed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient, "{}", error.chain());
    assert_eq!(fixture.head(), base);
    disk.free();
    assert_eq!(git(&fixture.root, &["status", "--porcelain"]), "");
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);
}

#[tokio::test]
async fn a_partial_clone_works_where_it_has_the_objects_and_says_what_to_do_where_not() {
    let mut fixture = Fixture::new().await;
    let origin = fixture.root.clone();
    git(&origin, &["config", "uploadpack.allowFilter", "true"]);
    git(
        &origin,
        &["config", "uploadpack.allowAnySHA1InWant", "true"],
    );
    for text in ["one\ntwo\n", "one\ntwo\nthree\nfour\n"] {
        write(&origin, "a.txt", text);
        commit_all(&origin, "base moves on");
    }
    for side in ["left", "right"] {
        git(&origin, &["checkout", "-q", "-b", side, "main~1"]);
        write(&origin, "a.txt", &format!("one\ntwo\n{side}\n"));
        commit_all(&origin, side);
    }
    git(&origin, &["checkout", "-q", "main"]);
    let clone = origin.with_file_name("clone");
    let from = format!("file://{}", origin.display());
    let place = clone.display().to_string();
    git(
        &origin,
        &["clone", "-q", "--filter=blob:none", &from, &place],
    );
    let commit = |name: &str| fixture.rev(name);
    let [left, right, base] = ["left", "right", "main"].map(commit);
    fixture.root = clone;
    fixture.reopen(|_| {}).await;
    let ticket = fixture
        .ticket(
            "ENG-1",
            &[("b.txt", "b\n"), ("a.txt", "ONE\ntwo\nthree\nfour\n")],
        )
        .await;
    let combined = fixture.combine(&fixture.head(), &[ticket]).await;
    assert_eq!(fixture.land(&fixture.landing(&combined)).await, Landed::Yes);

    let branches = [("LEFT", left), ("RIGHT", right)];
    let spec = ProbeSpec {
        base,
        branches: branches
            .map(|(name, tip)| (name.parse().unwrap(), tip))
            .into(),
    };
    let error = fixture.vcs.probe(&spec).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let text = error.chain();
    let advice =
        "the clone is partial and lacks an object; `git fetch --refetch --no-filter` completes it";
    assert!(text.contains(advice), "{text}");
    git(&fixture.root, &["fetch", "-q", "--refetch", "--no-filter"]);
    let probe = fixture.vcs.probe(&spec).await.unwrap();
    assert_eq!(probe.against_base.len(), 2);
}
