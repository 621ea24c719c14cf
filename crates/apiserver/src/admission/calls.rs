//! The calls that a request makes to webhooks, and what came of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::client;
use crate::status::Status;

/// How many calls one request may make.
const MAX_CALLS: usize = 2000;

/// A call that has to be made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Tells the call from all others of the same request.
    pub(super) key: String,
    pub(super) url: String,
    /// Certificates (PEM) that the other side may be signed by; empty for those of the system.
    pub(super) authorities: Vec<u8>,
    pub(super) timeout: Duration,
    pub(super) uid: String,
    pub(super) review: Value,
}

/// What a webhook said, or why it could not be asked.
pub(super) type Reply = Result<Value, String>;

/// Collects the calls of one request while its write is tried, and holds the answers for the next
/// try.
#[derive(Default)]
pub(crate) struct Calls {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Reply>,
    wanted: Option<Call>,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the answer to a call.
    ///
    /// # Errors
    /// The call has yet to be made; the status is nobody's answer.
    pub(super) fn ask(&self, call: Call) -> Result<Reply, Status> {
        let mut state = self.lock();
        if let Some(reply) = state.answers.get(&call.key) {
            return Ok(reply.clone());
        }
        if state.answers.len() >= MAX_CALLS {
            return Ok(Err("too many calls for one request".to_owned()));
        }
        state.wanted = Some(call);
        Err(Status::internal("a webhook has to be called"))
    }

    /// Makes the call that the last try asked for; false if it asked for none.
    pub(crate) async fn make(&self) -> bool {
        let Some(call) = self.lock().wanted.take() else { return false };
        let key = call.key.clone();
        let reply = client::post(call).await;
        self.lock().answers.insert(key, reply);
        true
    }
}
