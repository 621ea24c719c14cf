//! Admission that users configure: policies with expressions, and webhooks.
//!
//! Writes ask here twice: [`mutate`] before an object is prepared, [`validate`] once it is complete.
//! A webhook is called while no lock is held: a write that needs one ends with what it wants, the
//! call is made, and the write begins anew with the answer; see [`Calls`].

mod calls;
mod client;
mod expressions;
mod matching;
mod policies;
pub(crate) mod quota;
#[cfg(test)]
mod tests;
mod webhooks;

use serde_json::{Map, Value, json};

pub(crate) use calls::Calls;
pub(crate) use expressions::{compile_error, environment};
pub(crate) use policies::Policies;

use crate::meta;
use crate::registry::ResourceInfo;
use crate::status::Status;
use crate::write::Scope;

/// Kinds that configure admission are never its objects.
const EXEMPT: &str = "admissionregistration.k8s.io";

/// What is about to happen.
pub(crate) struct Attributes<'a> {
    pub(crate) scope: &'a Scope<'a>,
    pub(crate) operation: Operation,
    /// The new object; none for a deletion.
    pub(crate) object: Option<&'a Value>,
    /// The stored object; none for a creation.
    pub(crate) old: Option<&'a Value>,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

impl Attributes<'_> {
    /// Returns the name of the object, empty if the server has yet to make one.
    pub(crate) fn name(&self) -> &str {
        self.object.or(self.old).map(meta::name).unwrap_or_default()
    }

    /// Returns the namespace of the request; a namespace is in itself.
    pub(crate) fn namespace(&self) -> &str {
        match self.is_namespace() {
            true => self.name(),
            false => self.scope.namespace(),
        }
    }

    pub(crate) fn is_namespace(&self) -> bool {
        self.scope.info.group.is_empty() && self.scope.info.kind == "Namespace"
    }

    pub(crate) fn subresource(&self) -> &str {
        &self.scope.request.target.subresource
    }

    /// Returns the request as webhooks and expressions see it, without the objects.
    pub(crate) fn request(&self, uid: &str, seen_as: &ResourceInfo) -> Map<String, Value> {
        let scope = self.scope;
        let kind = |info: &ResourceInfo| json!({"group": info.group, "version": info.version, "kind": info.kind});
        let resource = |info: &ResourceInfo| json!({"group": info.group, "version": info.version, "resource": info.plural});
        let mut request = Map::new();
        let mut put = |key: &str, value: Value| request.insert(key.to_owned(), value);
        put("uid", uid.into());
        put("kind", kind(seen_as));
        put("resource", resource(seen_as));
        put("requestKind", kind(scope.info));
        put("requestResource", resource(scope.info));
        let texts = [
            ("subResource", self.subresource()),
            ("requestSubResource", self.subresource()),
            ("name", self.name()),
            ("namespace", self.namespace()),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            put(key, text.into());
        }
        put("operation", self.operation.as_str().into());
        put("userInfo", crate::authz::user_value(&scope.request.user));
        put("dryRun", scope.options.dry_run.into());
        put("options", self.options());
        request
    }

    fn options(&self) -> Value {
        let options = &self.scope.options;
        let kind = match (self.operation, self.scope.request.target.verb) {
            (Operation::Delete, _) => "DeleteOptions",
            (Operation::Create, "create") => "CreateOptions",
            (_, "patch") => "PatchOptions",
            _ => "UpdateOptions",
        };
        let mut out = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
        if options.dry_run {
            out["dryRun"] = json!(["All"]);
        }
        if self.operation != Operation::Delete {
            out["fieldManager"] = self.scope.manager().into();
        }
        out
    }

    /// Returns an object in the version of a resource that shows the same objects.
    fn converted(&self, object: Option<&Value>, seen_as: &ResourceInfo) -> Value {
        let Some(object) = object else { return Value::Null };
        let own = self.scope.info;
        if own.group == seen_as.group && own.version == seen_as.version {
            return object.clone();
        }
        let mut object = object.clone();
        own.strategy.encode_stored(own, &mut object);
        seen_as.strategy.decode_stored(seen_as, &mut object);
        object
    }
}

/// Lets webhooks change a new or changed object. Returns warnings.
///
/// # Errors
/// A refusal, or that a webhook has to be called first.
pub(crate) fn mutate(
    scope: &Scope<'_>,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<Vec<String>, Status> {
    if is_exempt(scope) || crate::scale::paths(scope.info, scope.subresource()).is_some() {
        return Ok(Vec::new());
    }
    webhooks::mutate(scope, object, old)
}

/// Asks policies and webhooks whether something may happen. Returns warnings.
///
/// # Errors
/// A refusal, or that a webhook has to be called first.
pub(crate) fn validate(
    scope: &Scope<'_>,
    operation: Operation,
    object: Option<&Value>,
    old: Option<&Value>,
) -> Result<Vec<String>, Status> {
    if is_exempt(scope) {
        return Ok(Vec::new());
    }
    let paths = crate::scale::paths(scope.info, scope.subresource());
    let as_scale = |object: &Value| paths.map(|paths| crate::scale::of(object, paths));
    let (scale, old_scale) = (object.and_then(as_scale), old.and_then(as_scale));
    let attributes = Attributes {
        scope,
        operation,
        object: scale.as_ref().or(object),
        old: old_scale.as_ref().or(old),
    };
    let mut warnings = policies::validate(&attributes)?;
    warnings.extend(webhooks::validate(&attributes)?);
    Ok(warnings)
}

fn is_exempt(scope: &Scope<'_>) -> bool {
    scope.info.group == EXEMPT
}
