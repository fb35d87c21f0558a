//! Faults, asked for in advance.

use crate::store::Store;

/// Which requests a fault strikes: the first one that asks for the root field, unless said otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    field: Option<String>,
    from: u32,
    times: u32,
}

impl When {
    /// Requests of any kind.
    pub fn any() -> Self {
        Self {
            field: None,
            from: 1,
            times: 1,
        }
    }

    /// Requests with this root field; `upload` and `download` for files.
    pub fn on(field: &str) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::any()
        }
    }

    /// Begins with the `n`th such request from now, counted from 1.
    #[must_use]
    pub fn nth(self, n: u32) -> Self {
        Self {
            from: n.max(1),
            ..self
        }
    }

    /// Strikes so many such requests in a row.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// Strikes until the faults are cleared.
    #[must_use]
    pub fn always(self) -> Self {
        Self {
            times: u32::MAX,
            ..self
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Refused for the rate, and not executed.
    RateLimited {
        /// When the limit is over, from now in ms; may be negative.
        reset_in_ms: i64,
        /// Whether only this endpoint is limited.
        endpoint: bool,
        /// HTTP status: 400, or 429.
        status: u16,
        /// The value of `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// A bare answer of a proxy; not executed.
    Status {
        /// HTTP status.
        code: u16,
        /// The body.
        body: String,
    },
    /// The connection breaks before anything is done.
    LostBefore,
    /// The connection breaks after everything is done.
    LostAfter,
    /// A bare answer of a proxy after everything is done.
    StatusAfter {
        /// HTTP status.
        code: u16,
        /// The body.
        body: String,
    },
    /// Executed twice; the second answer is given.
    DuplicateDelivery,
    /// A conflict is reported though the id does not exist; not executed.
    PhantomConflict,
    /// Everything reads show is as it was before this request, for so long.
    StaleReads {
        /// How long, in ms.
        ms: u64,
    },
    /// Lists show what there was before this request, for so long; reads by id are not affected.
    LaggingLists {
        /// How long, in ms.
        ms: u64,
    },
    /// Refused as invalid input; not executed.
    InvalidInput {
        /// The text for the user.
        user: String,
    },
    /// Answered as if done; nothing is changed.
    NoEffect,
    /// `success: false`, without the entity where the schema allows that; nothing is changed.
    SuccessFalse,
    /// Done and `success: true`, but the entity is null.
    NullEntity,
    /// Done and answered, with an entry of `errors` beside the data.
    Partial,
    /// Refused as too complex.
    TooComplex,
    /// The first connection of the answer has a next page and no cursor for it.
    NullCursor,
    /// The first connection of the answer has a next page that begins where this one began.
    RepeatedCursor,
    /// The first connection of the answer has a next page for ever.
    EndlessPages,
    /// The key is refused as expired.
    AuthExpired,
    /// The key lacks the permission.
    Forbidden,
    /// The workspace has reached the limit of its plan.
    UsageLimit,
    /// A lock was not had in time.
    LockTimeout,
    /// A field of the document is said not to exist.
    Drift {
        /// The field.
        field: String,
        /// The type it is said to be missing from.
        on: String,
    },
    /// The `Date` header is off by so much.
    SkewedClock {
        /// How far, in ms; negative is slow.
        ms: i64,
    },
    /// The upload is refused.
    UploadRefused {
        /// HTTP status.
        status: u16,
    },
    /// Half of the upload is kept, and the answer is success.
    UploadTruncated,
    /// The file is not found.
    AssetGone,
    /// The file is read with one byte changed.
    AssetAltered,
}

/// What is wrong with the pages of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageFault {
    NullCursor,
    RepeatedCursor,
    Endless,
}

/// The faults that were asked for, and the lag some of them left behind.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    planned: Vec<(When, Fault, u32)>,
    /// What reads show until then.
    pub(crate) stale: Option<(u64, Store)>,
    /// What lists show until then.
    pub(crate) lagging: Option<(u64, Store)>,
}

impl Faults {
    pub(crate) fn plan(&mut self, when: When, fault: Fault) {
        self.planned.push((when, fault, 0));
    }

    /// The faults that strike a request with these root fields.
    pub(crate) fn strike(&mut self, fields: &[String]) -> Vec<Fault> {
        let mut struck = Vec::new();
        for (when, fault, seen) in &mut self.planned {
            if when
                .field
                .as_ref()
                .is_none_or(|field| fields.contains(field))
            {
                *seen = seen.saturating_add(1);
                if *seen >= when.from && *seen - when.from < when.times {
                    struck.push(fault.clone());
                }
            }
        }
        struck
    }
}
