use sprint_core::testing::fake::clock::FakeClock;

use super::*;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn at(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

/// Headers as Linear sends them; resets are in milliseconds.
fn headers(pairs: &[(&'static str, u64)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, value.to_string().parse().expect("digits are a value"))
    });
    pairs.collect()
}

fn requests(remaining: u64) -> HeaderMap {
    headers(&[
        ("x-ratelimit-requests-limit", 2_500),
        ("x-ratelimit-requests-remaining", remaining),
        ("x-ratelimit-requests-reset", at(3_600).as_millis()),
    ])
}

/// A budget that was told that so many requests remain, and its clock.
fn told(remaining: u64) -> (Budget, FakeClock) {
    let (budget, clock) = (Budget::new(), FakeClock::new(START));
    clock.run(async {
        let call = budget.admit("A", Use::Read, 1, &clock).await;
        let call = call.expect("nothing is known yet");
        budget.learn(&call, &requests(remaining), START);
    });
    (budget, clock)
}

/// One call that is answered at once without telling anything.
fn go(budget: &Budget, clock: &FakeClock, for_what: Use) -> Result<(), Timestamp> {
    clock.run(async {
        let admitted = budget.admit("A", for_what, 1, clock).await;
        admitted.map(drop).map_err(Wait::until)
    })
}

#[test]
fn plenty_is_free_a_fifth_is_spread_and_the_last_tenth_is_for_writes() {
    let (budget, clock) = told(600);
    for _ in 0..100 {
        assert_eq!(go(&budget, &clock, Use::Read), Ok(()));
    }
    // 500 are left: from here one read goes every 1.44 seconds, and writes go.
    assert_eq!(go(&budget, &clock, Use::Read), Ok(()));
    assert_eq!(go(&budget, &clock, Use::Read), Ok(()));
    let next = go(&budget, &clock, Use::Read).expect_err("reads are spread");
    assert_eq!(next.since(START), Duration::from_millis(1_441));
    assert_eq!(go(&budget, &clock, Use::Write), Ok(()));

    let (budget, clock) = told(250);
    assert_eq!(go(&budget, &clock, Use::Write), Ok(()));
    let first = go(&budget, &clock, Use::Read).expect_err("the reserve is for writes");
    let second = go(&budget, &clock, Use::Read).expect_err("the reserve is for writes");
    assert!(first < second, "each is told a time of its own");
    clock.advance(first.since(START));
    assert_eq!(go(&budget, &clock, Use::Read), Ok(()), "who waited may go");
}

#[test]
fn nothing_left_holds_writes_until_one_has_refilled() {
    let (budget, clock) = told(1);
    assert_eq!(go(&budget, &clock, Use::Write), Ok(()));
    let until = go(&budget, &clock, Use::Write).expect_err("nothing is left");
    assert_eq!(until.since(START), Duration::from_millis(1_441));
    clock.advance(until.since(START));
    assert_eq!(go(&budget, &clock, Use::Write), Ok(()));
}

#[test]
fn after_the_reset_all_of_it_is_there() {
    let (budget, clock) = told(0);
    clock.advance(Duration::from_secs(3_600));
    let allowance = budget.allowance(clock.now()).expect("it was told");
    assert_eq!(allowance.requests.remaining, 2_500);
}

#[test]
fn calls_under_way_count_as_sent() {
    let (budget, clock) = told(10);
    clock.run(async {
        let one = budget
            .admit("A", Use::Write, 1, &clock)
            .await
            .expect("10 are left");
        let read = budget.admit("A", Use::Read, 1, &clock).await;
        read.expect_err("reads do not touch the reserve");
        budget.learn(&one, &requests(9), START);
        drop(one);
    });
    assert_eq!(
        budget.allowance(START).map(|a| a.requests.remaining),
        Some(9)
    );
}

#[test]
fn a_refusal_is_waited_out_as_told() {
    let reset = |name: [&'static str; 3], remaining, seconds| {
        let values = [2_500, remaining, at(seconds).as_millis()];
        headers(&[
            (name[0], values[0]),
            (name[1], values[1]),
            (name[2], values[2]),
        ])
    };
    let whole = [
        "x-ratelimit-requests-limit",
        "x-ratelimit-requests-remaining",
        "x-ratelimit-requests-reset",
    ];
    // "A" adds 65 thousandths of the wait.
    let cases = [
        (headers(&[]), 5_325),
        (headers(&[("retry-after", 20)]), 21_300),
        (reset(whole, 0, 60), 63_900),
        // Not used up, so its reset is not what we wait for.
        (reset(whole, 7, 60), 5_325),
        // More than a quarter of an hour, and a time that has passed.
        (reset(whole, 0, 3_600), 958_500),
        (
            headers(&[(whole[0], 9), (whole[1], 0), (whole[2], 5)]),
            1_065,
        ),
    ];
    for (headers, wait) in cases {
        let (budget, clock) = (Budget::new(), FakeClock::new(START));
        let until = budget.refused("A", &headers, START);
        assert_eq!(until.since(START).as_millis(), wait, "{headers:?}");
        assert_eq!(go(&budget, &clock, Use::Write), Err(until));
        clock.advance(until.since(START));
        assert_eq!(go(&budget, &clock, Use::Write), Ok(()));
    }
}

#[test]
fn a_limit_of_one_operation_holds_that_one_only() {
    let (budget, clock) = (Budget::new(), FakeClock::new(START));
    let told = headers(&[
        ("x-ratelimit-endpoint-requests-limit", 30),
        ("x-ratelimit-endpoint-requests-remaining", 0),
        ("x-ratelimit-endpoint-requests-reset", at(30).as_millis()),
    ]);
    let until = budget.refused("Search", &told, START);
    let admit = |operation| {
        clock.run(async {
            let admitted = budget.admit(operation, Use::Read, 1, &clock).await;
            admitted.map(drop).map_err(Wait::until)
        })
    };
    assert_eq!(admit("Search"), Err(until));
    assert_eq!(admit("A"), Ok(()));
}

#[test]
fn another_clock_at_the_server_does_not_change_how_long_we_wait() {
    let (budget, clock) = (Budget::new(), FakeClock::new(START));
    // The server is an hour ahead; by its clock the reset is in a minute.
    let mut told = headers(&[
        ("x-ratelimit-requests-limit", 2_500),
        ("x-ratelimit-requests-remaining", 0),
        ("x-ratelimit-requests-reset", at(3_660).as_millis()),
    ]);
    let ahead = "Fri, 15 Jan 2027 09:00:00 GMT"
        .parse()
        .expect("it is a value");
    told.insert("date", ahead);
    clock.run(async {
        let call = budget
            .admit("A", Use::Read, 1, &clock)
            .await
            .expect("nothing is known");
        budget.learn(&call, &told, START);
    });
    let until = budget.refused("A", &told, START);
    assert_eq!(until.since(START), Duration::from_millis(63_900));
}

#[test]
fn looking_is_rarer_the_less_is_left_and_the_more_look() {
    let interval = |remaining, sharers| {
        let (budget, _) = told(remaining);
        budget.poll_interval(sharers, START).as_secs()
    };
    assert_eq!(Budget::new().poll_interval(1, START).as_secs(), 30);
    let measured = [
        interval(2_400, 1),
        interval(2_400, 5),
        interval(1_000, 5),
        interval(300, 5),
        interval(100, 5),
        interval(100, 100),
    ];
    assert_eq!(measured, [30, 72, 144, 288, 576, 900]);
}

#[test]
fn what_takes_several_calls_begins_where_all_of_them_can_go() {
    let (budget, clock) = told(8);
    assert_eq!(budget.begin(START), Ok(()));
    assert_eq!(go(&budget, &clock, Use::Write), Ok(()));
    let first = budget.begin(START).expect_err("one is missing");
    let second = budget.begin(START).expect_err("one is missing");
    assert_eq!(first.since(START), Duration::from_millis(1_441));
    assert_eq!(second.since(first), Duration::from_millis(8 * 1_440 + 1));
    assert_eq!(budget.begin(first), Ok(()));
}
