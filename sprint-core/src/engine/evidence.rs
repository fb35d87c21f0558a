//! Looking up what evidence is judged by.

use std::collections::BTreeMap;
use std::io;

use crate::domain::evidence::{Comment, EvidenceTrailer};
use crate::evidence::{EvidenceReport, Expected, Facts, Output, Outputs, judge};
use crate::failure::ErrorKind;
use crate::id::{BlobId, TicketId};
use crate::ports::{BlobStore, Error, ExactSource, Result, Vcs};

/// Says what the comments on a ticket prove, oldest comment first; [`crate::evidence`] has the
/// rules. Looks, and changes nothing; needs no sprint, and no engine.
///
/// Every output that a comment names is read and hashed, if there is a store to ask.
///
/// # Errors
///
/// What version control or the store cannot look up. A commit or an output that is not there is
/// no error but an answer.
pub async fn verify_evidence(
    vcs: &dyn Vcs,
    blobs: Option<&dyn BlobStore>,
    ticket: &TicketId,
    comments: &[Comment],
    expected: &Expected,
) -> Result<EvidenceReport> {
    let read = |comment: &Comment| EvidenceTrailer::read(&comment.body).ok();
    let trailers: Vec<_> = comments.iter().filter_map(read).collect();
    let mut facts = Facts::default();
    for marker in trailers.iter().map(|trailer| &trailer.marker) {
        if !facts.traces.contains_key(marker) {
            let trace = vcs.trace(&marker.branch, &marker.commit).await?;
            facts.traces.insert(marker.clone(), trace);
        }
    }
    if let Some(blobs) = blobs {
        facts.outputs = Outputs::Seen(outputs(blobs, &trailers)?);
    }
    Ok(judge(ticket, comments, expected, &facts))
}

fn outputs(
    blobs: &dyn BlobStore,
    trailers: &[EvidenceTrailer],
) -> Result<BTreeMap<BlobId, Output>> {
    let details = trailers.iter().filter_map(|t| t.details.as_ref());
    let checks = details.flat_map(|details| details.checks.values());
    let mut seen = BTreeMap::new();
    for id in checks.map(|check| &check.output) {
        if !seen.contains_key(id) {
            seen.insert(id.clone(), output(blobs, id)?);
        }
    }
    Ok(seen)
}

/// Reads an output piece by piece: it may be larger than memory.
fn output(blobs: &dyn BlobStore, id: &BlobId) -> Result<Output> {
    let source = match blobs.open(id) {
        Ok(source) => source,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Output::Gone),
        // A store that checks what it has refuses to give this out.
        Err(error) if error.kind() == ErrorKind::Invalid => return Ok(Output::Altered),
        Err(error) => return Err(error),
    };
    match io::copy(&mut ExactSource::new(source, id.clone()), &mut io::sink()) {
        Ok(_) => Ok(Output::Intact),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Output::Altered),
        Err(error) => {
            let failed = Error::new(ErrorKind::Transient, "read output", id.as_str());
            Err(failed.because(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Engine, Ports, Why, control};
    use crate::evidence::{Basis, EvidenceStatus, Mismatch, Missing, Remark, Voided};
    use crate::memory::MemoryBlobs;
    use crate::plan::sprint_plan::SprintPlan;
    use crate::ports::NamedSource;
    use crate::run::Outcome;
    use crate::run::admit::Limits;
    use crate::run::state::Ending;
    use crate::testing::fake::{FakeStore, Recorder, ports};
    use crate::testing::fixture::id;
    use crate::testing::world::World;

    /// A sprint that went well, with all it left behind.
    struct Sprint {
        world: World,
        plan: SprintPlan,
        ports: Ports,
    }

    fn finished(lines: &str) -> Sprint {
        let (world, plan) = World::planned(lines);
        let store = FakeStore::default();
        let ports = ports(&world, &store);
        let limits = Limits::new(None, None);
        let engine = Engine::new(ports.clone(), limits, Arc::new(Recorder::default()));
        let (_control, mut inbox) = control();
        let lease = FakeStore::lease(1);
        let run = engine.start(plan.clone(), &lease, &mut inbox);
        let finished = world.clock().run(run).unwrap();
        let complete = Why::Outcome(Outcome::Complete(Ending::Finished));
        assert_eq!(finished.why, complete);
        Sprint { world, plan, ports }
    }

    impl Sprint {
        fn comments(&self, ticket: &TicketId) -> Vec<Comment> {
            let comments = self.ports.tracker.comments(ticket);
            self.world.clock().run(comments).unwrap()
        }

        fn verify(
            &self,
            blobs: Option<&dyn BlobStore>,
            ticket: &TicketId,
            comments: &[Comment],
        ) -> EvidenceReport {
            let expected = Expected {
                sprint: Some(self.plan.sprint.clone()),
                commit: None,
            };
            let vcs = &*self.ports.vcs;
            let verify = verify_evidence(vcs, blobs, ticket, comments, &expected);
            self.world.clock().run(verify).unwrap()
        }

        fn status(&self, blobs: Option<&dyn BlobStore>) -> EvidenceStatus {
            let ticket = id("ENG-1");
            self.verify(blobs, &ticket, &self.comments(&ticket))
                .status()
        }
    }

    #[test]
    fn what_the_engine_posts_holds_in_the_repository_it_landed_in() {
        let sprint = finished("ENG-1, ENG-2 <- ENG-1");
        for ticket in ["ENG-1", "ENG-2"].map(id) {
            let comments = sprint.comments(&ticket);
            let report = sprint.verify(Some(&*sprint.ports.blobs), &ticket, &comments);
            let valid = EvidenceStatus::Valid {
                basis: Basis::Base,
                remarks: Vec::new(),
            };
            assert_eq!(report.status(), valid, "{comments:?}");
        }
        let swapped = sprint.comments(&id("ENG-2"));
        let report = sprint.verify(None, &id("ENG-1"), &swapped);
        let other = EvidenceStatus::Mismatched(Mismatch::OtherTicket(id("ENG-2")));
        assert_eq!(report.status(), other);
        let report = sprint.verify(None, &id("ENG-1"), &[]);
        let missing = EvidenceStatus::Missing(Missing::NoEvidence);
        assert_eq!(report.status(), missing);
    }

    #[test]
    fn outputs_count_where_there_is_a_store_to_ask() {
        let sprint = finished("ENG-1");
        let unasked = EvidenceStatus::Valid {
            basis: Basis::Base,
            remarks: vec![Remark::OutputsNotAtHand],
        };
        assert_eq!(sprint.status(None), unasked);
        let status = sprint.status(Some(&MemoryBlobs::default()));
        assert!(
            matches!(status, EvidenceStatus::Mismatched(Mismatch::OutputGone(_))),
            "{status:?}"
        );
    }

    #[test]
    fn a_branch_that_comes_back_elsewhere_voids_it() {
        let sprint = finished("ENG-1");
        let comments = sprint.comments(&id("ENG-1"));
        let trailer = EvidenceTrailer::read(&comments[0].body).unwrap();
        let branch = trailer.marker.branch;
        let head = sprint.plan.base.clone();
        sprint.world.with(|state| {
            state.repo.branches.insert(branch, head.clone());
        });
        let rewritten = Voided::Rewritten { head, landed: true };
        assert_eq!(sprint.status(None), EvidenceStatus::Voided(rewritten));
    }

    /// Gives every output as a long source, and never as a whole.
    #[derive(Debug)]
    struct Long(&'static [u8]);

    impl BlobStore for Long {
        fn store(&self, _: &mut dyn Read) -> Result<BlobId> {
            panic!("nothing is stored by looking");
        }

        fn open(&self, _: &BlobId) -> Result<Box<dyn Read + Send>> {
            Ok(Box::new(self.0.chain(io::repeat(b'x').take(3 << 20))))
        }

        fn get(&self, _: &BlobId) -> Result<Vec<u8>> {
            panic!("an output may be larger than memory");
        }
    }

    #[test]
    fn outputs_are_hashed_without_being_held() {
        let mut source = NamedSource::new(b"a".chain(io::repeat(b'x').take(3 << 20)));
        io::copy(&mut source, &mut io::sink()).unwrap();
        let id = source.id();
        assert_eq!(output(&Long(b"a"), &id).unwrap(), Output::Intact);
        assert_eq!(output(&Long(b"b"), &id).unwrap(), Output::Altered);
    }
}
