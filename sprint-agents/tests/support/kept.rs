//! Conversations that Claude Code has kept.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Waits until a conversation that was kept says this. One is kept a moment after it took place:
/// a program that is killed before that cannot go on with it.
pub(crate) async fn keeps(home: &Path, words: &str) {
    while !kept(home).any(|text| text.contains(words)) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn kept(home: &Path) -> impl Iterator<Item = String> {
    let places = fs::read_dir(home.join(".claude/projects"));
    let places = places.into_iter().flatten().flatten();
    let files = places.filter_map(|place| fs::read_dir(place.path()).ok());
    let texts = files.flatten().flatten().map(|file| fs::read(file.path()));
    texts.map(|text| String::from_utf8_lossy(&text.unwrap_or_default()).into_owned())
}
