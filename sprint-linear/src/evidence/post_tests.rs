use std::collections::BTreeSet;

use local_linear::{CommentMarkdown, Fault, NewComment, RequestKind, When};
use sprint_core::domain::command::{CheckKind, CommandLine, Count, Exit};
use sprint_core::domain::evidence::{EVIDENCE_HEADING, EvidenceTrailer};
use sprint_core::id::BlobId;
use sprint_core::memory::MemoryBlobs;
use sprint_core::run::effect::Step;
use sprint_core::run::proof::Proof;
use sprint_core::testing::sample;

use super::*;
use crate::evidence::{EvidenceFinding, check};
use crate::testing::{Fixture, Side};

/// A server with one issue, and evidence to post on it.
struct Scene {
    at: Fixture,
    issue: String,
    proof: Proof,
    key: EffectKey,
    comment: String,
    runs: Vec<CheckRun>,
    outputs: Option<Arc<dyn BlobStore>>,
}

impl Scene {
    fn new() -> Self {
        let at = Fixture::new();
        let issue = at.issue("one", "In Progress");
        let ticket = sample::ticket_id(1);
        let proof = sample::proof(&ticket, 'a');
        let blobs = MemoryBlobs::default();
        let output = |bytes: &[u8]| blobs.put(bytes).unwrap();
        Self {
            at,
            issue,
            key: sample::key(&ticket, 1, Step::Post),
            comment: sample::evidence(&proof, "\n- item\n\n```text\nall good\n```"),
            proof,
            runs: vec![
                run(CheckKind::Build, output(b"built\n")),
                run(CheckKind::Test, output(b"41 passed \xff\x00\x1b[0m\n")),
            ],
            outputs: Some(Arc::new(blobs)),
        }
    }

    fn without_outputs() -> Self {
        Self {
            outputs: None,
            ..Self::new()
        }
    }

    fn post(&self) -> Result<CommentRef> {
        self.at.run(self.posting())
    }

    /// As after a restart: nothing is known.
    async fn posting(&self) -> Result<CommentRef> {
        let link = self.at.link();
        let evidence = Evidence {
            key: &self.key,
            marker: self.proof.marker(),
            runs: &self.runs,
            comment: &self.comment,
        };
        post(&link, &self.issue, evidence, self.outputs.as_ref()).await
    }

    fn stored(&self) -> Vec<Stored> {
        let link = self.at.link();
        self.at
            .run(comments::of_issue(&link, &self.issue))
            .expect("comments can be read")
    }

    fn findings(&self) -> Vec<EvidenceFinding> {
        let link = self.at.link();
        let found = self.at.run(check(&link, &self.issue));
        found.expect("evidence can be read")
    }

    /// The store holds the evidence exactly once, whole, and nothing else of ours.
    fn assert_exact(&self, what: &str) -> EvidenceLine {
        let linear = &self.at.linear;
        let comments = self.stored();
        let [comment] = comments.as_slice() else {
            panic!("{what}: {} comments", comments.len());
        };
        assert_eq!(linear.comments().len(), 1, "{what}");
        assert_eq!(
            comment.marker().as_ref(),
            Some(self.proof.marker()),
            "{what}"
        );
        let line = comment.evidence().expect("it has a marker").clone();
        let attachments = linear.attachments();
        assert_eq!(
            attachments.len(),
            usize::from(self.outputs.is_some()),
            "{what}"
        );
        for attachment in attachments {
            let file = line.file.as_ref().expect("there are outputs");
            assert_eq!(attachment.url, file.asset, "{what}");
            assert_eq!(attachment.metadata["comment"], comment.id, "{what}");
            assert_eq!(attachment.metadata["sha256"], file.sha256, "{what}");
            let kept = linear.files().into_iter();
            let kept = kept.filter(|kept| kept.asset_url == file.asset);
            let bytes: Vec<_> = kept.filter_map(|kept| kept.bytes).collect();
            assert_eq!(bytes.len(), 1, "{what}");
            assert_eq!(bytes[0].len() as u64, file.bytes, "{what}");
            assert_eq!(digest_of(&bytes[0]), file.sha256, "{what}");
        }
        assert_eq!(self.findings(), [], "{what}");
        line
    }

    fn fault(&self, when: When, fault: Fault) {
        self.at.linear.fault(when, fault);
    }

    fn names(&self) -> Vec<String> {
        let requests = self.at.linear.requests().into_iter();
        let name = requests.map(|request| match request.kind {
            RequestKind::Upload => "PUT".to_owned(),
            RequestKind::Download => "GET".to_owned(),
            RequestKind::Query | RequestKind::Mutation | RequestKind::Refused => request.operation,
        });
        name.filter(|name| name != "Identity").collect()
    }
}

fn run(check: CheckKind, output: BlobId) -> CheckRun {
    CheckRun {
        check,
        command: CommandLine::new(format!("make {check}")).unwrap(),
        exit: Exit::Code(0),
        duration_ms: 1,
        output,
        tail: String::new(),
        count: Count::Unknown,
        failing: BTreeSet::new(),
        redacted: 0,
        reused: None,
    }
}

fn digest_of(bytes: &[u8]) -> String {
    BlobId::of(bytes).to_string()
}

#[test]
fn evidence_is_a_file_a_comment_and_an_attachment_and_posting_it_again_changes_nothing() {
    let scene = Scene::new();
    let first = scene.post().unwrap();
    scene.assert_exact("posted");
    let before = scene.at.linear.requests().len();
    assert_eq!(scene.post().unwrap(), first);
    let again = &scene.at.linear.requests()[before..];
    assert!(
        again
            .iter()
            .all(|request| request.kind != RequestKind::Mutation),
        "nothing is written"
    );
    scene.assert_exact("posted twice");
    let without = Scene::without_outputs();
    without.post().unwrap();
    assert_eq!(without.assert_exact("without a file").file, None);
}

#[test]
fn what_goes_well_takes_five_operations_and_three_without_a_file() {
    let scene = Scene::new();
    scene.post().unwrap();
    assert_eq!(
        scene.names(),
        [
            "IssueEvidence",
            "FileUpload",
            "PUT",
            "GET",
            "CommentCreate",
            "AttachmentCreate",
            "CommentById"
        ]
    );
    let scene = Scene::without_outputs();
    scene.post().unwrap();
    assert_eq!(
        scene.names(),
        ["IssueEvidence", "CommentCreate", "CommentById"]
    );
}

#[test]
fn the_comment_reads_well_and_ends_in_the_machine_line() {
    let scene = Scene::new();
    scene.post().unwrap();
    let body = scene.at.linear.comments().remove(0).body;
    let asset = scene.at.linear.files().remove(0).asset_url;
    insta::assert_snapshot!(body.replace(&asset, "https://uploads.linear.app/ASSET"), @r#"
    ## Implementation Complete

    - item

    ```text
    all good
    ```

    **Whole outputs:** [evidence-T-1-aaaaaaaaaaaa.txt](https://uploads.linear.app/ASSET), 393 bytes, SHA-256 `ab6a9083000e6c2df1f663aaff9838d362cc6dc3c70842116b2c887495dbfc9c`

    `sprint-evidence/1 {"key":"sprint-20260101-000000/T-1/1/post","sha256":"ab6a9083000e6c2df1f663aaff9838d362cc6dc3c70842116b2c887495dbfc9c","bytes":393,"asset":"https://uploads.linear.app/ASSET","rev":1,"trailer":"sprint-evidence v=2 sprint=sprint-20260101-000000 ticket=T-1 branch=work commit=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa tree=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa text=bd7fbe472f0261a422d4997fc33a3582ff9f22d5dbf913e2ede5ab6af5245c07 seal=87fed9e66b702144b46109a6125646b58e4c16798d687d8020f2da72d231d408"}`
    "#);
    let comment = scene.stored().remove(0).into_comment();
    assert_eq!(
        EvidenceTrailer::read(&comment.body),
        EvidenceTrailer::read(&scene.comment)
    );
    assert!(EvidenceTrailer::read(&comment.body).is_ok());
}

#[test]
fn the_key_goes_with_operations_and_downloads_and_never_with_an_upload() {
    let scene = Scene::new();
    scene.post().unwrap();
    for request in scene.at.linear.requests() {
        let upload = request.kind == RequestKind::Upload;
        assert_eq!(request.authorized, !upload, "{}", request.operation);
    }
}

#[test]
fn f4_a_reply_that_is_lost_after_the_comment_was_written_leaves_one_comment() {
    for field in ["commentCreate", "attachmentCreate", "fileUpload", "upload"] {
        for lost in [
            Fault::LostAfter,
            Fault::StatusAfter {
                code: 502,
                body: "<html>".into(),
            },
        ] {
            let scene = Scene::new();
            scene.fault(When::on(field), lost);
            scene.post().unwrap();
            scene.assert_exact(field);
        }
    }
}

#[test]
fn f5_a_request_that_is_lost_before_anything_was_done_is_sent_again() {
    for field in [
        "commentCreate",
        "attachmentCreate",
        "fileUpload",
        "upload",
        "download",
    ] {
        for times in [1, 2] {
            let scene = Scene::new();
            scene.fault(When::on(field).times(times), Fault::LostBefore);
            scene.post().unwrap();
            scene.assert_exact(field);
        }
    }
}

#[test]
fn f6_a_request_that_is_delivered_twice_makes_one_comment() {
    for field in ["commentCreate", "attachmentCreate"] {
        let scene = Scene::new();
        scene.fault(When::on(field), Fault::DuplicateDelivery);
        scene.post().unwrap();
        scene.assert_exact(field);
    }
}

#[test]
fn f7_a_conflict_that_nothing_is_behind_is_waited_out_and_no_success() {
    let scene = Scene::new();
    scene.fault(When::on("commentCreate").times(3), Fault::PhantomConflict);
    scene.post().unwrap();
    scene.assert_exact("after three phantoms");
    // One that lasts makes one new epoch, and then an error.
    let scene = Scene::new();
    scene.fault(When::on("commentCreate").always(), Fault::PhantomConflict);
    assert!(scene.post().is_err());
    assert_eq!(scene.at.linear.comments(), []);
    scene.at.linear.clear_faults();
    scene.post().unwrap();
    scene.assert_exact("later");
}

#[test]
fn f8_a_conflict_is_a_conflict_under_either_status() {
    for status in [200, 400] {
        let scene = Scene::new();
        let settings = |s: &mut local_linear::Settings| s.comment_conflict_status = status;
        scene.at.linear.settings(settings);
        scene.fault(When::on("commentCreate"), Fault::DuplicateDelivery);
        scene.post().unwrap();
        scene.assert_exact("conflict");
    }
}

#[test]
fn f10_a_list_that_lags_makes_no_second_comment() {
    let scene = Scene::new();
    scene.fault(
        When::on("commentCreate"),
        Fault::LaggingLists { ms: 3_600_000 },
    );
    let first = scene.post().unwrap();
    assert_eq!(scene.post().unwrap(), first, "it is not in the list yet");
    scene.at.linear.clear_faults();
    scene.post().unwrap();
    scene.assert_exact("after the lag");
}

#[test]
fn f16_an_answer_with_errors_beside_its_data_is_looked_up() {
    for field in ["commentCreate", "attachmentCreate", "fileUpload"] {
        let scene = Scene::new();
        scene.fault(When::on(field), Fault::Partial);
        scene
            .post()
            .unwrap_or_else(|error| panic!("{field}: {}", error.chain()));
        scene.assert_exact(field);
    }
}

#[test]
fn f28_a_body_that_was_rewritten_still_says_what_it_says() {
    for markdown in [CommentMarkdown::Rewritten, CommentMarkdown::Harsh] {
        let scene = Scene::new();
        let settings = |s: &mut local_linear::Settings| s.comment_markdown = markdown;
        scene.at.linear.settings(settings);
        let first = scene.post().unwrap();
        assert_eq!(scene.post().unwrap(), first);
        scene.assert_exact("rewritten");
        let comment = scene.stored().remove(0).into_comment();
        assert!(!comment.edited);
        assert_eq!(
            EvidenceTrailer::read(&comment.body),
            EvidenceTrailer::read(&scene.comment),
        );
    }
}

#[test]
fn f29_an_edit_is_told_and_evidence_whose_line_is_gone_is_posted_anew() {
    let scene = Scene::new();
    let first = scene.post().unwrap();
    let body = scene.at.linear.comments().remove(0).body;
    let edited = body.replace("all good", "all bad");
    scene.at.linear.edit_comment(&first.0, &edited);
    assert_eq!(scene.post().unwrap(), first, "its line is what counts");
    assert!(scene.stored().remove(0).into_comment().edited);
    let key = scene.key.to_string();
    let altered = EvidenceFinding::Altered {
        key,
        comment: first.clone(),
    };
    assert_eq!(scene.findings(), [altered]);
    scene
        .at
        .linear
        .edit_comment(&first.0, "nothing of it is left");
    let second = scene.post().unwrap();
    assert_ne!(second, first);
    assert_eq!(
        scene.at.linear.comments().len(),
        2,
        "what people wrote stays"
    );
    assert_eq!(scene.post().unwrap(), second);
    assert_eq!(scene.at.linear.attachments().len(), 1);
    let files = scene.at.linear.files();
    assert_eq!(files.len(), 1, "the file is still good");
}

#[test]
fn f29_a_comment_that_was_deleted_is_told_and_posted_under_another_id() {
    let scene = Scene::new();
    let first = scene.post().unwrap();
    scene.at.linear.delete_comment(&first.0);
    let key = scene.key.to_string();
    assert_eq!(scene.findings(), [EvidenceFinding::LostComment { key }]);
    let before = scene.at.linear.requests().len();
    let second = scene.post().unwrap();
    assert_ne!(second, first);
    let requests = scene.at.linear.requests().len() - before;
    assert!(
        requests < 10,
        "{requests}: the index tells which id is used up"
    );
    scene.assert_exact("posted anew");
    assert_eq!(scene.post().unwrap(), second);
    // Without an index the id is found to be used up the long way.
    let scene = Scene::without_outputs();
    let first = scene.post().unwrap();
    scene.at.linear.delete_comment(&first.0);
    assert_ne!(scene.post().unwrap(), first);
    scene.assert_exact("posted anew, without a file");
}

#[test]
fn f31_an_upload_that_is_refused_cut_short_or_too_late_is_made_anew() {
    for (fault, field) in [
        (Fault::UploadRefused { status: 403 }, "upload"),
        (Fault::UploadTruncated, "upload"),
        (Fault::LostAfter, "upload"),
        (Fault::AssetAltered, "download"),
    ] {
        let scene = Scene::new();
        scene.fault(When::on(field).times(2), fault.clone());
        scene.post().unwrap();
        scene.assert_exact(field);
        assert!(
            scene.at.linear.files().len() >= 2,
            "each time a new address"
        );

        let scene = Scene::new();
        scene.fault(When::on("upload").always(), Fault::UploadTruncated);
        scene.post().unwrap_err();
        assert_eq!(
            scene.at.linear.comments(),
            [],
            "no comment names a file in vain"
        );
        assert_eq!(scene.at.linear.attachments(), []);
        assert_eq!(scene.at.linear.files().len(), 3);
    }
}

#[test]
fn f32_a_file_that_is_gone_or_changed_is_sent_again_as_the_next_revision() {
    for fault in [Fault::AssetGone, Fault::AssetAltered] {
        let scene = Scene::new();
        let first = scene.post().unwrap();
        let gone = fault == Fault::AssetGone;
        scene.fault(When::on("download").times(2), fault);
        let corrupt = EvidenceFinding::Corrupt {
            key: scene.key.to_string(),
            comment: first.clone(),
            gone,
        };
        assert_eq!(scene.findings(), [corrupt]);
        assert_eq!(scene.post().unwrap(), first, "the comment is the same one");
        let line = scene.assert_exact("mended");
        assert_eq!(line.rev, 2);
        assert!(
            !scene.stored().remove(0).into_comment().edited,
            "by us only"
        );
        assert_eq!(scene.post().unwrap(), first);
        assert_eq!(scene.assert_exact("mended once").rev, 2);
    }
}

#[test]
fn f32_a_file_that_cannot_be_sent_again_is_an_error() {
    let mut scene = Scene::new();
    scene.post().unwrap();
    scene.fault(When::on("download").always(), Fault::AssetGone);
    assert!(scene.post().is_err(), "three uploads do not come back");
    scene.outputs = None;
    let error = scene.post().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn a_crash_before_or_after_any_request_is_made_good_by_posting_again() {
    for (make, most) in [
        (Scene::new as fn() -> Scene, 8),
        (Scene::without_outputs, 4),
    ] {
        let mut stopped = 0;
        for request in 0..20 {
            for side in [Side::Before, Side::After] {
                let scene = make();
                let ended = scene.at.run_until(request, side, scene.posting());
                stopped += u64::from(ended.is_none());
                scene.post().unwrap();
                scene.assert_exact(&format!("{side:?} request {request}"));
            }
        }
        assert_eq!(stopped, 2 * most, "every request was a place to stop at");
    }
}

#[test]
fn a_crash_while_a_file_is_sent_again_is_made_good() {
    for request in 0..20 {
        for side in [Side::Before, Side::After] {
            let scene = Scene::new();
            scene.post().unwrap();
            scene.fault(When::on("download"), Fault::AssetGone);
            scene.at.run_until(request, side, scene.posting());
            scene.post().unwrap();
            let line = scene.assert_exact(&format!("{side:?} request {request}"));
            assert!(line.rev <= 2);
        }
    }
}

#[test]
fn two_at_once_post_one() {
    let scene = Scene::new();
    scene.at.wire.latency(std::time::Duration::from_millis(100));
    let both = futures_util::future::join(scene.posting(), scene.posting());
    let (first, second) = scene.at.run(both);
    assert_eq!(first.unwrap(), second.unwrap());
    scene.post().unwrap();
    scene.assert_exact("two at once");
}

#[test]
fn other_evidence_under_the_same_key_is_refused_and_evidence_of_others_does_not_count() {
    let scene = Scene::without_outputs();
    scene.post().unwrap();
    let other = Scene {
        proof: sample::proof(&sample::ticket_id(1), 'b'),
        comment: sample::evidence(&sample::proof(&sample::ticket_id(1), 'b'), ""),
        ..scene
    };
    let error = other.post().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(other.at.linear.comments().len(), 1);

    let scene = Scene::new();
    let mallory = scene.at.linear.add_user("Mallory");
    let copied = Scene::new();
    copied.post().unwrap();
    scene.at.linear.add_comment(NewComment {
        user: Some(mallory),
        ..NewComment::new(&scene.issue, &copied.at.linear.comments()[0].body)
    });
    scene.post().unwrap();
    let stored = scene.stored();
    assert_eq!(stored.len(), 2);
    let markers = stored.iter().filter_map(Stored::marker).count();
    assert_eq!(markers, 1);
    let found = scene.findings();
    assert!(
        matches!(found.as_slice(), [EvidenceFinding::Foreign { author, .. }] if author == "Mallory"),
        "{found:?}"
    );
}

#[test]
fn a_comment_that_does_not_end_in_the_trailer_of_the_proof_is_refused_before_anything_is_sent() {
    for comment in [
        String::new(),
        "looks good".into(),
        format!("{EVIDENCE_HEADING}\n\nno trailer"),
        sample::evidence(&sample::proof(&sample::ticket_id(1), 'b'), ""),
    ] {
        let scene = Scene {
            comment,
            ..Scene::new()
        };
        assert_eq!(scene.post().unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(scene.at.linear.requests(), []);
    }
}

#[test]
fn a_ticket_that_was_deleted_or_archived_meanwhile_gets_nothing() {
    let scene = Scene::new();
    scene.at.linear.trash(&scene.issue);
    assert_eq!(scene.post().unwrap_err().kind(), ErrorKind::NotFound);
    let archived = Scene::new();
    archived.at.linear.archive(&archived.issue);
    assert_eq!(archived.post().unwrap_err().kind(), ErrorKind::Invalid);
    let unknown = Scene {
        issue: "00000000-0000-4000-8000-000000000000".into(),
        ..Scene::new()
    };
    assert_eq!(unknown.post().unwrap_err().kind(), ErrorKind::NotFound);
    for scene in [scene, archived, unknown] {
        assert_eq!(scene.at.linear.comments(), []);
        assert_eq!(scene.at.linear.files(), []);
    }
}

#[test]
fn the_largest_comment_stays_within_its_limit_whatever_it_holds() {
    for text in [
        "@".repeat(60_000),
        "日本`".repeat(20_000),
        "a\n".repeat(30_000),
    ] {
        let base = Scene::new();
        let scene = Scene {
            comment: sample::evidence(&base.proof, &text),
            ..base
        };
        scene.post().unwrap();
        let body = scene.at.linear.comments().remove(0).body;
        assert!(body.len() <= comments::LARGEST, "{}", body.len());
        scene.assert_exact("large");
    }
}
