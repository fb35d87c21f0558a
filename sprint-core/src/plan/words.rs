//! Words of prose and of identifiers, so that either finds the other.

/// The words of a text in lower case: `parseUser_id 42` has `parse`, `user`, `id` and `42`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut previous: Option<char> = None;
    for c in text.chars() {
        let hump = c.is_uppercase() && previous.is_some_and(|p| !p.is_uppercase());
        if (hump || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        previous = Some(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_fall_into_their_words() {
        let all = "parseUser_id(42) HTTPError::new";
        let expected = ["parse", "user", "id", "42", "httperror", "new"];
        assert_eq!(words(all), expected);
        assert_eq!(words(" --- "), Vec::<String>::new());
    }
}
