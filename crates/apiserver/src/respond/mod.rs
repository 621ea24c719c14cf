//! From what a handler decided to the bytes of an answer.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use serde_json::Value;

use crate::body::Body;
use crate::request::Encoding;
use crate::status::Status;

/// What a handler answers.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content: Content,
    pub(crate) encoding: Encoding,
    /// Texts for `Warning` headers.
    pub(crate) warnings: Vec<String>,
    /// Further headers.
    pub(crate) headers: Vec<(http::header::HeaderName, String)>,
}

/// The body of an answer.
pub(crate) enum Content {
    /// A value in the encoding of the answer.
    Value(Value),
    /// Nothing, not even a Content-Type.
    Empty,
    /// JSON that is already there.
    Json(Bytes),
    /// Anything with its own Content-Type.
    Raw(&'static str, Bytes),
    /// A watch, with its Content-Type.
    Stream(&'static str, Body),
}

impl Answer {
    /// Answers with a value.
    pub(crate) fn value(code: u16, value: Value) -> Self {
        Self::of(code, Content::Value(value))
    }

    /// Answers with JSON bytes.
    pub(crate) fn json(code: u16, bytes: Bytes) -> Self {
        Self::of(code, Content::Json(bytes))
    }

    /// Answers with a text.
    pub(crate) fn text(code: u16, text: impl Into<Bytes>) -> Self {
        Self::of(code, Content::Raw("text/plain; charset=utf-8", text.into()))
    }

    /// Answers with any content.
    pub(crate) fn of(code: u16, content: Content) -> Self {
        Self { code, content, encoding: Encoding::Json, warnings: Vec::new(), headers: Vec::new() }
    }

    /// Answers with a Status.
    pub(crate) fn status(status: &Status) -> Self {
        let mut answer = Self::value(status.code, status.to_value());
        let retry = status.details.as_ref().and_then(|details| details.retry_after_seconds);
        if let Some(seconds) = retry {
            answer.headers.push((RETRY_AFTER, seconds.to_string()));
        }
        answer.warning(status.warnings.clone())
    }

    /// Chooses the encoding.
    #[must_use]
    pub(crate) fn encoded(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Adds warnings.
    #[must_use]
    pub(crate) fn warning(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Puts a warning before all others.
    #[must_use]
    pub(crate) fn first_warning(mut self, warning: Option<String>) -> Self {
        self.warnings.splice(0..0, warning);
        self
    }

    /// Makes the HTTP response.
    pub(crate) fn into_response(self) -> http::Response<Body> {
        let (content_type, body) = match (self.content, self.encoding) {
            (Content::Empty, _) => ("", Body::empty()),
            (Content::Stream(content_type, body), _) => (content_type, body),
            (Content::Raw(content_type, bytes), _) => (content_type, Body::full(bytes)),
            (Content::Json(bytes), Encoding::Json) => ("application/json", Body::full(bytes)),
            (Content::Json(bytes), Encoding::Yaml) => {
                let value = serde_json::from_slice(&bytes).unwrap_or_default();
                ("application/yaml", Body::full(flux_yaml::to_string(&value)))
            }
            (Content::Value(value), Encoding::Json) => {
                ("application/json", Body::full(to_json(&value)))
            }
            (Content::Value(value), Encoding::Yaml) => {
                ("application/yaml", Body::full(flux_yaml::to_string(&value)))
            }
        };
        let mut response = http::Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(self.code)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        for (name, text) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.append(name, value);
            }
        }
        for value in told_once(&self.warnings).iter().filter_map(|text| warning_header(text)) {
            headers.append(http::header::WARNING, value);
        }
        response
    }
}

/// Returns compact JSON.
pub(crate) fn to_json(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// How many characters all warnings together may have.
const MOST_WARNED: usize = 4 * 1024;
/// How many characters each keeps if they have more.
const SHORTENED: usize = 256;

/// Returns warnings without those that were told before, shortened if they are too long together.
fn told_once(warnings: &[String]) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for text in warnings.iter().filter(|text| !text.is_empty()) {
        if !once.contains(text) {
            once.push(text.clone());
        }
    }
    let length = |text: &String| text.chars().count();
    if once.iter().map(length).sum::<usize>() <= MOST_WARNED {
        return once;
    }
    let mut written = 0;
    let short = once.iter().map(|text| text.chars().take(SHORTENED).collect::<String>());
    short
        .take_while(|text| {
            let fits = written < MOST_WARNED;
            written += length(text);
            fits
        })
        .collect()
}

fn warning_header(text: &str) -> Option<HeaderValue> {
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let quoted = clean.replace('\\', "\\\\").replace('"', "\\\"");
    HeaderValue::from_bytes(format!("299 - \"{quoted}\"").as_bytes()).ok()
}

#[cfg(test)]
mod tests;
