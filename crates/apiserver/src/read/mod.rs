//! GET of objects and lists, and watches.

mod continue_token;
mod filter;
mod list;
mod partial;
mod version;
mod watch;

use bytes::Bytes;
use http::header::ACCEPT;
use serde_json::Value;

use crate::registry::ResourceInfo;
use crate::request::{Accept, Request, Shape};
use crate::respond::{Answer, to_json};
use crate::scale;
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Stored};
use crate::table;

pub(crate) use filter::Filter;
pub(crate) use list::{Items, list, list_answer};
pub(crate) use watch::watch;

/// Chooses the form of an answer, or refuses with 406.
pub(crate) fn accept(request: &Request) -> Result<Accept, Status> {
    let header = request.header(ACCEPT);
    Accept::negotiate(header).ok_or_else(|| match Accept::names_known_type(header) {
        true => {
            only_accepted("application/json, application/yaml, application/vnd.kubernetes.protobuf")
        }
        false => not_acceptable(),
    })
}

/// 406 for a media type that there is not.
pub(crate) fn not_acceptable() -> Status {
    let mut status = Status::new(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, \
         application/vnd.kubernetes.protobuf",
    );
    status.details = Some(Box::default());
    status
}

/// 406 with the types that there are.
pub(crate) fn only_accepted(types: &str) -> Status {
    let message = format!("only the following media types are accepted: {types}");
    Status::new(406, "NotAcceptable", message)
}

/// Answers with one object.
pub(crate) async fn get(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let accept = accept(request)?;
    let wanted = request.query.text("resourceVersion");
    version::wait(core, version::parse_single(wanted)?).await?;
    let target = &request.target;
    let key = store::key(target.object_namespace(), &target.name);
    let found = core.store.get(&info.storage, &key);
    let found = found.ok_or_else(|| Status::not_found(info.group_resource(), &target.name))?;
    if let Some(paths) = scale::paths(info, &target.subresource) {
        let object = shown(info, &found);
        if info.is_custom {
            scale::check_is_set(&object, paths)?;
        }
        let scale = scale::of(&object, paths);
        return Ok(Answer::value(200, scale).encoded(accept.encoding));
    }
    if accept.shape == Shape::Whole {
        return Ok(Answer::json(200, shown_bytes(info, &found)).encoded(accept.encoding));
    }
    shaped(core, request, info, (200, shown(info, &found)))
}

/// Answers with one object in the form that the client asked for.
pub(crate) fn shaped(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
    (code, object): (u16, Value),
) -> Result<Answer, Status> {
    let accept = accept(request)?;
    let value = match &accept.shape {
        Shape::Whole => object,
        Shape::Partial { version, list: false } => partial::object(&object, version),
        Shape::Partial { list: true, .. } => {
            return Err(Status::new(
                406,
                "NotAcceptable",
                format!(
                    "you requested PartialObjectMetadataList, but the requested object is not a \
                     list ({})",
                    go_type(info, &info.kind)
                ),
            ));
        }
        Shape::Table(version) => {
            let options = table::Options::of(request, version)?;
            table::of_object(info, &object, core.now(), &options)
        }
    };
    Ok(Answer::value(code, value).encoded(accept.encoding))
}

/// Returns the name of Go's type of a kind.
pub(crate) fn go_type(info: &ResourceInfo, kind: &str) -> String {
    if info.is_custom {
        let list = if kind.ends_with("List") && kind != info.kind { "List" } else { "" };
        return format!("*unstructured.Unstructured{list}");
    }
    let package = match info.group.as_str() {
        "" => "core",
        group => group.split('.').next().unwrap_or(group),
    };
    format!("*{package}.{kind}")
}

/// Returns the bytes of an object in the version of `info`.
pub(crate) fn shown_bytes(info: &ResourceInfo, stored: &Stored) -> Bytes {
    if is_as_stored(info, stored) {
        return stored.bytes.clone();
    }
    Bytes::from(to_json(&shown(info, stored)))
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
