//! What [`Vcs`](crate::ports::Vcs) has to see around a workspace, as checks.
#![expect(clippy::unwrap_used, reason = "a check fails by panicking")]

use crate::domain::merge::Landed;
use crate::domain::stray::{Place, Stray, Surroundings};
use crate::domain::workspace::Workspace;
use crate::testing::conformance::vcs::{VcsHarness, collect, land, landing, open, spec, ticket};

/// What changes in the checkout, in the workspace of another ticket or on base is named, with its
/// place; what changes in the own workspace is not.
pub async fn looking_around_names_what_others_change(harness: &dyn VcsHarness) {
    let own = open(harness, &spec(harness, "ENG-1").await).await;
    let other = spec(harness, "ENG-2").await;
    let ticket = other.ticket.clone();
    let other = open(harness, &other).await;
    let before = look(harness, &own).await;
    assert_eq!(strays(harness, &own, &before).await, []);

    harness.write(&own, "b.txt", "b\n");
    assert_eq!(strays(harness, &own, &before).await, []);
    collect(harness, &own).await;
    assert_eq!(strays(harness, &own, &before).await, []);

    harness.set_checkout_dirty(true);
    let checkout = [stray(Place::Checkout, "a.txt")];
    assert_eq!(strays(harness, &own, &before).await, checkout);
    harness.set_checkout_dirty(false);
    assert_eq!(strays(harness, &own, &before).await, []);

    harness.write(&other, "c.txt", "c\n");
    let found = strays(harness, &own, &before).await;
    let places: Vec<_> = found.iter().map(|stray| stray.place.clone()).collect();
    assert_eq!(places, [Place::Ticket(ticket)], "{found:?}");

    let before = look(harness, &own).await;
    harness.advance_base("d.txt", "d\n");
    let found = strays(harness, &own, &before).await;
    let [found] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(found.place, Place::Refs);
}

/// Landing, and opening and giving back workspaces of other tickets, makes no difference.
pub async fn what_the_sprint_does_is_no_stray(harness: &dyn VcsHarness) {
    let own = open(harness, &spec(harness, "ENG-1").await).await;
    let before = look(harness, &own).await;
    let input = ticket(harness, "ENG-2", "b.txt", "b\n").await;
    let landing = landing(harness, &input).await;
    assert_eq!(land(harness, &landing).await, Landed::Yes);
    assert_eq!(strays(harness, &own, &before).await, []);

    let other = open(harness, &spec(harness, "ENG-3").await).await;
    let before = look(harness, &own).await;
    harness.vcs().close(&other).await.unwrap();
    assert_eq!(strays(harness, &own, &before).await, []);
}

async fn look(harness: &dyn VcsHarness, workspace: &Workspace) -> Surroundings {
    harness.vcs().surroundings(workspace).await.unwrap()
}

async fn strays(
    harness: &dyn VcsHarness,
    workspace: &Workspace,
    before: &Surroundings,
) -> Vec<Stray> {
    before.strays(&look(harness, workspace).await)
}

fn stray(place: Place, what: &str) -> Stray {
    let what = what.to_owned();
    Stray { place, what }
}
