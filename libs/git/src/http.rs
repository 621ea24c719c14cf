//! Smart HTTP for the Git protocol.
//!
//! Failures are kept beside the connection, because what the protocol code above makes of them
//! says less than what upstream shows its users.

use std::any::Any;
use std::error::Error as _;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::net::ToSocketAddrs;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_transport::client::blocking_io::http::{
    GetResponse, Http as HttpSeam, PostBodyDataKind, PostResponse,
};
use reqwest::blocking::{Client, Request, Response};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::remote::Failure;
use crate::{Cancel, Credentials, GitError, Remote, TransportError};

/// So much of an error page is read for its text.
const MAX_REASON: u64 = 4 * 1024;

/// Scheme, host and port: what credentials belong to.
type Origin = (String, Option<String>, Option<u16>);

fn origin(url: &reqwest::Url) -> Origin {
    let host = url.host_str().map(str::to_owned);
    (url.scheme().to_owned(), host, url.port_or_known_default())
}

/// One client for one repository.
pub(crate) struct Http {
    client: Client,
    authorization: Option<HeaderValue>,
    home: Origin,
    cancel: Cancel,
    failure: Failure,
    redirected: Option<String>,
}

impl Http {
    pub(crate) fn new(remote: &Remote, cancel: &Cancel) -> Result<Self, GitError> {
        let broken = |error: reqwest::Error| GitError::Credentials(explain(&error));
        let mut builder = Client::builder().http1_title_case_headers().timeout(None);
        if let Some(pem) = &remote.tls.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(broken)?;
            builder = authorities.into_iter().fold(builder, |b, ca| b.add_root_certificate(ca));
        }
        if let (Some(certificate), Some(key)) = (&remote.tls.certificate, &remote.tls.key) {
            let pem = [certificate.as_slice(), b"\n", key].concat();
            builder = builder.identity(reqwest::Identity::from_pem(&pem).map_err(broken)?);
        }
        if let Some(proxy) = &remote.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(broken)?);
        }
        let client = builder.build().map_err(broken)?;
        let authorization = authorization(&remote.credentials)?;
        let url = reqwest::Url::parse(&remote.shown());
        let home = origin(&url.map_err(|error| GitError::Url(error.to_string()))?);
        let (cancel, failure) = (cancel.clone(), Failure::default());
        Ok(Self { client, authorization, home, cancel, failure, redirected: None })
    }

    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    fn request(
        &self,
        builder: reqwest::blocking::RequestBuilder,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<Request> {
        let mut request = builder.build().map_err(gix::Error::from_error)?;
        for line in headers {
            let Some((name, value)) = line.as_ref().split_once(':') else { continue };
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value.trim());
            if let (Ok(name), Ok(value)) = (name, value) {
                request.headers_mut().insert(name, value);
            }
        }
        // After a redirect to another host the password stays at home.
        let is_home = origin(request.url()) == self.home;
        if let (true, Some(value)) = (is_home, &self.authorization) {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
        }
        Ok(request)
    }

    fn exchange(&self) -> Exchange {
        Exchange {
            client: self.client.clone(),
            cancel: self.cancel.clone(),
            failure: self.failure.clone(),
        }
    }
}

fn authorization(credentials: &Credentials) -> Result<Option<HeaderValue>, GitError> {
    let text = match credentials {
        Credentials::None => return Ok(None),
        Credentials::Basic { username, password } => {
            let pair = STANDARD.encode(format!("{username}:{password}"));
            format!("Basic {pair}")
        }
        Credentials::Bearer(token) => format!("Bearer {token}"),
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| GitError::Credentials("credentials are no valid header".to_owned()))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// What is needed to send one request.
#[derive(Clone)]
struct Exchange {
    client: Client,
    cancel: Cancel,
    failure: Failure,
}

impl Exchange {
    fn send(&self, mut request: Request) -> io::Result<Response> {
        let left = self.cancel.remaining().map_err(|error| self.failure.note(error))?;
        *request.timeout_mut() = Some(left);
        let (method, url) = (request.method().to_string(), request.url().clone());
        let response = self
            .client
            .execute(request)
            .map_err(|error| self.failure.note(connection_failed(&method, &url, &error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.failure.note(refused(response)))
    }

    fn body(&self, response: Response) -> Body {
        Body { response, cancel: self.cancel.clone(), failure: self.failure.clone() }
    }
}

/// Tells a refusal in upstream's words.
fn refused(response: Response) -> TransportError {
    let (status, url) = (response.status().as_u16(), response.url().clone());
    let mut reason = Vec::new();
    // The text is a courtesy: what cannot be read is left out.
    response.take(MAX_REASON).read_to_end(&mut reason).ok();
    let reason = String::from_utf8_lossy(&reason).into_owned();
    match status {
        401 => TransportError::AuthenticationRequired(reason),
        403 => TransportError::AuthorizationFailed(reason),
        404 => TransportError::RepositoryNotFound(reason),
        status => TransportError::UnexpectedStatus { url: redacted(&url), status },
    }
}

fn redacted(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    if url.password().is_some() {
        // Fails only for addresses without a host, which have no password.
        url.set_password(Some("xxxxx")).ok();
    }
    url.to_string()
}

fn connection_failed(method: &str, url: &reqwest::Url, error: &reqwest::Error) -> TransportError {
    let verb = if method == "GET" { "Get" } else { "Post" };
    let prefix = if verb == "Post" { "unexpected client error: " } else { "" };
    let cause = match error.is_timeout() {
        true => TransportError::Timeout.to_string(),
        false => cause(url, error),
    };
    TransportError::Connection(format!("{prefix}{verb} {:?}: {cause}", redacted(url)))
}

/// Says why a connection failed, as Go's network code does where it is possible.
fn cause(url: &reqwest::Url, error: &reqwest::Error) -> String {
    let text = explain(error);
    let refused = io_error(error).is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
    if refused && let Some(address) = address(url) {
        return format!("dial tcp {address}: connect: connection refused");
    }
    if text.contains("connection closed before message completed") {
        return "EOF".to_owned();
    }
    let x509 = "tls: failed to verify certificate: x509:";
    if text.contains("UnknownIssuer") {
        return format!("{x509} certificate signed by unknown authority");
    }
    if text.contains("Expired") || text.contains("NotValidYet") {
        return format!("{x509} certificate has expired or is not yet valid");
    }
    text
}

fn address(url: &reqwest::Url) -> Option<std::net::SocketAddr> {
    (url.host_str()?, url.port_or_known_default()?).to_socket_addrs().ok()?.next()
}

fn io_error(error: &reqwest::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref::<io::Error>() {
            // The outer one often only wraps the one of the system.
            let inner = found.get_ref().and_then(|e| e.downcast_ref::<io::Error>());
            return Some(inner.unwrap_or(found));
        }
        source = cause.source();
    }
    None
}

/// Returns the innermost reasons of a chain, which says more than its top.
fn explain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.pop().unwrap_or_else(|| error.to_string())
}

/// A response that ends when its operation does.
struct Body {
    response: Response,
    cancel: Cancel,
    failure: Failure,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.cancel.remaining().map_err(|error| self.failure.note(error))?;
        self.response.read(buffer).map_err(|error| {
            let is_timeout = error.kind() == io::ErrorKind::TimedOut
                || error.get_ref().is_some_and(|e| {
                    e.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
                });
            let known = if is_timeout {
                TransportError::Timeout
            } else {
                TransportError::Connection("unexpected EOF".to_owned())
            };
            self.failure.note(known)
        })
    }
}

/// A reader that comes to be when it is first read.
pub(crate) enum Later {
    /// Nothing was read yet.
    Pending(Box<dyn FnOnce() -> io::Result<Box<dyn BufRead>>>),
    /// It is there.
    Open(Box<dyn BufRead>),
    /// It could not be opened, which was reported.
    Gone,
}

impl Later {
    fn open(&mut self) -> io::Result<&mut Box<dyn BufRead>> {
        if matches!(self, Self::Pending(_))
            && let Self::Pending(open) = std::mem::replace(self, Self::Gone)
        {
            *self = Self::Open(open()?);
        }
        match self {
            Self::Open(reader) => Ok(reader),
            Self::Pending(_) | Self::Gone => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Read for Later {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.open()?.read(buffer)
    }
}

impl BufRead for Later {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.open()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Self::Open(reader) = self {
            reader.consume(amount);
        }
    }
}

/// Collects what is to be posted.
pub(crate) struct Upload(Arc<Mutex<Vec<u8>>>);

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn header_lines(response: &Response) -> Vec<u8> {
    let lines = response
        .headers()
        .iter()
        .map(|(name, value)| [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    lines.collect::<Vec<_>>().concat()
}

impl HttpSeam for Http {
    type Headers = Later;
    type ResponseBody = Later;
    type PostBody = Upload;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::Result<GetResponse<Later, Later>> {
        let request = self.request(self.client.get(url), headers)?;
        let exchange = self.exchange();
        let response = exchange.send(request).map_err(gix::Error::from_error)?;
        let tail = url.strip_prefix(base_url).unwrap_or_default().trim_start_matches('/');
        if response.url().as_str() != url
            && let Some(base) = response.url().as_str().strip_suffix(tail)
        {
            self.redirected = Some(base.trim_end_matches('/').to_owned());
        }
        let headers = Later::Open(Box::new(Cursor::new(header_lines(&response))));
        let body = Later::Open(Box::new(BufReader::new(exchange.body(response))));
        Ok(GetResponse { headers, body })
    }

    /// Returns at once: the request goes out when the headers are read, after the body is complete.
    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _kind: PostBodyDataKind,
    ) -> gix::Result<PostResponse<Later, Later, Upload>> {
        let mut request = self.request(self.client.post(url), headers)?;
        let exchange = self.exchange();
        let upload = Arc::new(Mutex::new(Vec::new()));
        let post_body = Upload(Arc::clone(&upload));
        let (give, take) = std::sync::mpsc::channel::<Response>();
        let sender = exchange.clone();
        let headers = Later::Pending(Box::new(move || {
            let bytes = std::mem::take(&mut *upload.lock().unwrap_or_else(PoisonError::into_inner));
            *request.body_mut() = Some(bytes.into());
            let response = sender.send(request)?;
            let lines = header_lines(&response);
            // A body that nobody waits for any more is dropped with its channel.
            give.send(response).ok();
            Ok(Box::new(Cursor::new(lines)))
        }));
        let body = Later::Pending(Box::new(move || {
            let response = take.try_recv().map_err(|_| io::ErrorKind::UnexpectedEof)?;
            Ok(Box::new(BufReader::with_capacity(64 * 1024, exchange.body(response))))
        }));
        Ok(PostResponse { post_body, headers, body })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix::Result {
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected.clone()
    }
}
