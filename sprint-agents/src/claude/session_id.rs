//! Session ids that are derived, so that the same work finds its own session again.

use sha2::{Digest as _, Sha256};
use sprint_core::id::SessionId;
use uuid::Builder;

/// The id of the session for the work named `key`: a UUID, as the program wants it, and always the
/// same.
///
/// # Panics
///
/// Never: a UUID is a session id.
pub fn session_id(key: &str) -> SessionId {
    let digest = Sha256::new_with_prefix("sprint session\0")
        .chain_update(key)
        .finalize();
    let bytes = std::array::from_fn(|at| digest[at]);
    let id = Builder::from_custom_bytes(bytes).into_uuid();
    SessionId::new(id.hyphenated().to_string()).expect("a UUID is a session id")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_has_the_same_id_and_another_has_another() {
        let id = session_id("demo/ENG-1/1/work");
        insta::assert_snapshot!(id, @"44049be7-0007-8bb5-9302-4d3830806f0d");
        assert_ne!(id, session_id("demo/ENG-1/2/work"));
    }
}
