//! An HTTP server on loopback that answers as a test says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;

/// Makes the answer to a request whose body has been read.
type Answer = dyn Fn(http::Request<Bytes>) -> http::Response<Bytes> + Send + Sync;

/// A running server, which ends with this value.
pub struct Server {
    address: SocketAddr,
    /// Dropped to end the thread.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Server {
    /// Starts a server.
    ///
    /// # Errors
    /// There is no free port or no thread.
    pub fn start(
        answer: impl Fn(http::Request<Bytes>) -> http::Response<Bytes> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("port on loopback")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::Builder::new()
            .name("web-server".to_owned())
            .spawn(move || run(listener, answer, stopped))
            .context("thread")?;
        Ok(Self { address, _stop: stop })
    }

    /// Returns the address without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the port on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn run(
    listener: std::net::TcpListener,
    answer: Arc<Answer>,
    stopped: tokio::sync::oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
        tokio::select! {
            () = accept(listener, answer) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: tokio::net::TcpListener, answer: Arc<Answer>) {
    while let Ok((stream, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    let answer = answer(http::Request::from_parts(parts, body));
                    Ok::<_, Infallible>(answer.map(Full::new))
                }
            });
            // The other side may go away at any time.
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
