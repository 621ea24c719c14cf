//! What can go wrong between a controller and the API server, by a plan that a seed can make.
//!
//! A request that is refused never reaches the server; one that is cut off is carried out, and its
//! answer is lost. A process that is dead neither sends nor hears anything any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flux_apiserver::{ApiService, Body};
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{BoxError, Service};

/// A request, before anything has happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The path, without the query.
    pub path: String,
    /// The query.
    pub query: String,
}

impl Call {
    /// Tells whether the request changes what the server stores.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET && !self.query.contains("dryRun=All")
    }

    /// Tells whether the answer has no end.
    pub fn is_watch(&self) -> bool {
        self.query.contains("watch=true")
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        match self.query.as_str() {
            "" => Ok(()),
            query => write!(f, "?{query}"),
        }
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing special.
    Pass,
    /// It never reaches the server.
    Refuse,
    /// It is carried out, but nobody hears of it.
    CutOff,
    /// The server answers with this instead of doing anything.
    Deny(Denial),
    /// It takes longer.
    Delay(Duration),
    /// It is sent twice; the second answer counts.
    Twice,
    /// The process dies just before it is sent.
    DieBefore,
    /// The process dies just after it was carried out.
    DieAfter,
}

/// A refusal in the server's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The HTTP code.
    pub code: u16,
    /// The reason in one word.
    pub reason: &'static str,
    /// The reason for a person.
    pub message: &'static str,
}

type Plan = dyn FnMut(&Call) -> Fate + Send;
type Witness = dyn Fn(Call, u16) -> BoxFuture<'static, ()> + Send + Sync;

struct Shared {
    plan: Mutex<Box<Plan>>,
    witness: Mutex<Option<Arc<Witness>>>,
    dead: tokio::sync::watch::Sender<bool>,
}

/// The way from one process to the API server, cheap to clone.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Default for Faults {
    /// Makes a way on which nothing goes wrong.
    fn default() -> Self {
        Self::planned(|_| Fate::Pass)
    }
}

impl Faults {
    /// Makes a way on which each request meets the fate that the plan has for it.
    pub fn planned(plan: impl FnMut(&Call) -> Fate + Send + 'static) -> Self {
        let shared = Shared {
            plan: Mutex::new(Box::new(plan)),
            witness: Mutex::default(),
            dead: tokio::sync::watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Lets somebody see each request that the server has carried out, with the code of its
    /// answer, before the process hears of it.
    pub fn witness(
        &self,
        witness: impl Fn(Call, u16) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        let mut seat = self.shared.witness.lock().unwrap_or_else(PoisonError::into_inner);
        *seat = Some(Arc::new(witness));
    }

    /// Puts the way in front of a server.
    pub fn before(&self, service: ApiService) -> Faulty {
        Faulty { service, faults: self.clone() }
    }

    /// Waits until the process is dead.
    pub async fn death(&self) {
        let mut dead = self.shared.dead.subscribe();
        // The sender lives in `self`.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    /// Tells whether the process is dead.
    pub fn is_dead(&self) -> bool {
        *self.shared.dead.borrow()
    }

    fn fate(&self, call: &Call) -> Fate {
        let mut plan = self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan(call)
    }

    async fn seen(&self, call: &Call, code: u16) {
        let witness = self.shared.witness.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(witness) = witness {
            witness(call.clone(), code).await;
        }
    }

    async fn die<T>(&self) -> T {
        self.shared.dead.send_replace(true);
        std::future::pending().await
    }

    async fn carry_out(
        &self,
        service: ApiService,
        call: &Call,
        (parts, body): (http::request::Parts, Bytes),
    ) -> Result<Response<Body>, BoxError> {
        if self.is_dead() {
            return self.die().await;
        }
        let fate = self.fate(call);
        let send = || {
            let request = Request::from_parts(parts.clone(), Full::new(body.clone()));
            let service = service.clone();
            async {
                let response = service.respond(request).await;
                self.seen(call, response.status().as_u16()).await;
                response
            }
        };
        match fate {
            Fate::Pass => {}
            Fate::Refuse => return Err("connection refused".into()),
            Fate::CutOff => {
                send().await;
                return Err("connection reset by peer".into());
            }
            Fate::Deny(denial) => return Ok(denied(&denial)),
            Fate::Delay(pause) => tokio::time::sleep(pause).await,
            Fate::Twice => drop(send().await),
            Fate::DieBefore => return self.die().await,
            Fate::DieAfter => {
                send().await;
                return self.die().await;
            }
        }
        let response = send().await;
        // An answer that comes after the end is heard by nobody.
        if self.is_dead() { self.die().await } else { Ok(response) }
    }
}

fn denied(denial: &Denial) -> Response<Body> {
    let Denial { code, reason, message } = denial;
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    let mut response = Response::new(Body::full(status.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(*code).unwrap();
    response
}

/// A server at the end of a way on which things go wrong.
#[derive(Clone)]
pub struct Faulty {
    service: ApiService,
    faults: Faults,
}

impl<B> Service<Request<B>> for Faulty
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Debug,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { service, faults } = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(|e| format!("{e:?}"))?.to_bytes();
            let call = Call {
                method: parts.method.clone(),
                path: parts.uri.path().to_owned(),
                query: parts.uri.query().unwrap_or_default().to_owned(),
            };
            faults.carry_out(service, &call, (parts, body)).await
        })
    }
}
