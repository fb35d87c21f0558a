//! The words by which a requirement is found again (spec 14.2, 17).

use std::collections::BTreeSet;

/// At most so many keywords.
const MOST: usize = 4;

/// With fewer keywords than this there is a fallback.
const LEAST: usize = 2;

const STOP_WORDS: &str = "a an the is are was were be been has have had do does did will shall \
    should can could may must with from for and or but in on at to of by as it its that this when \
    if then than also each every all any";

const VERBS: &str = "renders displays shows handles creates returns sends receives validates checks \
    updates saves loads";

/// The keywords of a text, in lower case: pairs of words that stand side by side, then single words.
///
/// Words that say nothing separate: no pair goes across one. Fewer than two keywords are made up for
/// by the longest words.
pub fn keywords(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'');
    let words: Vec<&str> = lower
        .split(|c| !part(c))
        .map(|word| word.trim_matches(['-', '\'']))
        .filter(|word| !word.is_empty())
        .collect();
    let listed = |list: &str, word: &str| list.split_whitespace().any(|known| known == word);
    let telling = |word: &&str| !listed(STOP_WORDS, word) && !listed(VERBS, word);
    let long = |word: &str, least| word.chars().count() >= least;
    let mut found: Vec<String> = Vec::new();
    for pair in words.windows(2) {
        if pair.iter().all(|word| telling(word) && long(word, 3)) {
            found.push(pair.join(" "));
        }
    }
    for word in words.iter().filter(|word| telling(word)) {
        if long(word, 4) && !found.iter().any(|known| known.contains(word)) {
            found.push((*word).to_owned());
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|word| seen.insert(word.clone()));
    found.truncate(MOST);
    if found.len() < LEAST {
        let mut rest: Vec<&str> = words
            .into_iter()
            .filter(|w| !listed(STOP_WORDS, w))
            .collect();
        rest.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        for word in rest.into_iter().take(3) {
            if seen.insert(word.to_owned()) {
                found.push(word.to_owned());
            }
        }
        found.truncate(MOST);
    }
    found
}

/// Whether a text contains one of the keywords, whatever its case and however it is spaced.
pub fn covers(keywords: &[String], text: &str) -> bool {
    let text = text.to_lowercase();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    keywords
        .iter()
        .any(|keyword| text.contains(keyword.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_first_and_no_pair_goes_across_a_word_that_says_nothing() {
        let check = |text: &str, expected: &[&str]| assert_eq!(keywords(text), expected, "{text}");
        check(
            "Bell icon displays unread count",
            &["bell icon", "unread count"],
        );
        check(
            "User can reset the password by email",
            &["user", "reset", "password", "email"],
        );
        check("Settings page, saves theme", &["settings page", "theme"]);
        check("The app is up", &["app", "up"]);
        check("", &[]);
    }

    #[test]
    fn a_text_covers_what_it_contains() {
        let keywords = keywords("Bell icon displays unread count");
        assert!(covers(&keywords, "Show the UNREAD\n  count"));
        assert!(!covers(&keywords, "unread"));
        assert!(!covers(&[], "anything"));
    }
}
