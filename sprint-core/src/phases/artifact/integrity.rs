//! Whether an artifact is still what was saved (spec 9.4).
//!
//! The hash has no key: it shows that something was changed by accident, not that nobody forged it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::BlobId;
use crate::phases::artifact::canonical;

/// The member that holds the hash of all others.
pub(super) const MEMBER: &str = "integrity";

/// A hash, and how it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integrity {
    /// The hash.
    pub alg: Algorithm,
    /// The text that was hashed.
    pub canon: Canon,
    /// The hash of the document without this member.
    pub value: BlobId,
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
}

/// A way to write a JSON value as one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Canon {
    /// RFC 8785, without a newline.
    Rfc8785,
}

/// How far something that was stored can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// It is what was saved.
    Verified,
    /// It does not say what it was when it was saved.
    IntegrityMissing,
    /// It is something else than what was saved.
    IntegrityMismatch,
    /// There is nothing.
    NotFound,
    /// The phase has no artifact.
    NotApplicable,
}

/// How much trust something has to have to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strictness {
    /// Whatever is there.
    Lenient,
    /// Nothing that was changed. For reading on.
    Verify,
    /// Only what is verified. For every gate.
    Require,
}

/// Whether something may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Yes.
    Granted,
    /// No.
    Rejected,
    /// There is nothing to use.
    Nothing,
}

impl Trust {
    /// How far this document can be trusted. A hash in an unknown form matches nothing.
    pub fn of(document: &Map<String, Value>) -> Self {
        let told = document.get(MEMBER).filter(|told| !told.is_null());
        let Some(told) = told.filter(|told| told.as_str() != Some("")) else {
            return Self::IntegrityMissing;
        };
        let mut rest = document.clone();
        rest.remove(MEMBER);
        let rest = Value::Object(rest);
        let same = if let Some(hash) = told.as_str() {
            // The form that earlier shell implementations wrote.
            BlobId::of(&canonical::sorted_line(&rest)).as_str() == hash
        } else {
            let text = canonical::rfc8785(&rest);
            let hash = text.map(|text| BlobId::of(&text));
            Integrity::deserialize(told).is_ok_and(|told| hash == Some(told.value))
        };
        if same {
            Self::Verified
        } else {
            Self::IntegrityMismatch
        }
    }

    /// Whether what has this trust may be used.
    pub const fn access(self, strictness: Strictness) -> Access {
        match (self, strictness) {
            (Self::NotFound | Self::NotApplicable, _) => Access::Nothing,
            (Self::Verified, _)
            | (Self::IntegrityMissing, Strictness::Lenient | Strictness::Verify)
            | (Self::IntegrityMismatch, Strictness::Lenient) => Access::Granted,
            (Self::IntegrityMissing, Strictness::Require)
            | (Self::IntegrityMismatch, Strictness::Verify | Strictness::Require) => {
                Access::Rejected
            }
        }
    }
}

/// Puts the hash of everything else into a document, and gives its text.
pub(super) fn seal(mut document: Map<String, Value>) -> Option<Vec<u8>> {
    document.remove(MEMBER);
    let value = BlobId::of(&canonical::rfc8785(&Value::Object(document.clone()))?);
    let integrity = Integrity {
        alg: Algorithm::Sha256,
        canon: Canon::Rfc8785,
        value,
    };
    document.insert(MEMBER.into(), serde_json::to_value(integrity).ok()?);
    canonical::rfc8785(&Value::Object(document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_used_depends_on_trust_and_strictness() {
        use Strictness::{Lenient, Require, Verify};
        let all = [
            Trust::Verified,
            Trust::IntegrityMissing,
            Trust::IntegrityMismatch,
            Trust::NotFound,
            Trust::NotApplicable,
        ];
        let row = |trust: Trust| {
            let cells = [Lenient, Verify, Require]
                .map(|mode| format!("{:<9}", format!("{:?}", trust.access(mode))));
            format!("{:<18}{}", format!("{trust:?}"), cells.join(""))
                .trim_end()
                .to_owned()
        };
        let table: Vec<_> = all.map(row).to_vec();
        insta::assert_snapshot!(table.join("\n"), @r#"
Verified          Granted  Granted  Granted
IntegrityMissing  Granted  Granted  Rejected
IntegrityMismatch Granted  Rejected Rejected
NotFound          Nothing  Nothing  Nothing
NotApplicable     Nothing  Nothing  Nothing
"#);
    }

    fn object(json: &str) -> Map<String, Value> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_sealed_document_is_verified_until_anything_in_it_changes() {
        let sealed = seal(object(r#"{"a": 1, "b": ["x", 0.1], "integrity": "old"}"#)).unwrap();
        let mut document: Map<String, Value> = serde_json::from_slice(&sealed).unwrap();
        assert_eq!(Trust::of(&document), Trust::Verified);
        document.insert("a".into(), 2.into());
        assert_eq!(Trust::of(&document), Trust::IntegrityMismatch);
        document.insert(MEMBER.into(), Value::Null);
        assert_eq!(Trust::of(&document), Trust::IntegrityMissing);
    }

    #[test]
    fn hashes_in_an_unknown_form_match_nothing() {
        for integrity in [
            r#"{"alg": "md5", "canon": "rfc8785", "value": "00"}"#,
            r#"{"alg": "sha256", "canon": "rfc8785"}"#,
            "7",
            "[]",
            "\"00\"",
        ] {
            let document = object(&format!("{{\"a\": 1, \"integrity\": {integrity}}}"));
            assert_eq!(
                Trust::of(&document),
                Trust::IntegrityMismatch,
                "{integrity}"
            );
        }
        for integrity in ["null", "\"\""] {
            let document = object(&format!("{{\"a\": 1, \"integrity\": {integrity}}}"));
            assert_eq!(Trust::of(&document), Trust::IntegrityMissing, "{integrity}");
        }
    }

    /// Made by `jq -cS 'del(.integrity)' | sha256sum`.
    #[test]
    fn the_form_of_earlier_implementations_can_be_read() {
        let document = object(
            r#"{"phase": "qa", "summary": {"ratio": 1.0, "big": 1e20, "word": "é"},
                "integrity": "54ed7cb2afd1d36aba76aead6aa53e5abd69a1c92008bd50a55ba997c39ef6de"}"#,
        );
        assert_eq!(Trust::of(&document), Trust::Verified);
    }
}
