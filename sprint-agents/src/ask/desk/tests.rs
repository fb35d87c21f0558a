use tokio::task::JoinSet;

use super::*;
use crate::ask::fixture::{LIMIT, desk, hanging};

#[tokio::test(start_paused = true)]
async fn whatever_happens_the_worker_is_told_what_to_do_and_it_is_on_record() {
    let desk = desk();
    let mut told = Vec::new();
    for question in [
        "where is it",
        "perhaps",
        " \u{1b}\n",
        "nothing",
        "fail",
        "wait 29",
        "wait 31",
        "die",
        "where is it",
    ] {
        told.push(match desk.ask(question).await {
            Ok(answer) => format!("answer: {answer}"),
            Err(reason) => format!("error: {reason}"),
        });
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    answer: where is it: answer 1
    answer: perhaps: answer 2

    [Do not rely on this answer: it hedges. Read the files yourself.]
    error: there is no question in this call; ask one in plain words
    error: The context agent gave no answer: its answer was empty. Read the files yourself, go on, and note it in your result.
    error: The context agent gave no answer: the turn failed. Read the files yourself, go on, and note it in your result.
    answer: wait 29: answer 5
    error: The context agent gave no answer: it did not answer within 30 s. Read the files yourself, go on, and note it in your result.
    error: The context agent gave no answer: it has ended: exit 1. Read the files yourself, go on, and note it in your result.
    error: The context agent gave no answer: it has ended. Read the files yourself, go on, and note it in your result.
    ");
    insta::assert_snapshot!(desk.exchange().unwrap(), @r"
    question 1, answered, after 0 ms:
    > where is it
    answer:
    > where is it: answer 1
    question 2, answered, after 0 ms:
    > perhaps
    answer:
    > perhaps: answer 2
    sign of degradation: it hedges
    question 3, not answered, its answer was empty, after 0 ms:
    > nothing
    question 4, not answered, the turn failed, after 0 ms:
    > fail
    question 5, answered, after 29000 ms:
    > wait 29
    answer:
    > wait 29: answer 5
    question 6, not answered, it did not answer within 30 s, after 30000 ms:
    > wait 31
    question 7, not answered, it has ended: exit 1, after 1000 ms:
    > die
    question 8, not answered, it has ended, after 0 ms:
    > where is it
    ");
    let report = desk.report();
    assert_eq!(
        (report.questions, report.answered, report.degraded),
        (8, 3, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_finished_first_and_goes_to_nobody() {
    let desk = desk();
    desk.ask("wait 50").await.unwrap_err();
    let asked = Instant::now();
    assert_eq!(desk.ask("a").await.unwrap(), "a: answer 2");
    assert_eq!(asked.elapsed(), Duration::from_secs(20));
    // One that waits in vain for the respondent is never put to it.
    desk.ask("wait 90").await.unwrap_err();
    desk.ask("b").await.unwrap_err();
    assert_eq!(asked.elapsed(), Duration::from_secs(20) + 2 * LIMIT);
    tokio::time::advance(LIMIT).await;
    assert_eq!(desk.ask("c").await.unwrap(), "c: answer 4");
}

#[tokio::test(start_paused = true)]
async fn questions_wait_for_each_other_in_the_order_they_came() {
    let desk = desk();
    let mut asking = JoinSet::new();
    for _ in 0..3 {
        let desk = Arc::clone(&desk);
        asking.spawn(async move { desk.ask("wait 20").await });
        tokio::task::yield_now().await;
    }
    let asked = Instant::now();
    let mut answers = Vec::new();
    while let Some(answer) = asking.join_next().await {
        answers.push((answer.unwrap().unwrap(), asked.elapsed().as_secs()));
    }
    // The last one waits longer than the limit, but none is late: the limit is for its own answer.
    let expect = [1, 2, 3].map(|n| (format!("wait 20: answer {n}"), 20 * n));
    assert_eq!(answers, expect);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let desk = desk();
    let given_up = timeout(Duration::from_secs(1), desk.ask("wait 10")).await;
    assert!(given_up.is_err());
    assert_eq!(desk.ask("a").await.unwrap(), "a: answer 2");
    assert_eq!(desk.report().questions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_respondent_that_panics_has_ended() {
    let desk = desk();
    for (question, reason) in [("panic", "its task broke off"), ("a", "it has ended")] {
        let told = desk.ask(question).await.unwrap_err();
        assert!(told.contains(reason), "{told}");
    }
}

#[tokio::test]
async fn a_respondent_ends_with_its_desk() {
    let (desk, asked, gone) = hanging();
    let asking = Arc::clone(&desk);
    let caller = tokio::spawn(async move { asking.ask("a").await });
    asked.await.unwrap();
    caller.abort();
    caller.await.unwrap_err();
    drop(desk);
    gone.await.unwrap_err();
}
