//! The book-keeping of field managers: what it needs to know about a kind.

use std::sync::Arc;

use flux_manifest::GroupVersionKind;
use flux_ssa::{FieldManager, Path, Set, Type, Update, Versions};
use serde_json::Value;

use super::Scope;
use crate::registry::{ResourceInfo, Resources};

/// The versions of the kind that a request is about.
pub(crate) struct KindVersions<'a> {
    info: &'a ResourceInfo,
    resources: Arc<Resources>,
    own_version: String,
    reset: Set,
    kind: GroupVersionKind,
}

impl<'a> KindVersions<'a> {
    pub(crate) fn of(scope: &Scope<'a>) -> Self {
        let info = scope.info;
        Self {
            info,
            resources: scope.core.registry.resources(),
            own_version: info.api_version(),
            reset: reset_fields(info, &scope.request.target.subresource),
            kind: GroupVersionKind::new(&info.group, &info.version, &info.kind),
        }
    }

    pub(crate) fn field_manager<'b>(&'b self, subresource: &'b str) -> FieldManager<'b> {
        FieldManager { versions: self, kind: &self.kind, subresource }
    }

    fn served(&self, api_version: &str) -> Option<&ResourceInfo> {
        if api_version == self.own_version {
            return Some(self.info);
        }
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        // The same objects in another group are of another kind.
        if group != self.info.group {
            return None;
        }
        self.resources.by_kind(group, version, &self.info.kind).map(Arc::as_ref)
    }
}

impl Versions for KindVersions<'_> {
    fn type_in(&self, api_version: &str) -> Option<&Type> {
        self.served(api_version).map(|info| &info.typing().of)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Result<Value, String> {
        let from = object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let gone =
            |version: &str| format!("no kind \"{}\" in version \"{version}\"", self.kind.kind);
        let from = self.served(from).ok_or_else(|| gone(from))?;
        let to = self.served(api_version).ok_or_else(|| gone(api_version))?;
        let mut converted = object.clone();
        from.strategy.encode_stored(from, &mut converted);
        to.strategy.decode_stored(to, &mut converted);
        Ok(converted)
    }

    fn reset_fields(&self, api_version: &str) -> &Set {
        // Custom resources reset fields in the version of the request only.
        if self.info.is_custom && api_version != self.own_version {
            return const { &Set::EMPTY };
        }
        &self.reset
    }

    fn empty(&self, _api_version: &str, _kind: &str) -> Value {
        self.info.typing().empty.clone()
    }
}

/// Returns the fields that writes to a resource or its status never own.
fn reset_fields(info: &ResourceInfo, subresource: &str) -> Set {
    let has_status = info.subresource("status").is_some();
    let paths: &[&[&str]] = match (subresource, info.kind.as_str()) {
        ("" | "finalize", _) if has_status => &[&["status"]],
        ("status", _) if info.is_custom => &[&["metadata"], &["spec"]],
        ("status", "Deployment") => &[&["spec"], &["metadata", "labels"]],
        ("status", "Pod") => {
            &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
        }
        ("status", _) => &[&["spec"]],
        _ => &[],
    };
    paths.iter().map(|path| Path::fields(path)).collect::<Vec<_>>().iter().collect()
}

/// Returns `object` with what it changes booked to the field manager of the request.
pub(crate) fn book(scope: &Scope<'_>, live: Option<&Value>, object: Value) -> Value {
    let versions = KindVersions::of(scope);
    let manager = scope.manager();
    let update = Update { live, new: object, manager: &manager, now: scope.core.now() };
    versions.field_manager(&scope.request.target.subresource).update(update)
}
