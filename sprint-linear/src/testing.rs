//! A Linear inside the process, time that passes when all wait, and ways to stop at a request.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use local_linear::{LocalLinear, NewIssue, Team};
use sprint_core::ports::Clock as _;
use sprint_core::testing::fake::clock::FakeClock;
use sprint_core::time::Timestamp;

use crate::budget::Budget;
use crate::config::LinearConfig;
use crate::link::Link;
use crate::token::Token;
use crate::transport::{Body, Lost, Transport};

/// Requests are never larger in tests.
const LARGEST: usize = 1 << 30;

/// A server with one team, `T`, that has the usual states, and what is needed to talk to it.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) linear: LocalLinear,
    pub(crate) clock: FakeClock,
    pub(crate) wire: Wire,
    pub(crate) budget: Budget,
    /// The id of team `T`.
    pub(crate) team: String,
}

impl Fixture {
    /// States: Backlog, Todo, In Progress, Done, Canceled, Duplicate.
    pub(crate) fn new() -> Self {
        Self::at(&FakeClock::new(Timestamp::from_millis(1_700_000_000_000)))
    }

    /// The same, by a clock that others look at as well.
    pub(crate) fn at(clock: &FakeClock) -> Self {
        let clock = clock.clone();
        let time = clock.clone();
        let linear = LocalLinear::new(move || time.now().as_millis());
        let wire = Wire::new(&linear, &clock);
        let team = linear.add_team(Team::new("Test", "T"));
        let fixture = Self {
            linear,
            clock,
            wire,
            budget: Budget::new(),
            team,
        };
        for (name, kind) in [
            ("Backlog", "backlog"),
            ("Todo", "unstarted"),
            ("In Progress", "started"),
            ("Done", "completed"),
            ("Canceled", "canceled"),
            ("Duplicate", "duplicate"),
        ] {
            fixture.linear.add_state(&fixture.team, name, kind);
        }
        fixture
    }

    /// The configuration that reaches the server, for team `T`.
    pub(crate) fn config(&self) -> LinearConfig {
        let token = Token::api_key(&self.linear.api_key()).expect("the key has the form of one");
        LinearConfig::new(token).with_team("T")
    }

    /// The port that reaches the server.
    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.wire.clone())
    }

    /// A connection of its own: nothing is known yet, as after a restart.
    pub(crate) fn link(&self) -> Arc<Link> {
        let clock = Arc::new(self.clock.clone());
        let link = Link::open(self.config(), self.transport(), clock, self.budget.clone());
        Arc::new(link)
    }

    /// Adds an issue to team `T`, in the state with this name, and gives its id.
    pub(crate) fn issue(&self, title: &str, state: &str) -> String {
        let state = Some(self.state(state));
        self.linear.add_issue(NewIssue {
            state,
            ..NewIssue::new(&self.team, title)
        })
    }

    /// The id of a state of team `T`, by its name.
    pub(crate) fn state(&self, name: &str) -> String {
        let states = self.linear.states().into_iter();
        let mut found = states.filter(|state| state.team == self.team && state.name == name);
        found.next().expect("the team has the state").id
    }

    /// Drives a future to its end; time passes whenever all wait.
    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        let ended = self.drive(pin!(future));
        ended.expect("nothing stops where nothing is to stop")
    }

    /// Drives a future until the `request`-th request from now on, counted from 0, and drops it
    /// there; `None` if it came so far, else what the future returned.
    pub(crate) fn run_until<F: Future>(
        &self,
        request: u64,
        side: Side,
        future: F,
    ) -> Option<F::Output> {
        self.wire.stop_at(request, side);
        let ended = self.drive(pin!(future));
        self.wire.go_on();
        ended
    }

    fn drive<F: Future>(&self, mut future: Pin<&mut F>) -> Option<F::Output> {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut cx = Context::from_waker(&waker);
        loop {
            while woken.0.swap(false, Ordering::SeqCst) {
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return Some(output);
                }
                if self.wire.0.stopped.load(Ordering::SeqCst) {
                    return None;
                }
            }
            assert!(
                self.clock.advance_to_next(),
                "waits for something other than time"
            );
        }
    }
}

/// Notes that a future wants to go on.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Before or after a request reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// Carries requests to the server in the process, each in `latency`.
#[derive(Clone)]
pub(crate) struct Wire(Arc<Inner>);

struct Inner {
    linear: LocalLinear,
    clock: FakeClock,
    latency: AtomicU64,
    sent: AtomicU64,
    /// Twice the request to stop at, and one more to stop after it.
    stop: AtomicU64,
    stopped: AtomicBool,
}

impl Wire {
    fn new(linear: &LocalLinear, clock: &FakeClock) -> Self {
        Self(Arc::new(Inner {
            linear: linear.clone(),
            clock: clock.clone(),
            latency: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            stop: AtomicU64::new(u64::MAX),
            stopped: AtomicBool::new(false),
        }))
    }

    /// From now on the way to the server takes so long.
    pub(crate) fn latency(&self, latency: Duration) {
        let latency = u64::try_from(latency.as_millis()).expect("tests are short");
        self.0.latency.store(latency, Ordering::SeqCst);
    }

    /// How many requests were sent: operations, uploads and downloads.
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::SeqCst)
    }

    fn stop_at(&self, request: u64, side: Side) {
        let at = 2 * (self.sent() + request) + u64::from(side == Side::After);
        self.0.stop.store(at, Ordering::SeqCst);
    }

    fn go_on(&self) {
        self.0.stop.store(u64::MAX, Ordering::SeqCst);
        self.0.stopped.store(false, Ordering::SeqCst);
    }

    async fn pass(&self, point: u64) {
        if self.0.stop.load(Ordering::SeqCst) == point {
            self.0.stopped.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request<Body>, _: Duration) -> Result<Response<Body>, Lost> {
        let number = self.0.sent.fetch_add(1, Ordering::SeqCst);
        self.pass(2 * number).await;
        let latency = Duration::from_millis(self.0.latency.load(Ordering::SeqCst));
        if !latency.is_zero() {
            let clock = &self.0.clock;
            clock.sleep_until(clock.now().after(latency)).await;
        }
        let (head, body) = request.into_parts();
        let body: Bytes = body.bytes(LARGEST).await?;
        let answer = self.0.linear.handle(Request::from_parts(head, body));
        self.pass(2 * number + 1).await;
        match answer {
            Ok(answer) => Ok(answer.map(Body::from)),
            Err(lost) => Err(Lost::unknown(lost.to_string())),
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({} sent)", self.sent())
    }
}
