//! Signs that a context agent answers from memory rather than from the code (spec 3.7).

/// One sign of degradation in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// It warns about itself.
    Warning,
    /// No claim has a path and a line.
    NoReference,
    /// It says that it may be wrong.
    Hedging,
    /// It tells roughly what is there, rather than what is there.
    Paraphrase,
}

impl Signal {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::NoReference => "no_reference",
            Self::Hedging => "hedging",
            Self::Paraphrase => "paraphrase",
        }
    }
}

/// What the context agent is told to write when it can no longer answer well.
pub const WARNING: &str = "CONTEXT DEGRADED";

const WARNINGS: &[&str] = &[
    "context degraded",
    "from memory",
    "i no longer have",
    "my context is",
    "running out of context",
    "without re-reading",
    "did not re-read",
    "unverified",
];

const HEDGES: &[&str] = &[
    "i think",
    "i believe",
    "i assume",
    "probably",
    "presumably",
    "as far as i remember",
    "if i recall",
    "if i remember",
    "not sure",
    "likely",
    "i guess",
];

const PARAPHRASES: &[&str] = &[
    "something like",
    "roughly",
    "more or less",
    "along the lines of",
    "in essence",
    "similar to this",
    "basically",
    "or similar",
];

/// The signs in an answer, each once, in order. What stands in code does not count: comments of the
/// project may hedge as they like.
pub fn signals(answer: &str) -> Vec<Signal> {
    let prose = prose(answer).to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| has_phrase(&prose, phrase));
    let found = [
        (Signal::Warning, says(WARNINGS)),
        (Signal::NoReference, !has_reference(answer)),
        (Signal::Hedging, says(HEDGES)),
        (Signal::Paraphrase, says(PARAPHRASES)),
    ];
    let found = found.into_iter().filter(|(_, is)| *is);
    found.map(|(signal, _)| signal).collect()
}

/// The answer without fenced code and code spans.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let outside = line.split('`').step_by(2);
            out.extend(outside.flat_map(|part| [part, " "]));
            out.push('\n');
        }
    }
    out
}

/// Whether the phrase is in the text as whole words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + phrase.len()..].chars().next();
        let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !in_word(before) && !in_word(after)
    })
}

/// Whether a file and a line of it are named: `src/a.rs:12`, `a.rs line 12`, `src/a.rs#L12`.
fn has_reference(text: &str) -> bool {
    let is_path = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/' && c != '.');
        let (stem, extension) = word.rsplit_once('.').unwrap_or((word, ""));
        let known = !stem.is_empty()
            && (1..=5).contains(&extension.len())
            && extension.starts_with(|c: char| c.is_ascii_alphabetic())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric());
        known || word.contains('/') && !word.contains("//")
    };
    let is_line = |word: &str| {
        let word = word.trim_start_matches(['L', 'l', '~', '(']);
        word.starts_with(|c: char| c.is_ascii_digit())
    };
    let words: Vec<_> = text.split_whitespace().collect();
    let joined = words.iter().any(|word| {
        let mut cuts = word.match_indices([':', '#']);
        cuts.any(|(at, _)| is_path(&word[..at]) && is_line(&word[at + 1..]))
    });
    let apart = words.windows(3).any(|three| {
        let middle = three[1].trim_matches(|c: char| !c.is_alphanumeric());
        let names_line = matches!(middle.to_lowercase().as_str(), "line" | "lines" | "l");
        is_path(three[0]) && names_line && is_line(three[2])
    });
    joined || apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    #[test]
    fn signs_are_seen_and_good_answers_have_none() {
        use Signal::{Hedging, NoReference, Paraphrase, Warning};
        for (answer, expected) in [
            ("`greet(name: &str)`, src/greet.rs:12", vec![]),
            ("See src/greet.rs, lines 12 to 20.", vec![]),
            ("(src/greet.rs:12-20) takes `&str`", vec![]),
            ("in web/app.tsx#L40 it maps", vec![]),
            ("src/a.rs:3\n```rust\n// probably wrong, from memory\n```", vec![]),
            ("src/a.rs:3 has `// probably wrong`", vec![]),
            ("`name` may be null, src/a.ts:4", vec![]),
            ("It takes a string.", vec![NoReference]),
            ("It is at 12:30 in e.g. the file", vec![NoReference]),
            ("", vec![NoReference]),
            ("I think src/a.rs:3 takes a string.", vec![Hedging]),
            ("Probably a string.", vec![NoReference, Hedging]),
            ("CONTEXT DEGRADED: read src/a.rs:3 yourself", vec![Warning]),
            ("src/a.rs:3, from memory", vec![Warning]),
            ("src/a.rs:3 is something like a loop", vec![Paraphrase]),
            ("src/a.rs:3: unlikely words, a maybe, improbably", vec![]),
        ] {
            assert_eq!(signals(answer), expected, "{answer}");
        }
    }

    #[test]
    fn the_warning_that_is_asked_for_is_seen() {
        assert!(signals(&format!("{WARNING}: ask no more")).contains(&Signal::Warning));
    }

    proptest::proptest! {
        #[test]
        fn any_answer_can_be_looked_at(answer in "[a-z`:#./0-9 \n]{0,60}|\\PC{0,40}") {
            signals(&answer);
        }
    }
}
