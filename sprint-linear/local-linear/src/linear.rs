//! The server: one request in, one answer out.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::faults::{Fault, Faults, When};
use crate::graphql;
use crate::http_answer::HttpAnswer;
use crate::limits::{Buckets, Limits};
use crate::model::User;
use crate::mutate::Urls;
use crate::record::{Recorded, RequestKind};
use crate::settings::Settings;
use crate::store::{self, Store};
use crate::uploads;

/// The connection dropped: the client cannot know what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection lost")
    }
}

impl std::error::Error for Lost {}

/// A local Linear. Clones are handles to the same server.
#[derive(Clone)]
pub struct LocalLinear {
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for LocalLinear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLinear").finish_non_exhaustive()
    }
}

/// Everything behind the lock.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) organisation: String,
    pub(crate) owner: String,
    /// The user of each value of `Authorization`.
    pub(crate) keys: BTreeMap<String, String>,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) buckets: BTreeMap<String, Buckets>,
    pub(crate) faults: Faults,
    pub(crate) requests: Vec<Recorded>,
    /// The address on loopback, once served.
    pub(crate) base: Option<String>,
}

impl State {
    pub(crate) fn urls(&self) -> Urls {
        match &self.base {
            Some(base) => Urls {
                upload: format!("{base}/upload"),
                asset: format!("{base}/asset"),
            },
            None => Urls {
                upload: "https://storage.googleapis.com/uploads".to_owned(),
                asset: format!("https://uploads.linear.app/{}", self.organisation),
            },
        }
    }
}

impl LocalLinear {
    /// One organisation with one user, who owns the key, and no team. The clock gives ms since 1970.
    pub fn new(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let mut store = Store::default();
        let organisation = store.fresh_id();
        let owner = store.fresh_id();
        let user = User {
            id: owner.clone(),
            name: "Owner".to_owned(),
            email: "owner@example.org".to_owned(),
            created_at: 0,
        };
        store::put(&mut store.users, &owner, user);
        let state = State {
            store,
            organisation,
            keys: BTreeMap::from([
                (key(&owner), owner.clone()),
                (format!("Bearer {}", token(&owner)), owner.clone()),
            ]),
            owner,
            settings: Settings::default(),
            limits: Limits::default(),
            buckets: BTreeMap::new(),
            faults: Faults::default(),
            requests: Vec::new(),
            base: None,
        };
        Self {
            clock: Arc::new(clock),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The valid personal key, to be sent as the whole `Authorization` header.
    pub fn api_key(&self) -> String {
        key(&self.lock().owner)
    }

    /// A valid OAuth token of the same user, to be sent after `Bearer`.
    pub fn oauth_token(&self) -> String {
        token(&self.lock().owner)
    }

    /// A personal key of another user.
    pub fn api_key_of(&self, user: &str) -> String {
        let key = key(user);
        self.lock().keys.insert(key.clone(), user.to_owned());
        key
    }

    /// The address of the API: the service's own, or one on loopback once it is served.
    pub fn endpoint(&self) -> String {
        self.lock().base.as_ref().map_or_else(
            || "https://api.linear.app/graphql".to_owned(),
            |base| format!("{base}/graphql"),
        )
    }

    /// Changes switches of the behaviour.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().settings);
    }

    /// Sets the allowances, and fills them.
    pub fn limits(&self, limits: Limits) {
        let mut state = self.lock();
        state.limits = limits;
        state.buckets.clear();
    }

    /// Makes something go wrong later.
    pub fn fault(&self, when: When, fault: Fault) {
        self.lock().faults.plan(when, fault);
    }

    /// Nothing goes wrong any more, and nothing lags behind.
    pub fn clear_faults(&self) {
        self.lock().faults = Faults::default();
    }

    /// Answers one HTTP request as the service does: `POST /graphql`, `PUT` of a file, `GET` of one.
    ///
    /// # Errors
    /// [`Lost`] when a fault drops the connection.
    #[expect(clippy::needless_pass_by_value, reason = "a request is answered once")]
    pub fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Lost> {
        let now = self.now();
        let mut state = self.lock();
        if request.method() == Method::POST && request.uri().path() == "/graphql" {
            return graphql::answer(&mut state, now, &request);
        }
        let (kind, field) = match *request.method() {
            Method::PUT => (RequestKind::Upload, "upload"),
            Method::GET => (RequestKind::Download, "download"),
            _ => return Ok(HttpAnswer::bare(404, "text/plain", "Not found").build(now)),
        };
        let fields = vec![field.to_owned()];
        let faults = state.faults.strike(&fields);
        let path = request.uri().path().to_owned();
        let id = path.rsplit('/').next().unwrap_or_default();
        let user = user(&state, &request);
        let mut lost = faults.contains(&Fault::LostBefore);
        let mut bare = None;
        for fault in &faults {
            if let Fault::Status { code, body } = fault {
                bare = Some(HttpAnswer::bare(*code, "text/html", body.clone()));
            }
        }
        let answer = match (bare, kind) {
            (Some(bare), _) => bare,
            (None, _) if lost => HttpAnswer::bare(500, "text/plain", ""),
            (None, RequestKind::Upload) => uploads::upload(
                &mut state.store,
                now,
                id,
                request.headers(),
                request.body(),
                &faults,
            ),
            (None, _) => uploads::download(&state.store, id, user.is_some(), &faults),
        };
        lost |= faults.contains(&Fault::LostAfter);
        let response = answer.build(now);
        let sent = if kind == RequestKind::Upload {
            request.body().len()
        } else {
            response.body().len()
        };
        state.requests.push(Recorded {
            kind,
            operation: String::new(),
            fields,
            document: path,
            variables: serde_json::Value::Null,
            points: 0,
            bytes: sent,
            at: now,
            authorized: request.headers().contains_key("authorization"),
            status: (!lost).then(|| response.status().as_u16()),
        });
        if lost { Err(Lost) } else { Ok(response) }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The user that a request's key belongs to.
pub(crate) fn user(state: &State, request: &Request<Bytes>) -> Option<String> {
    let given = request.headers().get("authorization")?.to_str().ok()?;
    state.keys.get(given).cloned()
}

fn key(user: &str) -> String {
    format!("lin_api_{}", user.replace('-', ""))
}

fn token(user: &str) -> String {
    format!("lin_oauth_{}", user.replace('-', ""))
}
