use bytes::Bytes;
use http::{Request, StatusCode};
use local_linear::{Fault, RequestKind, When};
use serde_json::{Value, json};

use crate::support::Bench;

const ANNOUNCE: &str = "mutation($size: Int!) {
    fileUpload(contentType: \"text/plain; charset=utf-8\", filename: \"out.txt\", size: $size) {
        success uploadFile { uploadUrl assetUrl headers { key value } } } }";

struct Announced {
    file: Value,
}

impl Announced {
    fn new(bench: &Bench, size: usize) -> Self {
        let answer = bench.data(ANNOUNCE, json!({ "size": size }));
        Self {
            file: answer["fileUpload"]["uploadFile"].clone(),
        }
    }

    fn put(&self, body: &'static [u8]) -> Request<Bytes> {
        let mut request = Request::put(self.file["uploadUrl"].as_str().unwrap())
            .header("Content-Type", "text/plain; charset=utf-8");
        for header in self.file["headers"].as_array().unwrap() {
            request = request.header(
                header["key"].as_str().unwrap(),
                header["value"].as_str().unwrap(),
            );
        }
        request.body(Bytes::from_static(body)).unwrap()
    }

    fn get(&self) -> Request<Bytes> {
        Request::get(self.file["assetUrl"].as_str().unwrap())
            .body(Bytes::new())
            .unwrap()
    }

    fn read(&self, bench: &Bench) -> (StatusCode, Bytes) {
        let mut request = self.get();
        request
            .headers_mut()
            .insert("authorization", bench.linear.api_key().parse().unwrap());
        let answer = bench.linear.handle(request).unwrap();
        (answer.status(), answer.body().clone())
    }
}

#[test]
fn a_file_goes_in_with_the_signed_headers_and_comes_out_with_the_key() {
    let bench = Bench::new();
    let file = Announced::new(&bench, 5);
    assert!(
        file.file["assetUrl"]
            .as_str()
            .unwrap()
            .starts_with("https://uploads.linear.app/")
    );
    assert_eq!(file.read(&bench).0, 404, "nothing is there yet");
    assert_eq!(
        bench.linear.handle(file.put(b"bytes")).unwrap().status(),
        200
    );
    assert_eq!(
        bench.linear.handle(file.get()).unwrap().status(),
        401,
        "without the key"
    );
    assert_eq!(
        file.read(&bench),
        (StatusCode::OK, Bytes::from_static(b"bytes"))
    );
    let kinds: Vec<_> = bench
        .linear
        .requests()
        .iter()
        .map(|r| (r.kind, r.bytes, r.authorized))
        .collect();
    assert_eq!(kinds[2], (RequestKind::Upload, 5, false));
    assert_eq!(kinds[4], (RequestKind::Download, 5, true));
}

#[test]
fn an_upload_that_was_not_signed_is_refused() {
    let bench = Bench::new();
    let file = Announced::new(&bench, 5);
    let status = |change: &dyn Fn(&mut Request<Bytes>)| {
        let mut request = file.put(b"bytes");
        change(&mut request);
        bench.linear.handle(request).unwrap().status().as_u16()
    };
    assert_eq!(
        status(&|r| drop(r.headers_mut().remove("content-disposition"))),
        403
    );
    assert_eq!(
        status(&|r| drop(r.headers_mut().remove("content-type"))),
        403
    );
    assert_eq!(
        status(&|r| *r.body_mut() = Bytes::from_static(b"longer")),
        400
    );
    let key = bench.linear.api_key();
    assert_eq!(
        status(&|r| drop(
            r.headers_mut()
                .insert("authorization", key.parse().unwrap())
        )),
        400,
        "the key leaks"
    );
    assert_eq!(bench.linear.files()[0].bytes, None);
    bench.pass(600_001);
    assert_eq!(status(&|_| ()), 400, "expired");
}

#[test]
fn files_can_be_refused_cut_lost_and_changed() {
    let bench = Bench::new();
    let file = Announced::new(&bench, 4);
    bench
        .linear
        .fault(When::on("upload"), Fault::UploadRefused { status: 503 });
    assert_eq!(
        bench.linear.handle(file.put(b"abcd")).unwrap().status(),
        503
    );
    bench
        .linear
        .fault(When::on("upload"), Fault::UploadTruncated);
    assert_eq!(
        bench.linear.handle(file.put(b"abcd")).unwrap().status(),
        200
    );
    assert_eq!(file.read(&bench).1, "ab");
    assert_eq!(
        bench.linear.handle(file.put(b"abcd")).unwrap().status(),
        200
    );
    bench.linear.fault(When::on("download"), Fault::AssetGone);
    bench
        .linear
        .fault(When::on("download").nth(2), Fault::AssetAltered);
    assert_eq!(file.read(&bench).0, 404);
    assert_eq!(file.read(&bench).1, "abbd");
    assert_eq!(file.read(&bench).1, "abcd");
}
