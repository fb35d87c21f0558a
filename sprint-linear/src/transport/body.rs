//! What is sent or received.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use crate::transport::Lost;

/// The body of a request or an answer: bytes, all at once or piece by piece.
pub struct Body(Form);

enum Form {
    Whole(Bytes),
    Pieces {
        length: Option<u64>,
        pieces: BoxStream<'static, Result<Bytes, Lost>>,
    },
}

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self(Form::Whole(Bytes::new()))
    }

    /// Pieces, `length` bytes in all if that is known.
    pub fn pieces(
        length: Option<u64>,
        pieces: impl stream::Stream<Item = Result<Bytes, Lost>> + Send + 'static,
    ) -> Self {
        let pieces = pieces.boxed();
        Self(Form::Pieces { length, pieces })
    }

    /// How many bytes there are, if that is known.
    pub fn length(&self) -> Option<u64> {
        match &self.0 {
            Form::Whole(bytes) => Some(bytes.len() as u64),
            Form::Pieces { length, .. } => *length,
        }
    }

    /// The bytes, piece by piece.
    pub fn into_pieces(self) -> BoxStream<'static, Result<Bytes, Lost>> {
        match self.0 {
            Form::Whole(bytes) => stream::iter([Ok(bytes)]).boxed(),
            Form::Pieces { pieces, .. } => pieces,
        }
    }

    /// All bytes, if there are at most `limit`.
    ///
    /// # Errors
    ///
    /// If the body breaks off, or is longer.
    pub async fn bytes(self, limit: usize) -> Result<Bytes, Lost> {
        let mut pieces = match self.0 {
            Form::Whole(bytes) if bytes.len() <= limit => return Ok(bytes),
            Form::Whole(_) => return Err(too_long(limit)),
            Form::Pieces { pieces, .. } => pieces,
        };
        let mut all = BytesMut::new();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if all.len() + piece.len() > limit {
                return Err(too_long(limit));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

fn too_long(limit: usize) -> Lost {
    Lost::unknown(format!("the answer is longer than {limit} bytes"))
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Form::Whole(bytes.into()))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Form::Whole(bytes))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.length() {
            Some(length) => write!(f, "Body({length} bytes)"),
            None => f.write_str("Body(of unknown length)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let body = |text: &'static str| {
            Body::pieces(
                None,
                stream::iter([Ok(Bytes::from(text)), Ok(Bytes::from("!"))]),
            )
        };
        assert_eq!(body("ab").bytes(3).await, Ok(Bytes::from("ab!")));
        assert!(body("abc").bytes(3).await.is_err());
        assert!(Body::from(b"abcd".to_vec()).bytes(3).await.is_err());
    }
}
