//! One test for each way in which kinder stand-ins differ from the service.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod creating;
mod documents;
mod faults;
mod files;
mod limits;
mod reading;
mod support;
mod texts;
mod writing;
