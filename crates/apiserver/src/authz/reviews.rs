//! Questions about identity and access: the review kinds, which are answered and never stored.

use serde_json::{Map, Value, json};

use super::{Attributes, rules_review};
use crate::authn::User;
use crate::clock::to_seconds_text;
use crate::meta;
use crate::status::{FieldError, FieldErrors, Status};
use crate::write::Scope;

const GROUP: &str = "authorization.k8s.io";

/// Answers a review; `None` for other kinds.
pub(crate) fn answer(scope: &Scope<'_>, object: &Value) -> Option<Result<Value, Status>> {
    let info = scope.info;
    Some(match (info.group.as_str(), info.kind.as_str()) {
        (GROUP, "SubjectAccessReview") => subject(scope, object),
        (GROUP, "LocalSubjectAccessReview") => local(scope, object),
        (GROUP, "SelfSubjectAccessReview") => own(scope, object),
        (GROUP, "SelfSubjectRulesReview") => rules_review::answer(scope, object),
        ("authentication.k8s.io", "SelfSubjectReview") => Ok(who(scope, object)),
        ("authentication.k8s.io", "TokenReview") => token(scope, object),
        _ => return None,
    })
}

/// Returns the user as reviews print one.
pub(crate) fn user_value(user: &User) -> Value {
    let mut out = Map::new();
    for (key, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            out.insert(key.into(), text.as_str().into());
        }
    }
    if !user.groups.is_empty() {
        out.insert("groups".into(), user.groups.clone().into());
    }
    if !user.extra.is_empty() {
        out.insert("extra".into(), json!(user.extra));
    }
    Value::Object(out)
}

fn who(scope: &Scope<'_>, object: &Value) -> Value {
    let mut out = object.clone();
    meta::of(&mut out).insert("creationTimestamp".into(), to_seconds_text(scope.core.now()).into());
    let status = json!({"userInfo": user_value(&scope.request.user)});
    meta::map(&mut out).insert("status".into(), status);
    out
}

fn token(scope: &Scope<'_>, object: &Value) -> Result<Value, Status> {
    let token = meta::text(object, "/spec/token");
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let asked: Vec<String> = texts(object, "/spec/audiences");
    let status = match scope.core.review_token(token, &asked) {
        Some((user, audiences)) => {
            json!({"authenticated": true, "user": user_value(&user), "audiences": audiences})
        }
        None => json!({"user": {}, "error": "[invalid bearer token, token lookup failed]"}),
    };
    let mut out = object.clone();
    meta::map(&mut out).insert("status".into(), status);
    Ok(out)
}

fn texts(object: &Value, pointer: &str) -> Vec<String> {
    let list = object.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn refuse(errors: FieldErrors) -> Status {
    Status::invalid(GROUP, "", "", &errors)
}

fn check_attributes(object: &Value, errors: &mut FieldErrors) {
    let has = |key: &str| object.pointer(&format!("/spec/{key}")).is_some_and(|v| !v.is_null());
    match (has("resourceAttributes"), has("nonResourceAttributes")) {
        (true, true) => errors.push(FieldError::invalid(
            "spec.nonResourceAttributes",
            "cannot be specified in combination with resourceAttributes",
            "",
        )),
        (false, false) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be \
                          specified";
            let spec = object.get("spec").cloned().unwrap_or_else(|| json!({}));
            errors.push(FieldError::invalid("spec.resourceAttributes", spec, detail));
        }
        _ => {}
    }
}

fn attributes(object: &Value) -> Attributes {
    let text = |pointer: &str| meta::text(object, pointer).to_owned();
    if object.pointer("/spec/resourceAttributes").is_some_and(Value::is_object) {
        let text = |key: &str| text(&format!("/spec/resourceAttributes/{key}"));
        return Attributes {
            verb: text("verb"),
            namespace: text("namespace"),
            group: text("group"),
            resource: text("resource"),
            subresource: text("subresource"),
            name: text("name"),
            path: None,
        };
    }
    Attributes {
        verb: text("/spec/nonResourceAttributes/verb"),
        path: Some(text("/spec/nonResourceAttributes/path")),
        ..Attributes::default()
    }
}

fn decide(scope: &Scope<'_>, object: &Value, user: &User) -> Value {
    let core = scope.core;
    let decision = core.authorizer.authorize(&core.store, user, &attributes(object));
    let mut status = Map::new();
    status.insert("allowed".into(), decision.allowed.into());
    if !decision.reason.is_empty() {
        status.insert("reason".into(), decision.reason.into());
    }
    let mut out = object.clone();
    meta::map(&mut out).insert("status".into(), Value::Object(status));
    out
}

fn asked_user(object: &Value) -> User {
    let extra = object.pointer("/spec/extra").and_then(Value::as_object);
    let extra = extra.into_iter().flatten().map(|(key, values)| {
        let values = values.as_array().into_iter().flatten();
        (key.clone(), values.filter_map(Value::as_str).map(str::to_owned).collect())
    });
    User {
        name: meta::text(object, "/spec/user").to_owned(),
        uid: meta::text(object, "/spec/uid").to_owned(),
        groups: texts(object, "/spec/groups"),
        extra: extra.collect(),
    }
}

fn check_subject(object: &Value) -> FieldErrors {
    let mut errors = FieldErrors::new();
    check_attributes(object, &mut errors);
    let user = asked_user(object);
    if user.name.is_empty() && user.groups.is_empty() {
        let detail = "at least one of user or group must be specified";
        errors.push(FieldError::invalid("spec.user", "", detail));
    }
    errors
}

fn subject(scope: &Scope<'_>, object: &Value) -> Result<Value, Status> {
    let errors = check_subject(object);
    if !errors.is_empty() {
        return Err(refuse(errors));
    }
    Ok(decide(scope, object, &asked_user(object)))
}

fn local(scope: &Scope<'_>, object: &Value) -> Result<Value, Status> {
    let mut errors = check_subject(object);
    let asked = meta::text(object, "/spec/resourceAttributes/namespace");
    if asked != scope.namespace() {
        let detail = "must match metadata.namespace";
        let field = "spec.resourceAttributes.namespace";
        errors.push(FieldError::invalid(field, asked, detail));
    }
    if !errors.is_empty() {
        return Err(refuse(errors));
    }
    Ok(decide(scope, object, &asked_user(object)))
}

fn own(scope: &Scope<'_>, object: &Value) -> Result<Value, Status> {
    let mut errors = FieldErrors::new();
    check_attributes(object, &mut errors);
    if !errors.is_empty() {
        return Err(refuse(errors));
    }
    Ok(decide(scope, object, &scope.request.user))
}
