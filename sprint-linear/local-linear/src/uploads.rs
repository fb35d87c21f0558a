//! Bytes of files, going in and coming out.

use bytes::Bytes;
use http::HeaderMap;

use crate::faults::Fault;
use crate::http_answer::HttpAnswer;
use crate::model::StoredFile;
use crate::store::{self, Store};

/// Takes the bytes of a file that was announced. The key must not come along.
pub(crate) fn upload(
    store: &mut Store,
    now: u64,
    id: &str,
    headers: &HeaderMap,
    body: &Bytes,
    faults: &[Fault],
) -> HttpAnswer {
    let refuse = |status, why: &'static str| HttpAnswer::bare(status, "application/xml", why);
    let Some(file) = store.files.get(id).cloned() else {
        return refuse(404, "<Code>NoSuchKey</Code>");
    };
    for fault in faults {
        if let Fault::UploadRefused { status } = fault {
            return refuse(*status, "<Code>AccessDenied</Code>");
        }
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key("authorization") {
        return refuse(
            400,
            "<Code>InvalidArgument</Code><Message>two ways to authenticate</Message>",
        );
    }
    if now > file.expires_at {
        return refuse(400, "<Code>ExpiredToken</Code>");
    }
    let signed = file
        .headers
        .iter()
        .all(|(name, value)| header(name) == Some(value));
    if !signed || header("content-type") != Some(&file.content_type) {
        return refuse(403, "<Code>SignatureDoesNotMatch</Code>");
    }
    if u64::try_from(body.len()).ok() != Some(file.size) {
        return refuse(
            400,
            "<Code>EntityTooLarge</Code><Message>length out of the signed range</Message>",
        );
    }
    let half = faults.contains(&Fault::UploadTruncated);
    let bytes = if half {
        body.slice(..body.len() / 2)
    } else {
        body.clone()
    };
    store::put(
        &mut store.files,
        id,
        StoredFile {
            bytes: Some(bytes),
            ..StoredFile::clone(&file)
        },
    );
    HttpAnswer::bare(200, "text/plain", "")
}

/// Gives the bytes of a file to somebody who may read it.
pub(crate) fn download(store: &Store, id: &str, authorized: bool, faults: &[Fault]) -> HttpAnswer {
    if !authorized {
        return HttpAnswer::bare(401, "text/plain", "Unauthorized");
    }
    let file = store
        .files
        .get(id)
        .and_then(|file| Some((file.content_type.clone(), file.bytes.clone()?)));
    match file {
        Some((content_type, bytes)) if !faults.contains(&Fault::AssetGone) => {
            let altered = faults.contains(&Fault::AssetAltered);
            let bytes = if altered { alter(&bytes) } else { bytes };
            HttpAnswer::bare(200, &content_type, bytes)
        }
        _ => HttpAnswer::bare(404, "text/plain", "Not found"),
    }
}

fn alter(bytes: &Bytes) -> Bytes {
    let mut altered = bytes.to_vec();
    if let Some(middle) = altered.get_mut(bytes.len() / 2) {
        *middle ^= 1;
    }
    altered.into()
}
