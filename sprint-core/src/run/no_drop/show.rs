//! The judgement as people read it.

use std::fmt;

use crate::run::no_drop::{Dropped, Loss, NoDrop, Side};

/// Lines per section, so that the whole stays on one screen.
const MOST: usize = 8;
/// Characters of a quoted line.
const WIDEST: usize = 100;

impl fmt::Display for NoDrop {
    /// At most forty lines; nothing in it ends with a newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added: u32 = self
            .files
            .iter()
            .map(|t| t.ours.added + t.theirs.added)
            .sum();
        let holds = if self.holds() {
            "holds"
        } else {
            "does not hold"
        };
        write!(
            f,
            "no-drop proof {holds}: {} of {added} added lines kept",
            self.kept()
        )?;
        section(f, "", &self.files, |f, tally| {
            let (ours, theirs) = (tally.ours, tally.theirs);
            let path = Quoted(tally.path.as_str());
            write!(
                f,
                "{path}: ours {} of {}, theirs {} of {}",
                ours.kept, ours.added, theirs.kept, theirs.added
            )
        })?;
        section(f, "lost:", &self.dropped, |f, loss| write!(f, "{loss}"))?;
        section(f, "waived:", &self.waived, |f, (loss, reason)| {
            write!(f, "{loss} ({})", Quoted(reason))
        })?;
        section(f, "conflict markers:", &self.markers, |f, (path, line)| {
            write!(f, "{}:{line}", Quoted(path.as_str()))
        })
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Ours => "ours",
            Side::Theirs => "theirs",
        };
        let (path, line) = (Quoted(self.path.as_str()), self.line);
        match self.loss {
            Loss::Dropped => write!(f, "{path}:{line} added by {side}: {}", Quoted(&self.text)),
            Loss::Revived => write!(
                f,
                "{path}:{line} removed by {side}, but back: {}",
                Quoted(&self.text)
            ),
            Loss::FileRevived => write!(f, "{path} deleted by {side}, but back"),
        }
    }
}

fn section<T>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    items: &[T],
    show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    if !title.is_empty() {
        write!(f, "\n{title}")?;
    }
    for item in items.iter().take(MOST) {
        f.write_str("\n  ")?;
        show(f, item)?;
    }
    match items.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => write!(f, "\n  and {more} more"),
    }
}

/// Text from outside: cut, and without control characters.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(WIDEST) {
            write!(
                f,
                "{}",
                if c.is_control() {
                    char::REPLACEMENT_CHARACTER
                } else {
                    c
                }
            )?;
        }
        f.write_str(if chars.next().is_some() { "…" } else { "" })
    }
}
