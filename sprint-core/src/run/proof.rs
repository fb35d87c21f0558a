//! Proof: the value without which nothing is posted as evidence, closed or merged.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::evidence::EvidenceMarker;
use crate::domain::verdict::{LayerId, LayerName, Verdict};
use crate::id::{CommitId, TicketId, TreeId};

/// Every layer accepted this exact commit.
///
/// It has no public constructor and cannot be deserialized: only the run machine makes one, from
/// saved verdicts, each time it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    marker: EvidenceMarker,
    verdicts: BTreeMap<LayerId, Verdict>,
}

impl Proof {
    /// Proof for the marked commit, if every layer of the pipeline and of the host accepted it.
    pub(in crate::run) fn new(
        marker: EvidenceMarker,
        verdicts: &BTreeMap<LayerId, Verdict>,
        hosts: &BTreeSet<LayerName>,
    ) -> Option<Self> {
        let accepted = |layer: &LayerId| verdicts.get(layer).is_some_and(Verdict::accepts);
        let hosts = hosts.iter().copied().map(LayerId::Host);
        let mut required = LayerId::ALL.into_iter().chain(hosts);
        required.all(|layer| accepted(&layer)).then(|| Self {
            marker,
            verdicts: verdicts.clone(),
        })
    }

    /// Proof without verdicts, for testing trackers.
    #[cfg(any(test, feature = "test-util"))]
    pub fn for_tests(marker: EvidenceMarker) -> Self {
        let verdicts = LayerId::ALL
            .into_iter()
            .map(|layer| (layer, Verdict::pass()))
            .collect();
        Self { marker, verdicts }
    }

    /// The ticket.
    pub const fn ticket(&self) -> &TicketId {
        &self.marker.ticket
    }

    /// The commit.
    pub const fn commit(&self) -> &CommitId {
        &self.marker.commit
    }

    /// Its tree.
    pub const fn tree(&self) -> &TreeId {
        &self.marker.tree
    }

    /// The marker that an evidence comment carries.
    pub const fn marker(&self) -> &EvidenceMarker {
        &self.marker
    }

    /// What each layer decided.
    pub const fn verdicts(&self) -> &BTreeMap<LayerId, Verdict> {
        &self.verdicts
    }
}
