//! Which workspace, and what its teams call things.

use std::fmt;

use crate::token::Token;

/// Linear's API.
const API: &str = "https://api.linear.app/graphql";
/// Where files are kept. The token goes there and to the API, and nowhere else.
const FILES: &str = "https://uploads.linear.app";

/// How to reach Linear and what the team calls things.
#[derive(Clone)]
pub struct LinearConfig {
    /// The credential.
    pub token: Token,
    /// The team's key, such as `ENG`. Needed to fetch tickets, unless the filter names one.
    pub team: Option<String>,
    /// The name of the state that a ticket is moved to when work begins. Default: the one called
    /// `In Progress`, else the first one of type `started`.
    pub started_state: Option<String>,
    /// The name of the state that a finished ticket is moved to. Default: the only state of type
    /// `completed`; a team that has several has to name one.
    pub done_state: Option<String>,
    api: String,
    files: String,
}

impl LinearConfig {
    /// Linear itself, with this credential.
    pub fn new(token: Token) -> Self {
        Self {
            token,
            team: None,
            started_state: None,
            done_state: None,
            api: API.into(),
            files: FILES.into(),
        }
    }

    /// The same for the team with this key.
    #[must_use]
    pub fn with_team(mut self, key: impl Into<String>) -> Self {
        self.team = Some(key.into());
        self
    }

    /// The same at another address, such as a recording proxy or a server for tests: the API's
    /// URL, and the origin of files, to both of which the token is sent.
    #[must_use]
    pub fn with_endpoint(mut self, api: impl Into<String>, files: impl Into<String>) -> Self {
        self.api = api.into();
        self.files = files.into();
        self
    }

    /// Where operations are sent.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The origin of files: scheme, host and port.
    pub fn files(&self) -> &str {
        &self.files
    }
}

impl fmt::Debug for LinearConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinearConfig")
            .field("token", &self.token)
            .field("team", &self.team)
            .field("started_state", &self.started_state)
            .field("done_state", &self.done_state)
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}
