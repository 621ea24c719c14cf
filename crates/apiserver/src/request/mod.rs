//! What a request asks for: its path, its options, the forms of answer that it accepts.

mod accept;
mod options;
mod query;
mod target;
#[cfg(test)]
mod tests;

pub(crate) use accept::{Accept, Clause, Encoding, Shape, clauses as accept_clauses};
pub(crate) use options::{
    DeleteOptions, FieldValidation, ListOptions, Propagation, VersionMatch, WriteOptions,
};
pub(crate) use query::{Query, decode_path};
pub(crate) use target::{Target, TargetKind};

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::admission::Calls;
use crate::authn::User;
use crate::random::Random;

/// A whole request, body included.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) user: Arc<User>,
    /// The calls to webhooks that the request leads to.
    pub(crate) calls: Calls,
    /// Names and uids: the same whenever a write is tried again.
    pub(crate) random: Random,
}

impl Request {
    /// Returns a header's text.
    pub(crate) fn header(&self, name: http::header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the field manager that a write without `fieldManager` gets: what stands before the
    /// first slash of the user agent.
    pub(crate) fn default_manager(&self) -> String {
        let agent = self.header(http::header::USER_AGENT).unwrap_or_default();
        let first = agent.split('/').next().unwrap_or_default();
        let mut manager = String::new();
        for c in first.chars().filter(|c| !c.is_control()) {
            if manager.len() + c.len_utf8() > 128 {
                break;
            }
            manager.push(c);
        }
        manager
    }
}
