//! PATCH in its five forms.

use super::Scope;
use super::merge_patch::merge;
use super::update::{Changed, check_name, store_changed};
use crate::decode::{from_document, unsupported_media_type};
use crate::document::{self, Document};
use crate::meta;
use crate::read::shown;
use crate::registry::ResourceInfo;
use crate::request::Request;
use crate::respond::Answer;
use crate::server::Core;
use crate::status::Status;

/// Answers PATCH on an object.
pub(crate) fn patch(core: &Core, request: &Request, info: &ResourceInfo) -> Result<Answer, Status> {
    let scope = Scope::new(core, request, info, "PatchOptions")?;
    let content_type = request.header(http::header::CONTENT_TYPE).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if media_type != "application/merge-patch+json" {
        return Err(unsupported_media_type(&[
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/apply-patch+yaml",
            "application/apply-patch+cbor",
            "application/strategic-merge-patch+json",
        ]));
    }
    let patch = document::parse(&request.body).map_err(Status::bad_request)?.into_value();
    let writer = core.store.writer();
    let stored = core.store.get(&info.storage, &scope.key()).ok_or_else(|| scope.not_found())?;
    let old = shown(info, &stored);
    let mut patched = old.clone();
    merge(&mut patched, &patch);
    let body = from_document(info, Document::from(&patched), scope.options.field_validation)?;
    let mut object = body.object;
    meta::normalize(&mut object);
    info.strategy.default(&mut object);
    check_name(&object, &request.target.name)?;
    scope.set_namespace(&mut object)?;
    store_changed(&scope, writer, Changed { object, old, warnings: body.warnings })
}
