//! The body of an answer, which may end early or never.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};

/// What comes next in a body.
#[derive(Debug)]
pub(crate) enum Part {
    Bytes(Bytes),
    /// Lets what came before leave for the client first.
    Flush,
    /// The connection ends here.
    Cut,
    /// Nothing comes any more, and the connection stays open.
    Stall,
}

/// The parts in their order.
#[derive(Debug)]
pub(crate) struct Parts(VecDeque<Part>);

impl Parts {
    pub(crate) fn one(text: String) -> Self {
        Self::new([Part::Bytes(text.into())])
    }

    pub(crate) fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        Self(parts.into_iter().collect())
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.0.pop_front() {
            Some(Part::Bytes(bytes)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Part::Flush) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Part::Cut) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            Some(Part::Stall) => {
                self.0.push_front(Part::Stall);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }
}
