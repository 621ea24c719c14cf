//! The file server: a store over HTTP.
//!
//! Plain files, with ranges and conditions, and lists of directories, as Go's file server gives
//! them. Readiness probes ask for `/`.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::net::TcpListener;
use tokio_util::io::ReaderStream;

use crate::Store;
use crate::store::is_hidden;

mod conditions;
#[cfg(test)]
mod tests;

/// Running answers get so long to finish.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes read from a file at once.
const CHUNK: usize = 64 * 1024;

type Body = BoxBody<Bytes, io::Error>;

/// Serves a store until `shutdown` resolves, then lets running answers finish for five seconds.
pub async fn serve(listener: TcpListener, store: Arc<Store>, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: some will be free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let store = Arc::clone(&store);
        let service = service_fn(move |request| {
            let store = Arc::clone(&store);
            async move { Ok::<_, Infallible>(respond(&store, &request).await) }
        });
        let builder = auto::Builder::new(TokioExecutor::new());
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that went away is no concern of the server.
            watched.await.ok();
        });
    }
    drop(listener);
    tokio::time::timeout(GRACE, graceful.shutdown()).await.ok();
}

/// Answers one request for something in a store.
pub async fn respond<B>(store: &Store, request: &Request<B>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    }
    let Some(path) = local(store.path(), request.uri().path()) else {
        return not_found();
    };
    let Ok(meta) = tokio::fs::metadata(&path).await else { return not_found() };
    let mut response = if meta.is_dir() {
        directory(&path, request.uri().path()).await
    } else if meta.is_file() {
        file(&path, &meta, request).await
    } else {
        not_found()
    };
    if request.method() == Method::HEAD {
        *response.body_mut() = empty();
    }
    response
}

/// Returns the file that an address means, `None` if it cannot be one of the store.
fn local(root: &Path, path: &str) -> Option<PathBuf> {
    let decoded = percent_decode(path)?;
    if decoded.contains(['\0', '\\']) || decoded.split('/').any(|part| part == "..") {
        return None;
    }
    let clean = flux_tree::path::clean(&decoded)?;
    if clean.split('/').any(is_hidden) {
        return None;
    }
    Some(if clean.is_empty() { root.to_owned() } else { root.join(clean) })
}

fn percent_decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

async fn file<B>(path: &Path, meta: &std::fs::Metadata, request: &Request<B>) -> Response<Body> {
    let size = meta.len();
    let modified = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    let tag = conditions::entity_tag(size, modified);
    let last_modified = conditions::http_date(modified);
    let headers = request.headers();
    let mut response = match conditions::judge(headers, &tag, modified, size) {
        conditions::Verdict::NotModified => status(StatusCode::NOT_MODIFIED),
        conditions::Verdict::Failed => status(StatusCode::PRECONDITION_FAILED),
        conditions::Verdict::NotSatisfiable => {
            let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            response
        }
        conditions::Verdict::Whole => content(path, 0, size).await,
        conditions::Verdict::Part { start, length } => {
            let mut response = content(path, start, length).await;
            if response.status() == StatusCode::OK {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes {start}-{}/{size}", start + length - 1);
                set(&mut response, header::CONTENT_RANGE, &range);
            }
            response
        }
    };
    set(&mut response, header::ETAG, &tag);
    set(&mut response, header::LAST_MODIFIED, &last_modified);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    response
}

/// Streams a part of a file.
async fn content(path: &Path, start: u64, length: u64) -> Response<Body> {
    let Ok(mut file) = tokio::fs::File::open(path).await else { return not_found() };
    if start > 0 && file.seek(io::SeekFrom::Start(start)).await.is_err() {
        return status(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let stream = ReaderStream::with_capacity(file.take(length), CHUNK).map_ok(Frame::data);
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(stream)));
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::CONTENT_TYPE, content_type(path));
    response
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz" | "tgz") => "application/gzip",
        Some("yaml" | "yml") => "application/yaml",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Lists a directory, or sends the client to its address with a slash behind it.
async fn directory(path: &Path, address: &str) -> Response<Body> {
    if !address.ends_with('/') {
        let mut response = status(StatusCode::MOVED_PERMANENTLY);
        let name = address.rsplit('/').next().unwrap_or_default();
        set(&mut response, header::LOCATION, &format!("{name}/"));
        return response;
    }
    let mut names = Vec::new();
    let Ok(mut entries) = tokio::fs::read_dir(path).await else { return not_found() };
    while let Ok(Some(entry)) = entries.next_entry().await {
        let mut name = entry.file_name().to_string_lossy().into_owned();
        if is_hidden(&name) {
            continue;
        }
        if entry.file_type().await.is_ok_and(|kind| kind.is_dir()) {
            name.push('/');
        }
        names.push(name);
    }
    names.sort();
    let mut page =
        "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n"
            .to_owned();
    for name in names {
        let shown = escape(&name);
        // Writing to a text cannot fail.
        writeln!(page, "<a href=\"{}\">{shown}</a>", percent_encode(&name)).ok();
    }
    page.push_str("</pre>\n");
    let mut response = Response::new(full(page));
    set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    response
}

fn escape(text: &str) -> String {
    let replaced = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    replaced.replace('"', "&#34;").replace('\'', "&#39;")
}

fn percent_encode(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/$&+,:;=@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(text, "%{byte:02X}").ok();
        }
    }
    text
}

fn not_found() -> Response<Body> {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn text(code: StatusCode, body: &'static str) -> Response<Body> {
    let mut response = Response::new(full(body));
    *response.status_mut() = code;
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn status(code: StatusCode) -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = code;
    response
}

fn set(response: &mut Response<Body>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

fn empty() -> Body {
    full(Bytes::new())
}
