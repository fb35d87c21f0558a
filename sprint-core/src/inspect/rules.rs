//! What can be wrong with the tests of a change.

/// A rule about tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    TestDeleted,
    TestFileDeleted,
    TestSkipped,
    TestFocused,
    TestSwallowed,
    AssertionsRemoved,
    AssertionWeakened,
    NewTestTautological,
    NewTestEmpty,
}

impl Rule {
    /// Whether a ticket can ask for it.
    pub(crate) const fn is_permissible(self) -> bool {
        match self {
            Self::TestDeleted
            | Self::TestFileDeleted
            | Self::TestSkipped
            | Self::AssertionsRemoved
            | Self::AssertionWeakened => true,
            Self::TestFocused
            | Self::TestSwallowed
            | Self::NewTestTautological
            | Self::NewTestEmpty => false,
        }
    }
}
