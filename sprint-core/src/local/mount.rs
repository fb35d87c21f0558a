//! Telling network file systems apart, where locks and flushes mean something else.

use std::path::Path;

/// The type of the network file system that `path` is on, as far as the system says.
///
/// Only Linux says; elsewhere this finds nothing.
pub(crate) fn network_file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_mount(&mounts, &path)
}

/// The same, from the text of `mountinfo`.
fn network_mount(mounts: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((mount, options)) = line.split_once(" - ") else {
            continue;
        };
        let (Some(point), Some(kind)) = (mount.split(' ').nth(4), options.split(' ').next()) else {
            continue;
        };
        let point = unescape(point);
        let depth = Path::new(&point).components().count();
        // Of two mounts on one directory the later one covers the earlier.
        if path.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    let (_, kind) = best?;
    let family = kind.split('.').next().unwrap_or(kind);
    let network = [
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse",
        "fuseblk",
        "gfs2",
        "glusterfs",
        "lustre",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb2",
        "smb3",
        "smbfs",
        "virtiofs",
    ];
    network.contains(&family).then(|| kind.to_owned())
}

/// The kernel writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (code, plain)| {
        text.replace(code, plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /home/a\\040b rw shared:1 - nfs4 server:/home rw
31 30 254:1 / /home/a\\040b/local rw - xfs /dev/vdb rw
32 22 0:31 / /mnt rw - ext4 /dev/vdc rw
33 22 0:32 / /mnt rw - fuse.sshfs host: rw
broken line
";

    #[test]
    fn the_deepest_and_latest_mount_decides() {
        let check = |path: &str, expected: Option<&str>| {
            let found = network_mount(MOUNTS, Path::new(path));
            assert_eq!(found.as_deref(), expected, "{path}");
        };
        check("/work", None);
        check("/home/a b", Some("nfs4"));
        check("/home/a b/x", Some("nfs4"));
        check("/home/a bc", None);
        check("/home/a b/local/x", None);
        check("/mnt/repo", Some("fuse.sshfs"));
    }
}
