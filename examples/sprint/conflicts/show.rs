//! What was found out about branches, for people and for tools.

use serde_json::{Value, json};
use sprint_core::domain::path::RepoPath;
use sprint_core::plan::conflict::Risk;

use super::{Findings, Pair};

/// Files shown per line; tools get all of them.
const MOST_FILES: usize = 4;

impl Findings {
    /// One JSON document.
    pub(super) fn json(&self) -> Value {
        let pair = |pair: &Pair| {
            json!({
                "a": pair.a,
                "b": pair.b,
                "risk": name(pair.risk),
                "clash": pair.clash,
                "files": pair.files,
            })
        };
        let against_base =
            |(branch, files): &(String, Vec<RepoPath>)| json!({ "branch": branch, "files": files });
        json!({ "conflicts": {
            "base": self.base,
            "base_head": self.base_head,
            "branches": self.branches,
            "unrelated": self.unrelated,
            "against_base": self.against_base.iter().map(against_base).collect::<Vec<_>>(),
            "pairs": self.pairs.iter().map(pair).collect::<Vec<_>>(),
            "merges": self.merges,
            "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        }})
    }

    /// Branches that do not merge onto base, a table of the pairs, and a line that counts.
    pub(super) fn text(&self) -> String {
        let mut blocks = Vec::new();
        if !self.against_base.is_empty() {
            let lines = self
                .against_base
                .iter()
                .map(|(branch, list)| format!("\n  {}: {}", visible(branch), files(list)));
            let lines: Vec<_> = lines.collect();
            blocks.push(format!(
                "Do not merge onto {}:{}",
                self.base,
                lines.concat()
            ));
        }
        if !self.unrelated.is_empty() {
            let names: Vec<_> = self.unrelated.iter().map(|name| visible(name)).collect();
            let names = names.join(", ");
            blocks.push(format!(
                "Left out, without a commit in common with {}: {names}",
                self.base
            ));
        }
        if !self.pairs.is_empty() {
            blocks.push(self.table());
        }
        blocks.push(self.counts());
        blocks.join("\n\n") + "\n"
    }

    /// The files come last: it is the only column without a bound.
    fn table(&self) -> String {
        let head = ["BRANCH A", "BRANCH B", "RISK", "CLASH", "FILES"].map(str::to_owned);
        let row = |pair: &Pair| {
            let clash = match pair.clash {
                Some(true) => "yes",
                Some(false) => "no",
                None => "untried",
            };
            [
                visible(&pair.a),
                visible(&pair.b),
                name(pair.risk).to_owned(),
                clash.to_owned(),
                files(&pair.files),
            ]
        };
        let rows: Vec<_> = [head]
            .into_iter()
            .chain(self.pairs.iter().map(row))
            .collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<_> = (0..4).map(|column| width(column).unwrap_or(0)).collect();
        let line = |row: &[String; 5]| {
            let cells = row.iter().zip(widths.iter().chain([&0]));
            let cells: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn counts(&self) -> String {
        let branches = self.branches.len();
        let all = branches * branches.saturating_sub(1) / 2;
        let clash = self.pairs.iter().filter(|p| p.clash == Some(true)).count();
        let risk = |risk| self.pairs.iter().filter(|pair| pair.risk == risk).count();
        format!(
            "{} on {} at {}: {}, {clash} clashing, {} HIGH, {} MEDIUM, {} LOW; {} in {:.3} s",
            counted(branches, "branch", "branches"),
            self.base,
            &self.base_head.as_str()[..12],
            counted(all, "pair", "pairs"),
            risk(Risk::High),
            risk(Risk::Medium),
            risk(Risk::Low),
            counted(self.merges as usize, "merge", "merges"),
            self.took.as_secs_f64()
        )
    }
}

/// A name that others chose, safe to print: whatever moves a cursor, hides or turns text around is
/// spelled out.
pub(super) fn visible(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        let tricky = c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if tricky {
            text.extend(c.escape_unicode());
        } else {
            text.push(c);
        }
    }
    text
}

fn files(paths: &[RepoPath]) -> String {
    let shown = paths.iter().take(MOST_FILES);
    let shown: Vec<_> = shown.map(|path| visible(path.as_str())).collect();
    match paths.len().saturating_sub(MOST_FILES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

const fn name(risk: Risk) -> &'static str {
    match risk {
        Risk::High => "HIGH",
        Risk::Medium => "MEDIUM",
        Risk::Low => "LOW",
        Risk::None => "NONE",
    }
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
