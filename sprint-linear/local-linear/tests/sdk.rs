//! The official SDK, which shares no idea with this server, drives it.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use local_linear::{Fault, LocalLinear, Team, Unmodelled, When};

/// The steps of `sdk/check.mjs`.
const STEPS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_sdk_finds_what_it_expects() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("sdk");
    if !sdk.join("node_modules/@linear/sdk").exists() {
        assert!(
            std::env::var_os("SPRINT_TEST_REQUIRE_LINEAR_SDK").is_none(),
            "no SDK: run npm ci in sprint-linear/local-linear/sdk"
        );
        return eprintln!(
            "SKIPPED the official SDK: not installed; npm ci in sprint-linear/local-linear/sdk"
        );
    }
    let clock = AtomicU64::new(1_700_000_000_000);
    let linear = LocalLinear::new(move || clock.fetch_add(100, Ordering::SeqCst));
    linear.settings(|settings| settings.unmodelled = Unmodelled::Empty);
    let team = linear.add_team(Team::new("Engine", "ENG"));
    linear.add_states(&team);
    plan_faults(&linear);
    let served = linear.serve().await.unwrap();
    let mut check = Command::new("node");
    check
        .arg("check.mjs")
        .current_dir(sdk)
        .env("LINEAR_URL", served.url())
        .env("LINEAR_KEY", linear.api_key());
    let output = tokio::task::spawn_blocking(move || check.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        said.lines().filter(|line| line.starts_with("ok ")).count(),
        STEPS,
        "{said}"
    );
    assert_eq!(linear.issues().len(), 101);
    assert_eq!(linear.comments().len(), 1);
    assert_eq!(linear.attachments().len(), 1);
}

/// The faults that the steps of `sdk/check.mjs` meet, in their order.
fn plan_faults(linear: &LocalLinear) {
    let limited = Fault::RateLimited {
        reset_in_ms: 60_000,
        endpoint: false,
        status: 400,
        retry_after: None,
    };
    linear.fault(When::on("organization").nth(2), limited);
    let broken = Fault::Status {
        code: 500,
        body: "{}".to_owned(),
    };
    linear.fault(When::on("organization").nth(3), broken);
    let proxy = Fault::Status {
        code: 502,
        body: "<html>Bad Gateway</html>".to_owned(),
    };
    linear.fault(When::on("organization").nth(4), proxy);
    linear.fault(
        When::on("issueUpdate").nth(2),
        Fault::StaleReads { ms: 1_000 },
    );
    linear.fault(When::on("issueCreate").nth(2), Fault::LostAfter);
}
