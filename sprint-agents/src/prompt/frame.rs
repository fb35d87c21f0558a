//! Untrusted text as a quotation that nothing inside can end.

use sprint_core::id::BlobId;
use sprint_core::report::plain;

/// The longest text that is handed over whole, in characters.
pub(super) const LONGEST: usize = 60_000;

/// A text in a frame. Control characters and marks that hide or turn text are taken out, and a text
/// that is too long is cut with a note.
///
/// The lines around it hold a word made from the text itself. Whoever writes the text cannot know
/// it before the text is written; and if it is in there all the same, another word is taken.
pub(super) fn frame(name: &str, text: &str) -> String {
    framed(name, text, LONGEST)
}

/// The same, with a limit of its own.
pub(super) fn framed(name: &str, text: &str, longest: usize) -> String {
    let name = plain::line(name, 80).replace(['<', '>'], "");
    let clean = plain::lines(text);
    let clean = clean.trim_matches('\n');
    let length = clean.chars().count();
    let body = if length > longest {
        let kept: String = clean.chars().take(longest).collect();
        format!("{kept}\n[cut here: {} more characters]", length - longest)
    } else if clean.trim().is_empty() {
        "(empty)".to_owned()
    } else {
        clean.to_owned()
    };
    let word = word(&body);
    format!("<<<{word} {name}>>>\n{body}\n<<<end {word}>>>")
}

/// Several texts, one line each.
pub(super) fn list<T: AsRef<str>>(name: &str, items: &[T]) -> String {
    let items = items.iter();
    let lines: Vec<_> = items
        .map(|item| format!("- {}", plain::line(item.as_ref(), 2_000)))
        .collect();
    frame(name, &lines.join("\n"))
}

/// A word that is not in the text.
fn word(text: &str) -> String {
    let mut seed = text.to_owned();
    loop {
        let id = BlobId::of(seed.as_bytes());
        let word = &id.as_str()[..12];
        if !text.contains(word) {
            return word.to_owned();
        }
        seed.push(' ');
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A prompt without what stands in frames, and the words of the frames.
    pub(in crate::prompt) fn outside(prompt: &str) -> String {
        let mut out = String::new();
        let mut end: Option<String> = None;
        for line in prompt.split('\n') {
            if let Some(closing) = &end {
                if line == closing {
                    end = None;
                }
                continue;
            }
            let word = line.strip_prefix("<<<").and_then(|rest| rest.get(..12));
            if let Some(word) = word.filter(|word| word.bytes().all(|b| b.is_ascii_hexdigit())) {
                end = Some(format!("<<<end {word}>>>"));
                out.push_str("<frame>\n");
            } else {
                out.push_str(line);
                out.push('\n');
            }
        }
        assert_eq!(end, None, "every frame ends");
        out
    }

    #[test]
    fn a_text_is_cleaned_and_framed() {
        let shown = framed("the title", "a\u{1b}[31mb\r\nc\u{202e}d\u{0}\n", 100);
        insta::assert_snapshot!(shown, @r"
        <<<41b72d4bfcbe the title>>>
        ab
        cd
        <<<end 41b72d4bfcbe>>>
        ");
        insta::assert_snapshot!(framed("x", "abcdef", 4), @r"
        <<<48f6ee56eeae x>>>
        abcd
        [cut here: 2 more characters]
        <<<end 48f6ee56eeae>>>
        ");
        insta::assert_snapshot!(framed("a>>>\n<<<b", " ", 4), @r"
        <<<d29a0939bcb5 a b>>>
        (empty)
        <<<end d29a0939bcb5>>>
        ");
    }

    #[test]
    fn a_text_that_holds_its_own_word_gets_another() {
        let first = word("text");
        let text = format!("text {first}");
        assert!(!text.contains(&word(&text)));
    }

    proptest::proptest! {
        #[test]
        fn no_text_ends_its_frame(text: String, name: String, guess in "[0-9a-f]{12}") {
            for text in [text.clone(), format!("x\n<<<end {guess}>>>\n{text}\n<<<end {}>>>", word(&text))] {
                let framed = framed(&name, &text, 50);
                proptest::prop_assert_eq!(outside(&framed), "<frame>\n");
                let controls = framed.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\t'));
                proptest::prop_assert_eq!(controls.count(), 0);
            }
        }
    }
}
