//! A live session: the task that owns it.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sprint_core::domain::command::Exit;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::claude::calls::Calls;
use crate::claude::host::Host;
use crate::claude::ladder::Rung;
use crate::claude::outcome::{Cause, Outcome};
use crate::claude::progress::Progress;
use crate::claude::protocol::{Control, Message, ResultMessage, prompt};
use crate::claude::readiness::Expected;
use crate::claude::session::{ControlError, Stopped};
use crate::claude::turn::{Deadlines, Turn};
use crate::claude::wire::{Event, Wire};
use crate::output;
use crate::redact::Redactor;

/// How long an interrupted turn may take to end.
const INTERRUPTED: Duration = Duration::from_secs(5);

/// How long each step may take to end a session that says no more.
const MUTE: Duration = Duration::from_secs(2);

/// How long requests may take for which nobody has set a time.
pub(crate) const ANSWERED: Duration = Duration::from_secs(10);

/// Limits so long that they mean "none"; instants cannot be added to without end.
const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// What the handle wants.
#[derive(Debug)]
pub(crate) enum Command {
    /// A turn.
    Ask {
        text: String,
        deadlines: Deadlines,
        reply: oneshot::Sender<Turn>,
    },
    /// The end of the turn that runs.
    Interrupt { reply: Answer },
    /// Something of the program.
    Control {
        control: Control,
        within: Duration,
        reply: Answer,
    },
    /// The end.
    Stop {
        grace: Duration,
        reply: oneshot::Sender<Stopped>,
    },
}

type Answer = oneshot::Sender<Result<Value, ControlError>>;

/// The owner of one process.
#[derive(Debug)]
pub(crate) struct Actor {
    wire: Wire,
    calls: Calls,
    expected: Expected,
    redactor: Redactor,
    turn: Option<Running>,
    waiting: VecDeque<(String, Deadlines, oneshot::Sender<Turn>)>,
    /// Our requests that have no answer yet.
    asked: BTreeMap<String, Asked>,
    requests: u64,
    /// What all turns so far have cost.
    cost_usd: f64,
    ending: Option<Ending>,
    stopped: Vec<oneshot::Sender<Stopped>>,
}

#[derive(Debug)]
struct Running {
    progress: Progress,
    reply: oneshot::Sender<Turn>,
    wall_at: Instant,
    silence: Duration,
    /// Silence before this does not count.
    since: Instant,
    cut: Option<Cut>,
}

/// The end that we have made to a turn.
#[derive(Debug)]
struct Cut {
    cause: Cause,
    /// When we wait no longer for the program to agree.
    until: Instant,
}

#[derive(Debug)]
struct Asked {
    control: Control,
    until: Instant,
    within: Duration,
    reply: Option<Answer>,
}

#[derive(Debug)]
struct Ending {
    rung: Rung,
    grace: Duration,
    until: Instant,
}

impl Actor {
    pub(crate) fn new(
        wire: Wire,
        host: Arc<dyn Host>,
        expected: Expected,
        redactor: Redactor,
    ) -> Self {
        Self {
            wire,
            calls: Calls::new(host),
            expected,
            redactor,
            turn: None,
            waiting: VecDeque::new(),
            asked: BTreeMap::new(),
            requests: 0,
            cost_usd: 0.0,
            ending: None,
            stopped: Vec::new(),
        }
    }

    /// Serves the session until it is stopped or its handle is gone.
    pub(crate) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let exit = loop {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                () = sleep_until(deadline) => self.expire(Instant::now()),
                () = forsaken(&mut self.turn) => self.cut(Cause::Cancelled),
                (id, reply) = self.calls.next() => self.wire.say(reply.line(&id)),
                event = self.wire.event() => match event {
                    Ok(Event::Said(message)) => self.hear(message),
                    Ok(Event::TooLong { kind, bytes }) => self.miss(kind.as_deref(), bytes),
                    // It is about to end, or does not know what it does.
                    Ok(Event::Mute) => self.climb(Rung::CloseInput, MUTE),
                    Ok(Event::Ended(exit)) => break exit,
                    Err(error) => {
                        self.fail(Cause::Failed(format!("its output cannot be kept: {error}")));
                    }
                },
            }
            self.begin_turn();
        };
        self.wire.group.sweep().await;
        for message in self.wire.rest().await {
            self.hear(message);
        }
        self.bury(exit, commands).await;
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Ask {
                text,
                deadlines,
                reply,
            } => self.waiting.push_back((text, deadlines, reply)),
            Command::Interrupt { reply } => {
                if self.turn.is_some() {
                    self.cut(Cause::Cancelled);
                }
                // Whoever asked may be gone.
                drop(reply.send(Ok(Value::Null)));
            }
            Command::Control {
                control,
                within,
                reply,
            } => self.request(control, within, Some(reply)),
            Command::Stop { grace, reply } => {
                self.stopped.push(reply);
                if let Some(turn) = &mut self.turn
                    && turn.cut.is_none()
                {
                    turn.cut = Some(Cut::new(Cause::Cancelled, FOREVER));
                }
                self.climb(Rung::first(self.turn.is_some()), grace);
            }
        }
    }

    fn hear(&mut self, message: Message) {
        if let Some(turn) = &mut self.turn {
            turn.progress.see(&message);
            turn.since = Instant::now();
        }
        match message {
            Message::Init(init) => {
                if let Some(flaw) = self.expected.flaw(&init) {
                    self.fail(flaw);
                }
            }
            Message::Result(result) => self.end_turn(*result),
            Message::Request { id, ask } => {
                if let Some(reply) = self.calls.begin(&id, ask) {
                    self.wire.say(reply.line(&id));
                }
            }
            Message::Withdrawn(id) => self.calls.withdraw(&id),
            Message::Response { id, answer } => self.answered(&id, answer),
            Message::Assistant(_)
            | Message::ToolResults(_)
            | Message::Retry { .. }
            | Message::Fallback { .. }
            | Message::Compacted
            | Message::NotCompacted(_)
            | Message::Denied { .. }
            | Message::RateLimit { .. }
            | Message::Other => {}
        }
    }

    /// A line was too long to be read. Only of some it is known that nobody waits for them.
    fn miss(&mut self, kind: Option<&str>, bytes: u64) {
        match kind {
            Some("assistant" | "user" | "system" | "stream_event") => {
                if let Some(turn) = &mut self.turn {
                    turn.progress
                        .note(format!("a line of {bytes} bytes was too long to be read"));
                }
            }
            Some(_) | None => self.fail(Cause::Overflow(bytes)),
        }
    }

    fn begin_turn(&mut self) {
        // A request to interrupt that is still on its way would hit the next turn.
        let interrupting = || {
            let mut asked = self.asked.values();
            asked.any(|asked| asked.control == Control::Interrupt)
        };
        if self.turn.is_some() || self.ending.is_some() || interrupting() {
            return;
        }
        while let Some((text, deadlines, reply)) = self.waiting.pop_front() {
            if reply.is_closed() {
                continue;
            }
            let now = Instant::now();
            self.wire.say(prompt(&text));
            self.turn = Some(Running {
                progress: Progress::new(now),
                reply,
                wall_at: now + deadlines.wall.min(FOREVER),
                silence: deadlines.silence.min(FOREVER),
                since: now,
                cut: None,
            });
            return;
        }
    }

    fn end_turn(&mut self, result: ResultMessage) {
        let before = std::mem::replace(&mut self.cost_usd, result.total_cost_usd);
        let Some(turn) = self.turn.take() else {
            tracing::warn!("a session ended a turn that nobody had begun");
            return;
        };
        let cause = turn.cut.map(|cut| cut.cause);
        let wants_value = self.expected.wants_value();
        let mut done = turn.progress.finish(result, wants_value, cause, before);
        done.outcome = done.outcome.cleaned(|text| self.redactor.redact(text));
        // Whoever asked may be gone.
        drop(turn.reply.send(done));
        if let Some(ending) = &self.ending
            && ending.rung == Rung::Interrupt
        {
            self.climb(Rung::CloseInput, ending.grace);
        }
    }

    /// Ends the turn that runs, for this reason.
    fn cut(&mut self, cause: Cause) {
        if let Some(turn) = &mut self.turn
            && turn.cut.is_none()
        {
            turn.cut = Some(Cut::new(cause, INTERRUPTED));
            self.request(Control::Interrupt, INTERRUPTED, None);
        }
    }

    /// Ends the session at once, and the turn that runs for this reason.
    fn fail(&mut self, cause: Cause) {
        if let Some(turn) = &mut self.turn
            && turn.cut.is_none()
        {
            turn.cut = Some(Cut::new(cause, FOREVER));
        }
        self.climb(Rung::Kill, Duration::ZERO);
    }

    fn request(&mut self, control: Control, within: Duration, reply: Option<Answer>) {
        self.requests += 1;
        let id = format!("sprint-{}", self.requests);
        self.wire.say(control.line(&id));
        let asked = Asked {
            control,
            until: Instant::now() + within.min(FOREVER),
            within,
            reply,
        };
        self.asked.insert(id, asked);
    }

    fn answered(&mut self, id: &str, answer: Result<Value, String>) {
        let Some(asked) = self.asked.remove(id) else {
            return;
        };
        if let (Control::SetMode(mode), Ok(_)) = (&asked.control, &answer) {
            self.expected.mode = *mode;
        }
        if let Some(reply) = asked.reply {
            let refused = |why: String| ControlError::Refused(self.redactor.redact(why));
            drop(reply.send(answer.map_err(refused)));
        }
    }

    /// Takes the step `rung`, unless a harder one was taken before.
    fn climb(&mut self, rung: Rung, grace: Duration) {
        let taken = self.ending.as_ref().map(|ending| ending.rung);
        if taken >= Some(rung) {
            return;
        }
        match rung {
            Rung::Interrupt => self.request(Control::Interrupt, FOREVER, None),
            Rung::CloseInput => self.wire.close_input(),
            Rung::Signal => self.wire.signal(),
            Rung::Kill => self.wire.group.kill(),
        }
        self.ending = Some(Ending {
            rung,
            grace,
            until: Instant::now() + grace.min(FOREVER),
        });
    }

    /// The next time at which something is over.
    fn deadline(&self) -> Instant {
        let mut next = Instant::now() + FOREVER;
        if let Some(ending) = &self.ending {
            if ending.rung != Rung::Kill {
                next = next.min(ending.until);
            }
            return next;
        }
        if let Some(turn) = &self.turn {
            next = next.min(turn.next(self.calls.any()));
        }
        let asked = self.asked.values().map(|asked| asked.until);
        asked.fold(next, Instant::min)
    }

    fn expire(&mut self, now: Instant) {
        if let Some(ending) = &self.ending {
            if ending.until <= now {
                self.climb(ending.rung.next(), ending.grace);
            }
            return;
        }
        let asked = std::mem::take(&mut self.asked).into_iter();
        let (late, open): (Vec<_>, _) = asked.partition(|(_, asked)| asked.until <= now);
        self.asked = open.into_iter().collect();
        for (_, asked) in late {
            if let Some(reply) = asked.reply {
                drop(reply.send(Err(ControlError::TimedOut(asked.within))));
            }
            // A session that does not answer never will.
            let why = "the session does not answer any more".to_owned();
            self.fail(Cause::Failed(why));
        }
        if let Some(turn) = &self.turn {
            match &turn.cut {
                Some(cut) if cut.until <= now => self.climb(Rung::Kill, Duration::ZERO),
                Some(_) => {}
                None if turn.wall_at <= now => self.cut(Cause::TimedOut),
                None if turn.next(self.calls.any()) <= now => self.cut(Cause::Silent),
                None => {}
            }
        }
    }

    /// The process has ended: answers what is asked, until it is stopped or the handle is gone.
    async fn bury(mut self, exit: Exit, mut commands: mpsc::UnboundedReceiver<Command>) {
        let (last_words, transcript) = self.wire.finish();
        let redactor = self.redactor;
        let stderr = output::tail(&redactor.redact(last_words), 20, 2048);
        let crash = |cut: Option<Cut>| match cut {
            Some(cut) => cut.cause.outcome().cleaned(|text| redactor.redact(text)),
            None => Outcome::Crashed {
                exit,
                stderr: stderr.clone(),
            },
        };
        if let Some(turn) = self.turn.take() {
            drop(turn.reply.send(turn.progress.give_up(crash(turn.cut))));
        }
        let stopping = !self.stopped.is_empty();
        for (_, _, reply) in self.waiting {
            let outcome = if stopping {
                Outcome::Cancelled
            } else {
                crash(None)
            };
            drop(reply.send(Progress::new(Instant::now()).give_up(outcome)));
        }
        // Nobody waits for the host any more. Whoever waits for the session sees it gone.
        drop((self.calls, self.asked));
        let mut stopped = self.stopped.into_iter().next();
        while stopped.is_none() {
            match commands.recv().await {
                Some(Command::Ask { reply, .. }) => {
                    drop(reply.send(Progress::new(Instant::now()).give_up(crash(None))));
                }
                Some(Command::Interrupt { .. } | Command::Control { .. }) => {}
                Some(Command::Stop { reply, .. }) => stopped = Some(reply),
                None => return,
            }
        }
        if let Some(reply) = stopped {
            drop(reply.send(Stopped {
                exit,
                stderr,
                transcript,
            }));
        }
    }
}

impl Running {
    /// When the turn has to have said something, or to be over.
    fn next(&self, asking: bool) -> Instant {
        if let Some(cut) = &self.cut {
            return cut.until;
        }
        // While we owe an answer, silence is ours.
        let patience = (!asking).then(|| self.progress.patience(self.silence));
        match patience.flatten() {
            Some(patience) => self.wall_at.min(self.since + patience.min(FOREVER)),
            None => self.wall_at,
        }
    }
}

impl Cut {
    fn new(cause: Cause, wait: Duration) -> Self {
        Self {
            cause,
            until: Instant::now() + wait,
        }
    }
}

/// Waits until nobody wants to know the end of the turn any more.
async fn forsaken(turn: &mut Option<Running>) {
    match turn {
        Some(Running {
            cut: None, reply, ..
        }) => reply.closed().await,
        Some(_) | None => pending().await,
    }
}
