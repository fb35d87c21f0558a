//! Proof that the resolution of a conflict drops nothing that either side did.
//!
//! A merge that compiles can still have lost half of the work, and tests rarely notice. So both
//! sides are counted against what came out. Nothing here knows a language: a *line* is compared
//! with its whitespace squeezed and matters if a letter or digit is in it; a *word* is a run of
//! letters, digits and underscores, or a number with its dots, inside strings and comments too.
//!
//! Let `n(side, x)` count `x` in a version of the file, `other` be the side that is not `side`,
//! and `shared` be the lines that both sides added alike. A line `L` is **added** by a side if
//! `n(side, L) > n(base, L)`. It is kept if one of these is so:
//!
//! 1. *There*: `n(resolved, L) ≥ n(side, L) − max(0, n(base, L) − n(other, L))`. The other side
//!    may have removed copies.
//! 2. *Reflowed*: its tokens stand one after the other, across ends of lines, as often as `want`
//!    says.
//! 3. *Absorbed*: another line that base does not have holds all its tokens in order, as
//!    `use a::{B, C}` holds `use a::{B}`. Each absorbs one.
//! 4. *Rewritten*: `L` has words that the side added, `n(side, w) > n(base, w) + n(shared, w)`,
//!    and `n(resolved, w) ≥ want(w)` for each of them.
//!
//! `want(x) = n(side, x) + n(other, x) − n(base, x) − n(shared, x)`: what both sides did to `x`,
//! and what they did alike once. Were the other side left out of it, its words would stand in for
//! the ones that were dropped. Two and three ask for three tokens; fewer stand anywhere.
//!
//! A line is **revived** if one side removed copies, the other did not, and
//! `n(resolved, L) > n(side, L) + max(0, n(other, L) − n(base, L))`. It is not if its tokens stand
//! one after the other as often as on base: then the side only reflowed it. A file that one side
//! deleted is revived as a whole.
//!
//! What this cannot see: lines that are in another order, words that were kept in the wrong
//! place, and lines of base that the resolution dropped though neither side did.

mod show;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::agent::Waiver;
use crate::domain::path::RepoPath;
use crate::run::no_drop::text::{Text, squeeze};

/// The versions of one file that a resolution is judged by; `None` where there is no file.
#[derive(Clone, Copy, Debug)]
pub struct FileMerge<'a> {
    /// The file.
    pub path: &'a RepoPath,
    /// What both sides began with.
    pub base: Option<&'a str>,
    /// What was merged first.
    pub ours: Option<&'a str>,
    /// What is being merged.
    pub theirs: Option<&'a str>,
    /// What came out.
    pub resolved: Option<&'a str>,
}

/// One of the two sides of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What was merged first.
    Ours,
    /// What is being merged.
    Theirs,
}

/// What a resolution did not take over from a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// A line that the side added is not there.
    Dropped,
    /// A line that the side removed is there again.
    Revived,
    /// The file that the side deleted is there again.
    FileRevived,
}

/// One thing that a side did and the resolution does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The file.
    pub path: RepoPath,
    /// Whose work it is.
    pub side: Side,
    /// What happened to it.
    pub loss: Loss,
    /// The line number from 1: in the side's file for what was dropped, in the resolution for
    /// what was revived. Of equal lines, the last ones are named.
    pub line: u32,
    /// The line with its whitespace squeezed; the path for a whole file.
    pub text: String,
}

/// How many of the lines that a side added are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// There, or rewritten so that nothing is lost.
    pub kept: u32,
    /// All that the side added.
    pub added: u32,
}

/// What became of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileTally {
    /// The file.
    pub path: RepoPath,
    /// Lines of our side.
    pub ours: Tally,
    /// Lines of their side.
    pub theirs: Tally,
}

/// The judgement of a resolution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoDrop {
    /// Every file that was looked at.
    pub files: Vec<FileTally>,
    /// What is lost without a reason.
    pub dropped: Vec<Dropped>,
    /// What is lost, and the reason given for it.
    pub waived: Vec<(Dropped, String)>,
    /// Conflict markers that were left, by line number.
    pub markers: Vec<(RepoPath, u32)>,
}

impl NoDrop {
    /// Judges a resolution, file by file.
    pub fn judge<'a>(files: impl IntoIterator<Item = FileMerge<'a>>, waivers: &[Waiver]) -> Self {
        let mut judged = Self::default();
        for file in files {
            let (tally, losses) = judge_file(&file);
            judged.files.push(tally);
            for loss in losses {
                match waivers.iter().find(|waiver| waiver.covers(&loss)) {
                    Some(waiver) => judged.waived.push((loss, waiver.reason.trim().to_owned())),
                    None => judged.dropped.push(loss),
                }
            }
            let left = leftover_markers(&file).into_iter();
            judged
                .markers
                .extend(left.map(|line| (file.path.clone(), line)));
        }
        judged
    }

    /// Whether nothing is lost without a reason and no marker is left.
    pub const fn holds(&self) -> bool {
        self.dropped.is_empty() && self.markers.is_empty()
    }

    /// How many added lines are there, over all files and both sides.
    pub fn kept(&self) -> u32 {
        self.files.iter().map(|f| f.ours.kept + f.theirs.kept).sum()
    }
}

impl Waiver {
    /// Whether it names this loss and gives a reason.
    pub fn covers(&self, loss: &Dropped) -> bool {
        let what = squeeze(self.what.trim().trim_matches('`'));
        // Punctuation alone would waive half of the file.
        let names_something = what.contains(char::is_alphanumeric);
        names_something
            && !self.reason.trim().is_empty()
            && self.path == loss.path
            && match loss.loss {
                Loss::FileRevived => what == loss.text,
                Loss::Dropped | Loss::Revived => {
                    what == loss.text
                        || squeeze(&self.what) == loss.text
                        || has_symbol(&loss.text, &what)
                }
            }
    }
}

/// The lines that look like conflict markers, from 1.
///
/// A line of seven `=` alone is one of them only where another kind is there too, since it also
/// underlines headings.
pub fn markers(text: &str) -> Vec<u32> {
    let all = all_markers(text);
    let sure = all.iter().any(|(_, kind)| *kind == Marker::Sure);
    let lines = all
        .into_iter()
        .filter(|(_, kind)| sure || *kind == Marker::Sure);
    lines.map(|(line, _)| line).collect()
}

/// The changed files that a resolution had no business with: neither in conflict nor touched by
/// either side.
pub fn outside(
    changed: &[RepoPath],
    conflicted: &[RepoPath],
    ours_changed: &[RepoPath],
    theirs_changed: &[RepoPath],
) -> Vec<RepoPath> {
    let allowed: BTreeSet<_> = [conflicted, ours_changed, theirs_changed]
        .concat()
        .into_iter()
        .collect();
    changed
        .iter()
        .filter(|path| !allowed.contains(path))
        .cloned()
        .collect()
}

fn judge_file(file: &FileMerge<'_>) -> (FileTally, Vec<Dropped>) {
    let base = Text::new(file.base);
    let ours = Text::new(file.ours);
    let theirs = Text::new(file.theirs);
    let resolved = Text::new(file.resolved);
    let shared = shared(&base, &ours, &theirs);
    let fresh = fresh(&base, &resolved);
    let mut losses = Vec::new();
    let mut judge_side = |name: Side, gone: bool, side: &Text, other: &Text| {
        let sides = Sides {
            base: &base,
            side,
            other,
            shared: &shared,
            resolved: &resolved,
            fresh: &fresh,
        };
        let loss = |loss, line, text: &str| Dropped {
            path: file.path.clone(),
            side: name,
            loss,
            line,
            text: text.to_owned(),
        };
        let (tally, dropped) = sides.dropped();
        losses.extend(
            dropped
                .iter()
                .map(|(line, text)| loss(Loss::Dropped, *line, text)),
        );
        if gone && file.base.is_some() && file.resolved.is_some() {
            losses.push(loss(Loss::FileRevived, 1, file.path.as_str()));
        } else {
            let revived = sides.revived();
            losses.extend(
                revived
                    .iter()
                    .map(|(line, text)| loss(Loss::Revived, *line, text)),
            );
        }
        tally
    };
    let tally = FileTally {
        path: file.path.clone(),
        ours: judge_side(Side::Ours, file.ours.is_none(), &ours, &theirs),
        theirs: judge_side(Side::Theirs, file.theirs.is_none(), &theirs, &ours),
    };
    (tally, losses)
}

/// The lines that both sides added alike.
fn shared(base: &Text, ours: &Text, theirs: &Text) -> Text {
    let mut lines = String::new();
    for line in ours.lines.keys() {
        let both = ours.count(line).min(theirs.count(line));
        for _ in base.count(line)..both {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    Text::new(Some(&lines))
}

/// A line of the resolution that base has fewer copies of.
struct Fresh<'a> {
    line: &'a str,
    copies: u32,
    tokens: Vec<&'a str>,
}

fn fresh<'a>(base: &Text, resolved: &'a Text) -> Vec<Fresh<'a>> {
    let lines = resolved.lines.keys().map(|line| Fresh {
        line,
        copies: resolved.count(line).saturating_sub(base.count(line)),
        tokens: text::tokens(line),
    });
    lines.filter(|fresh| fresh.copies > 0).collect()
}

/// The versions of a file, as seen from one side.
struct Sides<'a> {
    base: &'a Text,
    side: &'a Text,
    other: &'a Text,
    shared: &'a Text,
    resolved: &'a Text,
    fresh: &'a [Fresh<'a>],
}

impl<'a> Sides<'a> {
    /// What the side added, and the lines of it that are lost.
    fn dropped(&self) -> (Tally, Vec<(u32, &'a str)>) {
        let mut tally = Tally::default();
        let mut dropped = Vec::new();
        for (line, at) in &self.side.lines {
            let (side, base) = (self.side.count(line), self.base.count(line));
            if side <= base {
                continue;
            }
            let added = side - base;
            let removed = base.saturating_sub(self.other.count(line));
            let need = side.saturating_sub(removed);
            let missing = need.saturating_sub(self.resolved.count(line)).min(added);
            let lost = if missing > 0 && !self.lives_on(line, missing) {
                missing
            } else {
                0
            };
            tally.added += added;
            tally.kept += added - lost;
            dropped.extend(
                at.iter()
                    .rev()
                    .take(lost as usize)
                    .map(|n| (*n, line.as_str())),
            );
        }
        dropped.sort_unstable();
        (tally, dropped)
    }

    /// The lines that the side removed and that are there again.
    fn revived(&self) -> Vec<(u32, &'a str)> {
        let mut revived = Vec::new();
        for line in self.base.lines.keys() {
            let (base, side) = (self.base.count(line), self.side.count(line));
            let other = self.other.count(line);
            if side >= base || other < base || !self.is_removed(line) {
                continue;
            }
            let extra = self
                .resolved
                .count(line)
                .saturating_sub(side + other - base);
            if let Some((line, at)) = self.resolved.lines.get_key_value(line) {
                revived.extend(
                    at.iter()
                        .rev()
                        .take(extra as usize)
                        .map(|n| (*n, line.as_str())),
                );
            }
        }
        revived.sort_unstable();
        revived
    }

    /// Whether the side removed what the line says, and not only where it ends.
    fn is_removed(&self, line: &str) -> bool {
        let tokens = text::tokens_of_line(line);
        self.side.runs(&tokens) < self.base.runs(&tokens)
    }

    /// Whether a line that is not there is reflowed, absorbed or rewritten.
    fn lives_on(&self, line: &str, missing: u32) -> bool {
        /// Fewer tokens than this prove nothing by standing next to each other.
        const FEW: usize = 3;
        let tokens = text::tokens_of_line(line);
        let telling = tokens.len() >= FEW;
        telling && (self.is_reflowed(&tokens) || self.absorbers(line, &tokens) >= missing)
            || self.is_rewritten(line)
    }

    fn is_reflowed(&self, tokens: &[&str]) -> bool {
        self.resolved.runs(tokens) >= self.want(|text| text.runs(tokens))
    }

    fn absorbers(&self, line: &str, tokens: &[&str]) -> u32 {
        let fresh = self.fresh.iter().filter(|fresh| fresh.line != line);
        let absorb = fresh.filter(|fresh| text::hold_in_order(&fresh.tokens, tokens));
        absorb.map(|fresh| fresh.copies).sum()
    }

    fn is_rewritten(&self, line: &str) -> bool {
        let added = |word: &&str| {
            self.side.words_like(word) > self.base.words_like(word) + self.shared.words_like(word)
        };
        let mut words = text::words(line).filter(added).peekable();
        words.peek().is_some()
            && words.all(|w| self.resolved.words_like(w) >= self.want(|text| text.words_like(w)))
    }

    fn want(&self, count: impl Fn(&Text) -> u32) -> u32 {
        let wanted = count(self.side) + count(self.other);
        wanted.saturating_sub(count(self.base) + count(self.shared))
    }
}

/// Whether `symbol` stands in `text` and is not a part of a longer word.
fn has_symbol(text: &str, symbol: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(symbol).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + symbol.len()..].chars().next();
        let cuts = |outside: Option<char>, edge: Option<char>| {
            outside.is_some_and(part) && edge.is_some_and(part)
        };
        !cuts(before, symbol.chars().next()) && !cuts(after, symbol.chars().next_back())
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    Sure,
    Underline,
}

fn all_markers(text: &str) -> Vec<(u32, Marker)> {
    let kind = |line: &str| {
        let opens = |mark: &str| {
            line.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if ["<<<<<<<", ">>>>>>>", "|||||||"].into_iter().any(opens) {
            Some(Marker::Sure)
        } else {
            (line == "=======").then_some(Marker::Underline)
        }
    };
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(n, line)| Some((n, kind(line)?)))
        .collect()
}

/// Markers in the resolution; an underline is one too where no version before had any.
fn leftover_markers(file: &FileMerge<'_>) -> Vec<u32> {
    let resolved = file.resolved.unwrap_or_default();
    let before = [file.base, file.ours, file.theirs];
    if before
        .into_iter()
        .flatten()
        .any(|text| !all_markers(text).is_empty())
    {
        markers(resolved)
    } else {
        all_markers(resolved)
            .into_iter()
            .map(|(line, _)| line)
            .collect()
    }
}
