//! Requests and what may be said of their failures.

use std::error::Error as _;
use std::io::Write;

use bytes::Bytes;
use reqwest::{Response, Url};

use crate::Error;

/// A list or an error is no longer than this.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// How often something is asked for that may succeed later.
const ATTEMPTS: u32 = 4;

/// The pause before the second attempt; each is three times the one before.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// How stores are reached.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// Certificates.
    pub tls: Tls,
    /// The address of a proxy, with its credentials in it.
    pub proxy: Option<String>,
}

/// Certificates.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Authorities in PEM that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// A client certificate and its key in PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl Connection {
    pub(crate) fn client(&self) -> Result<reqwest::Client, Error> {
        let failed = |error: reqwest::Error| Error::Setup(error.to_string());
        // Keys end up in paths, so nobody follows where a store points.
        let mut builder = reqwest::Client::builder()
            .user_agent("flux/v2")
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip();
        if let Some(pem) = &self.tls.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(failed)?;
            builder = authorities.into_iter().fold(builder, |b, ca| b.add_root_certificate(ca));
        }
        if let Some((certificate, key)) = &self.tls.identity {
            let pem = [certificate.as_slice(), b"\n", key].concat();
            builder = builder.identity(reqwest::Identity::from_pem(&pem).map_err(failed)?);
        }
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(failed)?);
        }
        builder.build().map_err(failed)
    }
}

/// Sends a request that `make` builds anew for each attempt.
pub(crate) async fn send(
    url: &Url,
    make: impl Fn() -> reqwest::RequestBuilder,
) -> Result<Response, Error> {
    let mut attempt = 0;
    loop {
        let result = make().send().await;
        attempt += 1;
        let may_pass = match &result {
            Ok(response) => matches!(response.status().as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
            Err(_) => true,
        };
        if may_pass && attempt < ATTEMPTS {
            tokio::time::sleep(PAUSE * 3_u32.pow(attempt - 1)).await;
            continue;
        }
        let response = result.map_err(|error| Error::Connection(connection(url, &error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        return Err(refused(response).await);
    }
}

/// Words a connection that failed as Go does, without anything secret in the address.
fn connection(url: &Url, error: &reqwest::Error) -> String {
    format!("Get \"{}\": {}", shown(url), cause(url, error))
}

/// Returns an address without what signs it.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    if url.query().is_some_and(|query| query.contains("sig=") || query.contains("Signature=")) {
        url.set_query(None);
    }
    url.to_string()
}

fn cause(url: &Url, error: &reqwest::Error) -> String {
    let mut source = error.source();
    let mut text = "request failed".to_owned();
    while let Some(inner) = source {
        let io = inner.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            let address = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default().unwrap_or_default();
            return format!("dial tcp {address}:{port}: connect: connection refused");
        }
        text = inner.to_string();
        source = inner.source();
    }
    text
}

/// Turns an answer that is no success into an error.
async fn refused(response: Response) -> Error {
    let status = response.status();
    let body = read(response).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = crate::xml::texts(&text, "Message").into_iter().next();
    let message = message
        .or_else(|| json.pointer("/error/message")?.as_str().map(str::to_owned))
        .or_else(|| json.get("error_description")?.as_str().map(str::to_owned))
        .filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| match status.as_u16() {
        404 => "The specified key does not exist.".to_owned(),
        403 => "Access Denied.".to_owned(),
        _ => status.to_string(),
    });
    Error::Refused { status: status.as_u16(), message }
}

/// Reads an answer that is no longer than allowed.
pub(crate) async fn read(mut response: Response) -> Result<Bytes, Error> {
    let url = response.url().clone();
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| Error::Connection(connection(&url, &error)))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            return Err(Error::Malformed(format!("answer of more than {MAX_ANSWER} bytes")));
        }
    }
    Ok(bytes.into())
}

/// Writes an answer and returns its etag as the store gave it.
pub(crate) async fn save(
    mut response: Response,
    sink: &mut (dyn Write + Send),
) -> Result<String, Error> {
    let url = response.url().clone();
    let etag = response.headers().get("etag").and_then(|value| value.to_str().ok());
    let etag = etag.unwrap_or_default().to_owned();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| Error::Connection(connection(&url, &error)))?
    {
        sink.write_all(&chunk).map_err(Error::Sink)?;
    }
    Ok(etag)
}

/// Escapes everything but letters, digits and `-._~`, and slashes if they are `kept`.
pub(crate) fn escape(text: &str, kept: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Undoes [`escape`].
pub(crate) fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|n| u8::try_from(n).ok());
        match (first, tail) {
            (b'%', [a, b, after @ ..]) => match (digit(a), digit(b)) {
                (Some(a), Some(b)) => {
                    bytes.push(a * 16 + b);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
