//! HTTP on loopback.

use std::convert::Infallible;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream;
use http::{Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::{Access, Fault, Switches, backend};

type Body = BoxBody<Bytes, io::Error>;

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) root: PathBuf,
    pub(super) switches: Arc<Mutex<Switches>>,
}

/// Serves until `stopped` resolves.
pub(super) fn run(
    listener: std::net::TcpListener,
    served: Served,
    stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async move {
        tokio::select! {
            _ = stopped => {}
            () = accept(listener, served) => {}
        }
    });
    runtime.shutdown_background();
}

async fn accept(listener: std::net::TcpListener, served: Served) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let served = served.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(served.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            // A client that went away is the client's business.
            connection.await.ok();
        });
    }
}

async fn respond(served: Served, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (fault, is_let_in) = {
        let mut switches = served.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.requests.push(format!("{} {}", parts.method, parts.uri.path()));
        let is_let_in = match &switches.access {
            Access::Open => true,
            Access::Header(wanted) => given == Some(wanted),
        };
        (switches.fault.clone(), is_let_in)
    };
    match fault {
        Fault::Status(status, text) => return Ok(plain(status, "text/plain", text.into())),
        Fault::Garbage => {
            return Ok(plain(200, "text/html", "<!DOCTYPE html><p>Log in</p>".into()));
        }
        Fault::Silence => std::future::pending().await,
        Fault::None | Fault::CutAfter(_) => {}
    }
    if !is_let_in {
        let mut response = plain(401, "text/plain", "Unauthorized".into());
        let challenge = header::HeaderValue::from_static("Basic realm=\"git\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return Ok(response);
    }
    let text = |name: header::HeaderName| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let request = backend::Request {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        content_type: text(header::CONTENT_TYPE),
        encoding: text(header::CONTENT_ENCODING),
        protocol: text(header::HeaderName::from_static("git-protocol")),
        body,
    };
    let is_post = request.method == "POST";
    let answered =
        tokio::task::spawn_blocking(move || backend::answer(&served.root, &request)).await;
    let Ok(Ok(answer)) = answered else {
        return Ok(plain(500, "text/plain", "git http-backend failed".into()));
    };
    Ok(match fault {
        Fault::CutAfter(limit) if is_post => cut(answer, limit),
        _ => whole(answer),
    })
}

fn whole(answer: backend::Answer) -> Response<Body> {
    let mut response = plain(answer.status, "", answer.body.into());
    set_headers(&mut response, answer.headers);
    response
}

/// Sends the first bytes of an answer and then breaks the connection.
fn cut(answer: backend::Answer, limit: usize) -> Response<Body> {
    let part = Bytes::copy_from_slice(answer.body.get(..limit).unwrap_or(&answer.body));
    let frames = stream::iter([Ok(Frame::data(part))])
        .chain(stream::once(async { Err(io::Error::other("cut")) }));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    set_headers(&mut response, answer.headers);
    response
}

fn set_headers(response: &mut Response<Body>, headers: Vec<(String, String)>) {
    for (name, value) in headers {
        let name = header::HeaderName::from_bytes(name.as_bytes());
        let value = header::HeaderValue::from_str(&value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response.headers_mut().insert(name, value);
        }
    }
}

fn plain(status: u16, content_type: &'static str, body: Bytes) -> Response<Body> {
    let body = Full::new(body).map_err(|never| match never {}).boxed();
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
