//! HTTP answers with the headers of the service.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use serde_json::Value;

use crate::limits::Budget;
use crate::time;

/// An answer in the making.
pub(crate) struct HttpAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl HttpAnswer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![(
                "content-type".to_owned(),
                "application/json; charset=utf-8".to_owned(),
            )],
            body: body.to_string().into(),
        }
    }

    pub(crate) fn bare(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    /// The allowances, and what the request cost.
    pub(crate) fn budgets(self, [requests, points]: &[Budget; 2]) -> Self {
        self.header("x-ratelimit-requests-limit", requests.allowed)
            .header("x-ratelimit-requests-remaining", requests.remaining)
            .header("x-ratelimit-requests-reset", requests.reset_at)
            .header("x-ratelimit-complexity-limit", points.allowed)
            .header("x-ratelimit-complexity-remaining", points.remaining)
            .header("x-ratelimit-complexity-reset", points.reset_at)
            .header("x-complexity", points.requested)
    }

    /// The answer, dated.
    pub(crate) fn build(self, date: u64) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::BAD_GATEWAY);
        for (name, value) in self
            .headers
            .iter()
            .chain([&("date".to_owned(), time::http_date(date))])
        {
            if let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            ) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
