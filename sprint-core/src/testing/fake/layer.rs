//! A layer of a host, in memory.

use async_trait::async_trait;

use crate::domain::check::LayerSubject;
use crate::domain::verdict::{LayerName, Verdict};
use crate::ports::{EffectContext, Layer, Result};
use crate::testing::world::World;

/// A layer that refuses [unsigned](crate::testing::world::repo::Flaw::Unsigned) work.
#[derive(Clone, Debug)]
pub struct FakeLayer {
    world: World,
    name: LayerName,
}

impl FakeLayer {
    /// A layer of this name over `world`.
    pub fn new(world: &World, name: LayerName) -> Self {
        let world = world.clone();
        Self { world, name }
    }
}

#[async_trait]
impl Layer for FakeLayer {
    fn name(&self) -> LayerName {
        self.name
    }

    async fn judge(&self, subject: &LayerSubject, _: &EffectContext) -> Result<Verdict> {
        let commit = subject.commit.as_str();
        self.world
            .call("judge", commit, |state| Ok(state.judge_signature(subject)))
            .await
    }
}
