//! Small HTTP servers on loopback, with or without TLS.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// What was asked.
pub struct Request {
    /// How.
    pub method: Method,
    /// For what.
    pub uri: Uri,
    /// With which headers.
    pub headers: HeaderMap,
    /// With which body.
    pub body: Bytes,
}

impl Request {
    /// Returns a header's text, empty without it.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Returns a parameter of the query, its escapes undone.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns all parameters of the query.
    pub fn parameters(&self) -> Vec<(String, String)> {
        pairs(self.uri.query().unwrap_or_default())
    }
}

/// Reads `a=b&c=d`, escapes undone.
pub fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (unescape(key), unescape(value))
        })
        .collect()
}

/// Undoes `%41` and `+`.
pub fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [a, b, after @ ..]) => {
                let digit = |c: &u8| char::from(*c).to_digit(16).unwrap_or_default();
                bytes.push((digit(a) * 16 + digit(b)) as u8);
                rest = after;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is answered.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The connection is cut after so many bytes of the body.
    pub cut_after: Option<usize>,
}

impl Answer {
    /// Answers with a text.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        Self::bytes(status, "text/plain", text.into())
    }

    /// Answers with a JSON value.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::bytes(status, "application/json", value.to_string())
    }

    /// Answers with bytes of a type.
    pub fn bytes(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), cut_after: None }
            .with("content-type", content_type)
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn response(self, is_head: bool) -> Response<Body> {
        let length = self.body.len();
        let body = match self.cut_after {
            Some(limit) => {
                let part = self.body.slice(..limit.min(length));
                let frames = stream::iter([Ok(Frame::data(part))])
                    .chain(stream::once(async { Err(io::Error::other("cut")) }));
                BodyExt::boxed(StreamBody::new(frames))
            }
            None if is_head => Full::new(Bytes::new()).map_err(|never| match never {}).boxed(),
            None => Full::new(self.body).map_err(|never| match never {}).boxed(),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                response.headers_mut().append(name, value);
            }
        }
        if is_head || self.cut_after.is_some() {
            response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
        }
        response
    }
}

type Body = BoxBody<Bytes, io::Error>;

/// A running server, which ends with this value.
pub struct Running {
    address: SocketAddr,
    /// Dropped to end the thread.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Running {
    /// Returns the port on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Starts a server; `None` from `respond` leaves the client without an answer.
///
/// # Errors
/// There is no free port.
pub fn start<F, R>(tls: Option<Arc<rustls::ServerConfig>>, respond: F) -> anyhow::Result<Running>
where
    F: Fn(Request) -> R + Clone + Send + 'static,
    R: Future<Output = Option<Answer>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("port on loopback")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let (stop, stopped) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("test-server".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(listener, tls.map(TlsAcceptor::from), respond) => {}
                }
            });
            runtime.shutdown_background();
        })
        .context("thread")?;
    Ok(Running { address, _stop: stop })
}

async fn accept<F, R>(listener: std::net::TcpListener, tls: Option<TlsAcceptor>, respond: F)
where
    F: Fn(Request) -> R + Clone + Send + 'static,
    R: Future<Output = Option<Answer>> + Send + 'static,
{
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, tls.clone(), respond.clone()));
    }
}

async fn connection<F, R>(stream: TcpStream, tls: Option<TlsAcceptor>, respond: F)
where
    F: Fn(Request) -> R + Clone + Send + 'static,
    R: Future<Output = Option<Answer>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let respond = respond.clone();
        async move { Ok::<_, Infallible>(one(request, respond).await) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    // A client that went away is the client's business.
    match tls {
        None => {
            http.serve_connection(TokioIo::new(stream), service).await.ok();
        }
        Some(tls) => {
            let Ok(stream) = tls.accept(stream).await else { return };
            http.serve_connection(TokioIo::new(stream), service).await.ok();
        }
    }
}

async fn one<F, R>(request: http::Request<Incoming>, respond: F) -> Response<Body>
where
    F: Fn(Request) -> R,
    R: Future<Output = Option<Answer>>,
{
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let request = Request { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    match respond(request).await {
        Some(answer) => answer.response(is_head),
        None => std::future::pending().await,
    }
}
