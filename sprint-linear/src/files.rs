//! Files that Linear keeps: sent to the address it names, read back from where it serves them.
//!
//! The credential goes to exactly one origin of files, the configured one, and never to an address
//! for uploads, which carries its own permission. No redirect is followed.

use std::time::Duration;

use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName};
use http::{HeaderValue, Method, Request, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::call_error::{CallError, Problem};
use crate::client::{ATTEMPTS, Client};
use crate::link::Link;
use crate::ops::files::{FileUpload, Target, Wanted};
use crate::transport::Body;

/// What our files are.
const TEXT: &str = "text/plain; charset=utf-8";
/// Attempts at an upload, each to an address of its own.
const UPLOADS: u32 = 3;
/// A download that yields nothing for so long is given up.
const DOWNLOAD: Duration = Duration::from_secs(30);
/// When a file that was just sent is read, in milliseconds after the first time: reads may lag.
const FRESH: [u64; 3] = [0, 1_000, 4_000];

const UPLOAD: &str = "upload of a file";
const READ: &str = "download of a file";

/// What a file has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// How many bytes.
    pub(crate) bytes: u64,
    /// Their SHA-256, in hex.
    pub(crate) sha256: String,
}

/// What was found at the address of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asset {
    /// Exactly what ought to be there.
    Intact,
    /// Nothing.
    Gone,
    /// Something else.
    Altered,
}

/// Sends a file and reads it back; returns where it is. `body` is asked for the bytes once for
/// each attempt.
///
/// # Errors
///
/// If it could not be sent in three attempts such that exactly these bytes came back.
pub(crate) async fn upload(
    link: &Link,
    name: &str,
    content: &Content,
    body: &(dyn Fn() -> Body + Sync),
) -> Result<String, CallError> {
    let client = &link.client;
    let mut attempt = 1;
    loop {
        let failed = match once(link, name, content, body()).await {
            Ok(asset) => return Ok(asset),
            Err(error) => error,
        };
        let again = matches!(
            failed.problem,
            Problem::Unsent | Problem::Lost | Problem::Locked | Problem::NotApplied
        );
        if !again || attempt == UPLOADS {
            return Err(failed);
        }
        client.back_off(attempt).await;
        attempt += 1;
    }
}

async fn once(link: &Link, name: &str, content: &Content, body: Body) -> Result<String, CallError> {
    let target = target(&link.client, name, content.bytes).await?;
    origin_of_files(link, &target.asset_url)?;
    send(link, &target, content.bytes, body).await?;
    for look in 0..FRESH.len() {
        link.client.wait_for_look(&FRESH, look).await;
        match find(link, &target.asset_url, content).await? {
            Asset::Intact => return Ok(target.asset_url),
            Asset::Gone => {}
            Asset::Altered => break,
        }
    }
    let text = "what was sent does not come back as it was";
    Err(CallError::new(UPLOAD, Problem::NotApplied, text))
}

/// Asks where to send a file, immediately before: the address does not live long. Asking again
/// does no harm.
async fn target(client: &Client, name: &str, bytes: u64) -> Result<Target, CallError> {
    let size = i32::try_from(bytes).map_err(|_| {
        let text = format!("a file of {bytes} bytes");
        CallError::new(UPLOAD, Problem::TooLarge, &text)
    })?;
    let wanted = Wanted {
        content_type: TEXT.into(),
        filename: name.into(),
        size,
    };
    let ask = || client.call::<FileUpload>(&wanted);
    let payload = client.persistently(ask).await?.file_upload;
    let target = payload.upload_file.filter(|_| payload.success);
    let nothing = || CallError::new(UPLOAD, Problem::NotApplied, "no address was given");
    target.ok_or_else(nothing)
}

/// Sends the bytes, with the headers that were asked for and no credential.
async fn send(link: &Link, target: &Target, bytes: u64, body: Body) -> Result<(), CallError> {
    let refused = |text: &str| CallError::new(UPLOAD, Problem::Drift, text);
    let encrypted = target.upload_url.starts_with("https://");
    if !encrypted && link.config.api().starts_with("https://") {
        return Err(refused("the address for the upload is not encrypted"));
    }
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(&target.upload_url);
    let mut typed = false;
    for header in &target.headers {
        let (Ok(name), Ok(value)) = (
            HeaderName::try_from(&header.key),
            HeaderValue::try_from(&header.value),
        ) else {
            return Err(refused("a header that was asked for is none"));
        };
        typed |= name == CONTENT_TYPE;
        // These follow from the address and the body.
        if name != HOST && name != CONTENT_LENGTH {
            request = request.header(name, value);
        }
    }
    if !typed {
        request = request.header(CONTENT_TYPE, TEXT);
    }
    let request = request.body(body);
    let request = request.map_err(|_| refused("the address for the upload is none"))?;
    let within = Duration::from_secs(30 + bytes / (256 << 10));
    let answer = link.client.transport().send(request, within).await;
    let status = answer
        .map_err(|lost| CallError::lost(UPLOAD, &lost))?
        .status();
    if status.is_success() {
        return Ok(());
    }
    // Every refusal may be one of this address alone, which may have expired.
    let text = format!("status {}", status.as_u16());
    Err(CallError::new(UPLOAD, Problem::NotApplied, &text))
}

/// Looks what is at the address of a file, in one pass and without keeping it.
///
/// # Errors
///
/// If that cannot be found out, or the address is not one of Linear's files.
pub(crate) async fn find(link: &Link, url: &str, content: &Content) -> Result<Asset, CallError> {
    origin_of_files(link, url)?;
    let look = || find_once(link, url, content);
    link.client.repeat(ATTEMPTS, Problem::passes, look).await
}

async fn find_once(link: &Link, url: &str, content: &Content) -> Result<Asset, CallError> {
    let error = |problem, text: &str| CallError::new(READ, problem, text);
    let request = Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(AUTHORIZATION, link.client.token().header())
        .body(Body::empty());
    let request = request.map_err(|_| error(Problem::Invalid, "the address is none"))?;
    let answer = link.client.transport().send(request, DOWNLOAD).await;
    let answer = answer.map_err(|lost| CallError::lost(READ, &lost))?;
    let status = answer.status();
    if status != StatusCode::OK {
        let problem = match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Asset::Gone),
            StatusCode::UNAUTHORIZED => Problem::Unauthorized,
            StatusCode::FORBIDDEN => Problem::Forbidden,
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Problem::Lost
            }
            // Redirects among them.
            _ => Problem::Unknown,
        };
        return Err(error(problem, &format!("status {}", status.as_u16())));
    }
    let mut pieces = answer.into_body().into_pieces();
    let (mut length, mut digest) = (0, Sha256::new());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|lost| CallError::lost(READ, &lost))?;
        length += piece.len() as u64;
        if length > content.bytes {
            return Ok(Asset::Altered);
        }
        digest.update(&piece);
    }
    let same = length == content.bytes && hex(&digest.finalize()) == content.sha256;
    Ok(if same { Asset::Intact } else { Asset::Altered })
}

/// Refuses an address that is not below the configured origin of files, or that could not stand
/// in a text as it is.
fn origin_of_files(link: &Link, url: &str) -> Result<(), CallError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:?=&%+,".contains(&byte);
    let origin = link.config.files().trim_end_matches('/');
    let below = url
        .strip_prefix(origin)
        .is_some_and(|rest| rest.starts_with('/'));
    if below && url.len() <= 1024 && url.bytes().all(plain) {
        return Ok(());
    }
    let text = "the address of the file is not where Linear's files are";
    Err(CallError::new(READ, Problem::Invalid, text))
}

/// Bytes in hex, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("strings take all text");
    }
    text
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
