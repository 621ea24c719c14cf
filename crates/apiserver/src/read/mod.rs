//! GET of objects and lists, and watches.

mod list;
mod watch;

use crate::registry::ResourceInfo;
use crate::request::{Accept, Request};
use crate::respond::Answer;
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Stored};

use bytes::Bytes;
use serde_json::Value;

pub(crate) use list::list;
pub(crate) use watch::watch;

/// Chooses the form of an answer, or refuses with 406.
pub(crate) fn accept(request: &Request) -> Result<Accept, Status> {
    Accept::negotiate(request.header(http::header::ACCEPT)).ok_or_else(not_acceptable)
}

/// 406 with the forms that there are.
pub(crate) fn not_acceptable() -> Status {
    let mut status = Status::new(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, \
             application/yaml, application/vnd.kubernetes.protobuf",
    );
    status.details = Some(Box::default());
    status
}

/// Answers with one object.
pub(crate) fn get(core: &Core, request: &Request, info: &ResourceInfo) -> Result<Answer, Status> {
    let accept = accept(request)?;
    let target = &request.target;
    let key = store::key(target.object_namespace(), &target.name);
    let found = core.store.get(&info.storage, &key);
    let found = found.ok_or_else(|| Status::not_found(info.group_resource(), &target.name))?;
    Ok(Answer::json(200, shown_bytes(info, &found)).encoded(accept.encoding))
}

/// Returns the bytes of an object in the version of `info`.
pub(crate) fn shown_bytes(info: &ResourceInfo, stored: &Stored) -> Bytes {
    if is_as_stored(info, stored) {
        return stored.bytes.clone();
    }
    Bytes::from(crate::respond::to_json(&shown(info, stored)))
}

/// Returns an object in the version of `info`.
pub(crate) fn shown(info: &ResourceInfo, stored: &Stored) -> Value {
    let mut object = stored.to_value();
    if !is_as_stored(info, stored) {
        info.strategy.decode_stored(info, &mut object);
    }
    object
}

fn is_as_stored(info: &ResourceInfo, stored: &Stored) -> bool {
    stored.shape == info.shape && info.storage_api_version == info.api_version()
}
