//! Creating something exactly once.
//!
//! An id of the client's does not make a create safe to repeat, it only makes the repetition
//! notice: the second one fails with a conflict. And the same conflict is sometimes answered for
//! an id that does not exist at all. So neither an error nor a conflict says what is there; only
//! reading the id does:
//!
//! | Answer to the create | What follows |
//! | --- | --- |
//! | done | done |
//! | conflict | read; ours: adopted; somebody else's: an error; deleted: the next id; not there: it was a phantom, wait, the same create again |
//! | none, or one that says nothing | read; not there: the same create again |
//! | anything else | an error; nothing was done |

use std::time::Duration;

use async_trait::async_trait;

use crate::call_error::{CallError, Problem};
use crate::client::Client;

/// When an id is read that ought to be there, in milliseconds after the first time: reads lag.
pub(crate) const LOOKS: [u64; 7] = [0, 300, 1_000, 2_000, 4_000, 8_000, 15_000];
/// Waits after a conflict that nothing is behind, in milliseconds.
const PHANTOM: [u64; 5] = [2_000, 5_000, 10_000, 20_000, 30_000];
/// Creates without an answer.
const SENDS: u32 = 4;

/// Something to create.
#[async_trait]
pub(crate) trait Creation: Sync {
    /// What it is once it is there.
    type Entity: Send;

    /// Its id in this epoch. Called before anything is sent under it: the place to write it down.
    async fn id(&self, epoch: u32) -> Result<String, CallError>;

    /// Sends the create once.
    async fn send(&self, id: &str) -> Result<Self::Entity, CallError>;

    /// Reads what is under the id. `Ok(None)`: nothing, or not yet.
    async fn look(&self, id: &str) -> Result<Option<Found<Self::Entity>>, CallError>;
}

/// What is under an id.
#[derive(Debug)]
pub(crate) enum Found<T> {
    /// What we would have created, whatever its text is by now.
    Ours(T),
    /// It was deleted, or is archived: the id cannot be used again.
    Burnt,
    /// Something else: a sentence fragment that says what.
    Foreign(String),
}

/// Something that is there now.
#[derive(Debug)]
pub(crate) struct Created<T> {
    pub(crate) entity: T,
    /// Whether it was there before this call.
    pub(crate) adopted: bool,
}

/// Creates `what` unless it is there, beginning with the id of `epoch`. `before`: an earlier run
/// may have sent it, so the id is read first.
pub(crate) async fn once<C: Creation>(
    client: &Client,
    what: &C,
    epoch: u32,
    before: bool,
) -> Result<Created<C::Entity>, CallError> {
    let mut burnt = None;
    for epoch in [epoch, epoch + 1] {
        let id = what.id(epoch).await?;
        match under(client, what, &id, before).await? {
            Outcome::There { entity, adopted } => {
                return Ok(Created { entity, adopted });
            }
            Outcome::Unusable(error) => burnt = Some(error),
        }
    }
    Err(burnt.expect("two epochs were tried"))
}

enum Outcome<T> {
    There {
        entity: T,
        adopted: bool,
    },
    /// Nothing can be created under this id.
    Unusable(CallError),
}

async fn under<C: Creation>(
    client: &Client,
    what: &C,
    id: &str,
    before: bool,
) -> Result<Outcome<C::Entity>, CallError> {
    if before && let Some(found) = what.look(id).await? {
        return judged(found, None);
    }
    let (mut phantoms, mut sends) = (PHANTOM.iter(), 0);
    loop {
        let error = match what.send(id).await {
            Ok(entity) => {
                let adopted = false;
                return Ok(Outcome::There { entity, adopted });
            }
            Err(error) => error,
        };
        sends += 1;
        let problem = error.problem;
        if problem == Problem::Conflict {
            if let Some(found) = await_id(client, what, id).await? {
                return judged(found, Some(error));
            }
            let Some(wait) = phantoms.next() else {
                return Ok(Outcome::Unusable(error));
            };
            client.sleep(Duration::from_millis(*wait)).await;
        } else if problem.may_be_done() {
            if let Some(found) = await_id(client, what, id).await? {
                return judged(found, Some(error));
            }
            if sends >= SENDS {
                return Err(error);
            }
        } else if matches!(problem, Problem::Unsent | Problem::Locked) && sends < SENDS {
            client.back_off(sends).await;
        } else {
            return Err(error);
        }
    }
}

/// Reads an id until something is there, for as long as reads are known to lag.
async fn await_id<C: Creation>(
    client: &Client,
    what: &C,
    id: &str,
) -> Result<Option<Found<C::Entity>>, CallError> {
    for look in 0..LOOKS.len() {
        client.wait_for_look(&LOOKS, look).await;
        if let Some(found) = what.look(id).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn judged<T>(found: Found<T>, error: Option<CallError>) -> Result<Outcome<T>, CallError> {
    let because = |text: &str| CallError {
        text: text.to_owned(),
        ..error.unwrap_or_else(|| CallError::new("look", Problem::Conflict, ""))
    };
    match found {
        Found::Ours(entity) => Ok(Outcome::There {
            entity,
            adopted: true,
        }),
        Found::Burnt => Ok(Outcome::Unusable(because("it was deleted"))),
        Found::Foreign(what) => Err(CallError {
            problem: Problem::Conflict,
            ..because(&format!("under this id there is {what}"))
        }),
    }
}

#[cfg(test)]
#[path = "once_tests.rs"]
mod tests;
