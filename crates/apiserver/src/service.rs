//! The service: a request in, an answer out.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use crate::body::Body;
use crate::handle;
use crate::respond::Answer;
use crate::server::Core;
use crate::status::Status;

/// Bodies may have this many bytes.
const MAX_BODY: usize = 3 << 20;

/// Answers requests of the Kubernetes API. Cheap to clone, never waits for readiness.
#[derive(Clone)]
pub struct ApiService {
    core: Arc<Core>,
}

/// The certificate (DER) that a client showed, as an extension of a request.
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub Bytes);

impl ApiService {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Ends all watches, now and from now on.
    pub(crate) fn stop(&self) {
        self.core.stopping.send_replace(true);
    }

    /// Answers one request.
    pub async fn respond<B>(self, request: http::Request<B>) -> http::Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: std::fmt::Display,
    {
        let (parts, body) = request.into_parts();
        match read(body).await {
            Ok(body) => {
                let core = self.core.clone();
                let response = handle::respond(self.core, parts, body).await;
                if core.store.has_failed() {
                    return Answer::status(&not_stored()).into_response();
                }
                response
            }
            Err(status) => Answer::status(&status).into_response(),
        }
    }
}

/// Says that nothing can be acknowledged since the disk takes no writes.
fn not_stored() -> Status {
    Status::new(
        500,
        "InternalError",
        "the data directory takes no writes; see the server's log".to_owned(),
    )
}

async fn read<B>(body: B) -> Result<Bytes, Status>
where
    B: http_body::Body<Data = Bytes> + Send,
    B::Error: std::fmt::Display,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let mut body = std::pin::pin!(body);
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Status::bad_request(error.to_string()))?;
        if let Ok(part) = frame.into_data() {
            if all.len() + part.len() > MAX_BODY {
                let message = format!("limit is {MAX_BODY}");
                return Err(Status::new(
                    413,
                    "RequestEntityTooLarge",
                    format!("Request entity too large: {message}"),
                ));
            }
            all.extend_from_slice(&part);
        }
    }
    Ok(all.freeze())
}

impl<B> tower::Service<http::Request<B>> for ApiService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.respond(request).await) })
    }
}
