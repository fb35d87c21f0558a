use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::{Method, Request, Response};
use serde_json::json;
use sprint_core::domain::command::{CheckKind, CommandLine, Count, Exit};
use sprint_core::memory::MemoryBlobs;
use sprint_core::testing::fake::clock::FakeClock;
use sprint_core::testing::sample;
use sprint_core::time::Timestamp;

use super::*;
use crate::budget::Budget;
use crate::config::LinearConfig;
use crate::files;
use crate::link::Link;
use crate::token::Token;
use crate::transport::Transport;

fn run(check: CheckKind, command: &str, output: BlobId) -> CheckRun {
    CheckRun {
        check,
        command: CommandLine::new(command).unwrap(),
        exit: Exit::Code(0),
        duration_ms: 1,
        output,
        tail: String::new(),
        count: Count::Unknown,
        failing: std::collections::BTreeSet::new(),
        redacted: 0,
        reused: None,
    }
}

fn marker() -> EvidenceMarker {
    sample::proof(&sample::ticket_id(1), 'a').marker().clone()
}

#[tokio::test]
async fn a_file_holds_every_output_as_it_was_under_a_line_that_says_what_it_is() {
    let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobs::default());
    let raw = b"=== test: exit 0\n\xff\x00\x1b[31m no line end";
    let runs = [
        run(
            CheckKind::Build,
            "make\n\u{1b}[2Jall",
            blobs.put(b"built\n").unwrap(),
        ),
        run(CheckKind::Test, "make test", blobs.put(raw).unwrap()),
    ];
    let file = OutputFile::measure("sprint-1/T-1/1/post", &marker(), &runs, &blobs).unwrap();
    let bytes = file.body().bytes(10_000).await.unwrap();
    assert_eq!(bytes.len() as u64, file.content.bytes);
    assert_eq!(hex(&Sha256::digest(&bytes)), file.content.sha256);
    assert!(bytes.windows(raw.len()).any(|part| part == raw));
    insta::assert_snapshot!(String::from_utf8_lossy(&bytes).replace(['\u{0}', '\u{1b}'], "~"), @r"
    evidence sprint-1/T-1/1/post
    commit aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    tree aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa

    === build: exit 0, 6 bytes, sha256 56f6e6304d02d413bb7d5d463ac5cdc58551266dc7269b467fc385815f39b913
    === make all
    built


    === test: exit 0, 36 bytes, sha256 c9a269d08a39bda82addf7aa56e592d32befd919625b454c33413047599836fd
    === make test
    === test: exit 0
    �~~[31m no line end
    ");
    let again = OutputFile::measure("sprint-1/T-1/1/post", &marker(), &runs, &blobs).unwrap();
    assert_eq!(again.content, file.content);
}

#[test]
fn an_output_that_is_not_there_makes_no_file() {
    let blobs: Arc<dyn BlobStore> = Arc::new(MemoryBlobs::default());
    let runs = [run(CheckKind::Build, "make", BlobId::of(b"lost"))];
    assert!(OutputFile::measure("k", &marker(), &runs, &blobs).is_err());
}

/// Outputs made up as they are read; counts what was given out.
#[derive(Debug)]
struct Generated {
    length: u64,
    given: Arc<Mutex<u64>>,
}

impl BlobStore for Generated {
    fn store(&self, _: &mut dyn Read) -> Result<BlobId> {
        unreachable!("nothing is stored here")
    }

    fn open(&self, _: &BlobId) -> Result<Box<dyn Read + Send>> {
        Ok(Box::new(Source {
            left: self.length,
            given: Arc::clone(&self.given),
        }))
    }
}

struct Source {
    left: u64,
    given: Arc<Mutex<u64>>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        buffer[..count].fill(b'x');
        self.left -= count as u64;
        *self.given.lock().unwrap() += count as u64;
        Ok(count)
    }
}

/// Takes an upload piece by piece, and gives it back likewise; the rest is made up.
#[derive(Debug)]
struct Stream {
    /// Bytes that were read from the store.
    given: Arc<Mutex<u64>>,
    file: OutputFile,
    taken: Mutex<u64>,
}

#[async_trait]
impl Transport for Stream {
    async fn send(&self, request: Request<Body>, _: Duration) -> Result<Response<Body>, Lost> {
        let (head, body) = request.into_parts();
        if head.method == Method::POST {
            let file = json!({
                "assetUrl": "https://uploads.linear.app/a",
                "uploadUrl": "https://storage.example/a",
                "headers": [],
            });
            let data = json!({ "data": { "fileUpload": { "success": true, "uploadFile": file } } });
            return Ok(Response::new(Body::from(data.to_string().into_bytes())));
        }
        if head.method == Method::GET {
            return Ok(Response::new(self.file.body()));
        }
        assert_eq!(body.length(), Some(self.file.content.bytes));
        *self.given.lock().unwrap() = 0;
        let (mut pieces, mut taken) = (body.into_pieces(), 0);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            assert!(piece.len() <= PIECE);
            taken += piece.len() as u64;
            // What was read and has not come out yet would be in memory.
            let read = *self.given.lock().unwrap();
            assert!(read <= taken, "{read} bytes were read for {taken}");
        }
        *self.taken.lock().unwrap() = taken;
        Ok(Response::new(Body::empty()))
    }
}

#[test]
fn two_hundred_megabytes_are_sent_and_no_more_than_a_piece_is_in_memory() {
    let given = Arc::new(Mutex::new(0));
    let blobs: Arc<dyn BlobStore> = Arc::new(Generated {
        length: 200 << 20,
        given: Arc::clone(&given),
    });
    let runs = [run(CheckKind::Test, "make test", BlobId::of(b"any"))];
    let file = OutputFile::measure("k", &marker(), &runs, &blobs).unwrap();
    assert!(file.content.bytes > 200 << 20);
    let stream = Arc::new(Stream {
        given,
        file: file.clone(),
        taken: Mutex::new(0),
    });
    let clock = FakeClock::new(Timestamp::from_millis(0));
    let config = LinearConfig::new(Token::api_key("lin_api_a").unwrap());
    let transport = Arc::<Stream>::clone(&stream);
    let link = Link::open(config, transport, Arc::new(clock.clone()), Budget::new());
    let body = || file.body();
    let sent = clock.run(files::upload(&link, "x.txt", &file.content, &body));
    assert_eq!(sent.as_deref(), Ok("https://uploads.linear.app/a"));
    assert_eq!(*stream.taken.lock().unwrap(), file.content.bytes);
}

/// A store in which one output is too large for a file.
#[derive(Debug)]
struct OneIsHuge(BlobId);

impl BlobStore for OneIsHuge {
    fn store(&self, _: &mut dyn Read) -> Result<BlobId> {
        unreachable!("nothing is stored here")
    }

    fn open(&self, id: &BlobId) -> Result<Box<dyn Read + Send>> {
        Ok(match *id == self.0 {
            true => Box::new(io::repeat(b'x').take(LARGEST + 1)),
            false => Box::new(&b"small"[..]),
        })
    }
}

#[tokio::test]
async fn what_does_not_fit_into_a_file_of_linear_is_named_by_its_hash() {
    let big = BlobId::of(b"big");
    let blobs: Arc<dyn BlobStore> = Arc::new(OneIsHuge(big.clone()));
    let runs = [
        run(CheckKind::Build, "make", big.clone()),
        run(CheckKind::Test, "make test", BlobId::of(b"small")),
    ];
    let file = OutputFile::measure("k", &marker(), &runs, &blobs).unwrap();
    let text = file.body().bytes(10_000).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let length = LARGEST + 1;
    let named = format!("{length} bytes, sha256 {big}, too large for this file\n");
    assert!(text.contains(&named), "{text}");
    assert!(text.contains("\nsmall\n"));
}
