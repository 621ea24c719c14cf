//! Metrics and probes over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use crate::{Metrics, Shutdown};

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is no address.
    #[error("`{0}` is no address to listen on")]
    Address(String),
    /// The address cannot be listened on.
    #[error("failed to listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// Whether the process can work, cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    ready: Arc<AtomicBool>,
}

impl Readiness {
    /// Says that the process can work.
    pub fn reach(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    fn is_reached(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

type Answer = Response<Full<Bytes>>;

/// Serves `/metrics` until the shutdown. `0` as address serves nothing.
///
/// Returns the address listened on.
///
/// # Errors
/// An address that is wrong or taken.
pub async fn serve_metrics(
    address: &str,
    metrics: Metrics,
    shutdown: Shutdown,
) -> Result<Option<SocketAddr>, ServeError> {
    serve(address, shutdown, move |path| match path {
        "/metrics" => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            answer(StatusCode::OK, kind, metrics.to_text())
        }
        _ => not_found(),
    })
    .await
}

/// Serves `/healthz` and `/readyz` until the shutdown. `0` as address serves nothing.
///
/// Returns the address listened on.
///
/// # Errors
/// An address that is wrong or taken.
pub async fn serve_probes(
    address: &str,
    readiness: Readiness,
    shutdown: Shutdown,
) -> Result<Option<SocketAddr>, ServeError> {
    serve(address, shutdown, move |path| match path {
        "/healthz" | "/healthz/ping" => answer(StatusCode::OK, TEXT, "ok".to_owned()),
        "/readyz" | "/readyz/ping" if readiness.is_reached() => {
            answer(StatusCode::OK, TEXT, "ok".to_owned())
        }
        "/readyz" | "/readyz/ping" => {
            answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "[-]ready failed\n".to_owned())
        }
        _ => not_found(),
    })
    .await
}

const TEXT: &str = "text/plain; charset=utf-8";

fn answer(status: StatusCode, kind: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", http::HeaderValue::from_static(kind));
    answer
}

fn not_found() -> Answer {
    answer(StatusCode::NOT_FOUND, TEXT, "404 page not found\n".to_owned())
}

async fn serve(
    address: &str,
    shutdown: Shutdown,
    respond: impl Fn(&str) -> Answer + Clone + Send + Sync + 'static,
) -> Result<Option<SocketAddr>, ServeError> {
    if address == "0" || address.is_empty() {
        return Ok(None);
    }
    // Go's `:8080` means all interfaces.
    let full = match address.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => address.replace("localhost:", "127.0.0.1:"),
    };
    let parsed: SocketAddr = full.parse().map_err(|_| ServeError::Address(address.to_owned()))?;
    let failed = |source| ServeError::Listen { address: parsed, source };
    let listener = TcpListener::bind(parsed).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    tokio::spawn(async move {
        loop {
            let Some(accepted) = shutdown.or(listener.accept()).await else { return };
            let Ok((stream, _)) = accepted else { continue };
            let (respond, end) = (respond.clone(), shutdown.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let answer = respond(request.uri().path());
                    std::future::ready(Ok::<_, Infallible>(answer))
                });
                let server = auto::Builder::new(TokioExecutor::new());
                // A client that breaks off is no concern of ours.
                let _ = end.or(server.serve_connection(TokioIo::new(stream), service)).await;
            });
        }
    });
    Ok(Some(bound))
}
