//! The service behind a TLS socket, HTTP/1.1 and HTTP/2.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::pki::{Pki, PkiError};
use crate::service::{ApiService, ClientCertificate};

/// How long a client may take to say what it wants.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long open requests may take to end after the server was told to stop.
const GRACE: Duration = Duration::from_millis(700);
/// How many connections are open at once.
const MAX_CONNECTIONS: usize = 8192;

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificates are not to be had.
    #[error("no serving certificate")]
    Pki(#[from] PkiError),
    /// The certificates do not fit together.
    #[error("unusable certificate")]
    Tls(#[from] rustls::Error),
    /// The authority cannot be used to check clients.
    #[error("unusable client authority")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// Makes what a connection needs to be encrypted; clients may show certificates of our authority.
pub(crate) fn tls_config(
    pki: &Pki,
    names: &[String],
) -> Result<Arc<rustls::ServerConfig>, ServeError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pki.ca_der()?)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()?;
    let serving = pki.serving(names)?;
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(serving.chain, serving.key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Accepts connections until `shutdown`, then gives open requests a moment to end.
pub(crate) async fn serve(
    listener: TcpListener,
    config: Arc<rustls::ServerConfig>,
    service: ApiService,
    shutdown: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(config);
    let graceful = Arc::new(GracefulShutdown::new());
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((socket, _)) = accepted else {
            // Out of descriptors or the like: let others end first.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(permit) = permits.clone().try_acquire_owned() else { continue };
        let (acceptor, service) = (acceptor.clone(), service.clone());
        let graceful = graceful.watcher();
        connections.spawn(async move {
            let _permit = permit;
            connection(socket, acceptor, service, graceful).await;
        });
    }
    drop(listener);
    service.stop();
    if let Some(graceful) = Arc::into_inner(graceful) {
        // Whoever is not done by then is cut off.
        let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    }
    connections.shutdown().await;
}

async fn connection(
    socket: TcpStream,
    acceptor: TlsAcceptor,
    service: ApiService,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Small answers must not wait for each other; a socket that refuses is as good.
    let _ = socket.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await else {
        return;
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let certificate =
        certificate.map(|der| ClientCertificate(Bytes::copy_from_slice(der.as_ref())));
    let answer = hyper::service::service_fn(move |mut request: http::Request<_>| {
        if let Some(certificate) = certificate.clone() {
            request.extensions_mut().insert(certificate);
        }
        let service = service.clone();
        async move { Ok::<_, std::convert::Infallible>(service.respond(request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1000);
    let connection = builder.serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(%error, "connection ended");
    }
}
