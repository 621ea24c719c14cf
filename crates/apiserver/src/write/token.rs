//! `serviceaccounts/token`: a signed token for a service account.

use serde_json::{Value, json};

use super::Scope;
use super::ownership::book;
use crate::authn::{Claims, ISSUER};
use crate::clock::to_seconds_text;
use crate::decode::{BodyFormat, document};
use crate::document::Document;
use crate::meta;
use crate::registry::{Decoded, ResourceInfo, Scope as KindScope, Strategy};
use crate::request::Request;
use crate::respond::Answer;
use crate::server::Core;
use crate::status::{FieldError, GroupResource, Status};

const GROUP: &str = "authentication.k8s.io";

/// Answers POST on `token`.
pub(crate) fn request_token(
    core: &Core,
    request: &Request,
    info: &ResourceInfo,
) -> Result<Answer, Status> {
    let scope = Scope::new(core, request, info, "CreateOptions")?;
    let accept = crate::read::accept(request)?;
    let text = |error| {
        Status::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    };
    let format = BodyFormat::of(request)?;
    let mut body = document(format, &request.body).map_err(text)?.into_value();
    let map = meta::map(&mut body);
    map.insert("kind".into(), "TokenRequest".into());
    map.insert("apiVersion".into(), format!("{GROUP}/v1").into());
    if body.pointer("/spec/expirationSeconds").is_none_or(Value::is_null) {
        let spec = meta::map(&mut body).entry("spec").or_insert_with(|| json!({}));
        meta::map(spec).insert("expirationSeconds".into(), 3600.into());
    }
    let account = core.store.get(&info.storage, &scope.key()).ok_or_else(|| scope.not_found())?;
    let account = account.to_value();
    let seconds = check_expiration(&body)?;
    let bound = bound_object(&scope, &body)?;
    let mut body = booked(&scope, body);
    let asked = body.pointer("/spec/audiences").and_then(Value::as_array);
    let asked: Vec<String> =
        asked.into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
    let audiences = if asked.is_empty() { vec![ISSUER.to_owned()] } else { asked };
    let now = core.now();
    let claims = Claims {
        namespace: scope.namespace(),
        account: &account,
        bound,
        audiences: audiences.clone(),
        issued: now,
        seconds,
        id: core.random.uuid(),
    };
    let token = core.account_tokens.sign(&claims);
    let token = token.ok_or_else(|| Status::internal("no token could be signed"))?;
    let metadata = meta::of(&mut body);
    metadata.insert("name".into(), meta::name(&account).into());
    metadata.insert("namespace".into(), scope.namespace().into());
    metadata.insert("uid".into(), meta::uid(&account).into());
    metadata.insert("creationTimestamp".into(), to_seconds_text(now).into());
    let spec = meta::map(meta::map(&mut body).entry("spec").or_insert_with(|| json!({})));
    spec.insert("audiences".into(), audiences.into());
    spec.entry("boundObjectRef").or_insert(Value::Null);
    let end = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
    let status = json!({"token": token, "expirationTimestamp": to_seconds_text(end)});
    meta::map(&mut body).insert("status".into(), status);
    Ok(Answer::value(201, body).encoded(accept.encoding))
}

/// The one thing that the book-keeping needs to know: `spec` is always there.
struct TokenStrategy;

impl Strategy for TokenStrategy {
    fn decode(&self, document: Document) -> Result<Decoded, String> {
        let mut object = document.into_value();
        meta::map(&mut object).entry("spec").or_insert_with(|| json!({}));
        Ok(Decoded { object, strict_errors: Vec::new() })
    }
}

/// Books the request's fields to the client, as for objects that are stored.
fn booked(scope: &Scope<'_>, body: Value) -> Value {
    let plain = std::sync::Arc::new(TokenStrategy);
    let own =
        ResourceInfo::new(&format!("{GROUP}/v1"), "TokenRequest", KindScope::Namespaced, plain);
    let scope = Scope {
        core: scope.core,
        request: scope.request,
        info: &own,
        options: scope.options.clone(),
    };
    book(&scope, None, body)
}

fn check_expiration(body: &Value) -> Result<i64, Status> {
    let seconds = body.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(3600);
    let detail = match seconds {
        ..600 => "may not specify a duration less than 10 minutes",
        600..=0x1_0000_0000 => return Ok(seconds),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    let error = FieldError::invalid("spec.expirationSeconds", seconds, detail);
    Err(Status::invalid(GROUP, "TokenRequest", "", &error.into()))
}

/// Finds the object that the token is to end with.
fn bound_object(
    scope: &Scope<'_>,
    body: &Value,
) -> Result<Option<(String, String, String)>, Status> {
    let kind = meta::text(body, "/spec/boundObjectRef/kind");
    let name = meta::text(body, "/spec/boundObjectRef/name");
    let (plural, namespace) = match kind {
        "Pod" => ("pods", scope.namespace()),
        "Secret" => ("secrets", scope.namespace()),
        "Node" => ("nodes", ""),
        "" => return Ok(None),
        other => {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount {} to object of type {other}",
                Value::from(scope.request.target.name.as_str())
            )));
        }
    };
    let found = scope.context().view.get("", plural, namespace, name);
    let resource = GroupResource { group: "", resource: plural };
    let found = found.ok_or_else(|| Status::not_found(resource, name))?;
    Ok(Some((kind.to_owned(), name.to_owned(), meta::uid(&found).to_owned())))
}
