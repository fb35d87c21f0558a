//! Evidence: a file with the raw outputs, a comment that people read and that ends in a machine
//! line, and an attachment as an index of the file.
//!
//! Posting is create-then-prove, and safe to do again from whatever an earlier run left:
//!
//! 1. what is there is read: a comment under the key is taken, and nothing is sent twice;
//! 2. the file is uploaded and read back before anything names it;
//! 3. the comment is created exactly once;
//! 4. the attachment is made, which Linear keeps once per issue and address;
//! 5. the comment is read by its id until it says what it has to say.
//!
//! That is five operations, one upload and one download where all goes well; three operations if
//! there are no outputs to keep. Nothing is decided by comparing texts: Linear rewrites them. The
//! hash of the file and the machine line decide.

mod check;
mod file;
mod findings;
mod post;
mod text;
mod trail;

pub(crate) use check::check;
pub use findings::EvidenceFinding;
pub(crate) use post::{Evidence, post};
