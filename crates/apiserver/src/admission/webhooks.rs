//! Webhooks: who is asked, with what, and what the answer does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_ssa::patch::JsonPatch;
use serde_json::{Value, json};

use super::calls::Call;
use super::expressions::{BUDGET, Condition, Values, environment};
use super::matching::Matching;
use super::{Attributes, EXEMPT, Operation};
use crate::document::Document;
use crate::meta;
use crate::registry::{ResourceInfo, View};
use crate::request::FieldValidation;
use crate::status::Status;
use crate::write::Scope;

/// A webhook of a configuration.
struct Webhook {
    /// The configuration and the place in it.
    id: String,
    value: Value,
}

impl Webhook {
    /// Returns all webhooks of a kind that can be reached, in the order in which they are asked.
    /// Nobody runs what a reference to a Service leads to.
    fn all(scope: &Scope<'_>, plural: &str) -> Vec<Self> {
        let mut all = Vec::new();
        for configuration in View::new(&scope.core.store).list(EXEMPT, plural, "") {
            let name = meta::name(&configuration).to_owned();
            let list = configuration.get("webhooks").and_then(Value::as_array);
            for (at, value) in list.into_iter().flatten().enumerate() {
                if !meta::text(value, "/clientConfig/url").is_empty() {
                    let id = format!("{plural}/{name}/{at}");
                    all.push(Self { id, value: value.clone() });
                }
            }
        }
        all
    }

    fn name(&self) -> &str {
        meta::text(&self.value, "/name")
    }

    fn ignores_failures(&self) -> bool {
        meta::text(&self.value, "/failurePolicy") == "Ignore"
    }

    /// Returns the resource by which a request is to be shown to the webhook, if it is to be.
    fn wants(&self, of: &Attributes<'_>) -> Result<Option<Arc<ResourceInfo>>, Status> {
        let matching = Matching { value: &self.value, rules: "rules", without_rules: false };
        let Some(seen_as) = matching.find(of) else { return Ok(None) };
        let conditions = Condition::list(&environment(false), &self.value);
        if !conditions.is_empty() {
            let (object, old) = (of.converted(of.object, &seen_as), of.converted(of.old, &seen_as));
            let request = Value::Object(of.request("", &seen_as));
            let values = Values {
                object: &object,
                old_object: &old,
                request: &request,
                params: &Value::Null,
                namespace: &Value::Null,
                variables: BTreeMap::new(),
                failed: BTreeMap::new(),
            };
            match Condition::all_hold(&conditions, &values, &mut { BUDGET }) {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(_) if self.ignores_failures() => return Ok(None),
                Err(why) => {
                    let resource = of.scope.info.group_resource();
                    return Err(Status::forbidden(resource, of.name(), &why));
                }
            }
        }
        let effects = meta::text(&self.value, "/sideEffects");
        if of.scope.options.dry_run && !matches!(effects, "None" | "NoneOnDryRun") {
            let name = Value::from(self.name());
            return Err(Status::bad_request(format!(
                "admission webhook {name} does not support dry run"
            )));
        }
        Ok(Some(seen_as))
    }

    /// Asks the webhook; nothing if it failed and that does not matter.
    fn ask(
        &self,
        of: &Attributes<'_>,
        seen_as: &ResourceInfo,
        round: &str,
    ) -> Result<Option<Value>, Status> {
        let uid = of.scope.request.random.uuid();
        let mut request = of.request(&uid, seen_as);
        request.insert("object".into(), of.converted(of.object, seen_as));
        request.insert("oldObject".into(), of.converted(of.old, seen_as));
        let versions = self.value.get("admissionReviewVersions").and_then(Value::as_array);
        let known = |version: &&Value| *version == "v1" || *version == "v1beta1";
        let version = versions.into_iter().flatten().find(known).and_then(Value::as_str);
        let version = version.unwrap_or("v1");
        let review = json!({
            "kind": "AdmissionReview",
            "apiVersion": format!("admission.k8s.io/{version}"),
            "request": request,
        });
        let bundle = meta::text(&self.value, "/clientConfig/caBundle");
        let seconds = self.value.get("timeoutSeconds").and_then(Value::as_u64).unwrap_or(10);
        let before = of.old.map(|old| meta::text(old, "/metadata/resourceVersion"));
        let key = format!(
            "{} {round} {} {}/{} {}",
            self.id,
            of.operation.as_str(),
            of.namespace(),
            of.name(),
            before.unwrap_or_default()
        );
        let call = Call {
            key,
            url: meta::text(&self.value, "/clientConfig/url").to_owned(),
            authorities: STANDARD.decode(bundle).unwrap_or_default(),
            timeout: Duration::from_secs(seconds),
            uid,
            review,
        };
        match of.scope.request.calls.ask(call)? {
            Ok(response) => Ok(Some(response)),
            Err(_) if self.ignores_failures() => Ok(None),
            Err(why) => {
                let name = Value::from(self.name());
                Err(Status::internal(&format!("failed calling webhook {name}: {why}")))
            }
        }
    }

    /// Refuses what the webhook does not allow, and collects what it warns of.
    fn heed(&self, response: &Value, warnings: &mut Vec<String>) -> Result<(), Status> {
        let said = response.get("warnings").and_then(Value::as_array);
        warnings.extend(said.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        if response.get("allowed").and_then(Value::as_bool) == Some(true) {
            return Ok(());
        }
        let code = response.pointer("/status/code").and_then(Value::as_u64).unwrap_or(0);
        let code = u16::try_from(code).ok().filter(|code| (400..600).contains(code));
        let reason = meta::text(response, "/status/reason");
        let denied = format!("admission webhook {} denied the request", Value::from(self.name()));
        let text = match (meta::text(response, "/status/message"), reason) {
            ("", "") => format!("{denied} without explanation"),
            ("", reason) => format!("{denied}: {reason}"),
            (message, _) => format!("{denied}: {message}"),
        };
        Err(Status::new(code.unwrap_or(400), known_reason(reason), text))
    }
}

/// Returns a reason that clients know.
fn known_reason(reason: &str) -> &'static str {
    const KNOWN: [&str; 12] = [
        "AlreadyExists",
        "BadRequest",
        "Conflict",
        "Expired",
        "Forbidden",
        "Gone",
        "InternalError",
        "Invalid",
        "NotFound",
        "RequestEntityTooLarge",
        "TooManyRequests",
        "Unauthorized",
    ];
    KNOWN.into_iter().find(|known| *known == reason).unwrap_or_default()
}

/// Asks the webhooks that check.
pub(super) fn validate(of: &Attributes<'_>) -> Result<Vec<String>, Status> {
    let mut warnings = Vec::new();
    for webhook in Webhook::all(of.scope, "validatingwebhookconfigurations") {
        let Some(seen_as) = webhook.wants(of)? else { continue };
        if let Some(response) = webhook.ask(of, &seen_as, "")? {
            webhook.heed(&response, &mut warnings)?;
        }
    }
    Ok(warnings)
}

/// Asks the webhooks that change, one after the other; those that want to be asked again are, once,
/// if another one changed the object after them.
pub(super) fn mutate(
    scope: &Scope<'_>,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<Vec<String>, Status> {
    let mut warnings = Vec::new();
    let webhooks = Webhook::all(scope, "mutatingwebhookconfigurations");
    let mut asked: Vec<(usize, Value)> = Vec::new();
    for (at, webhook) in webhooks.iter().enumerate() {
        if change(scope, webhook, "", (object, old), &mut warnings)? {
            asked.push((at, object.clone()));
        }
    }
    for (at, left) in asked {
        let Some(webhook) = webhooks.get(at) else { continue };
        let again = meta::text(&webhook.value, "/reinvocationPolicy") == "IfNeeded";
        if again && left != *object {
            change(scope, webhook, "again", (object, old), &mut warnings)?;
        }
    }
    Ok(warnings)
}

/// Lets one webhook change an object; false if it is not about it.
fn change(
    scope: &Scope<'_>,
    webhook: &Webhook,
    round: &str,
    (object, old): (&mut Value, Option<&Value>),
    warnings: &mut Vec<String>,
) -> Result<bool, Status> {
    let operation = if old.is_some() { Operation::Update } else { Operation::Create };
    let of = Attributes { scope, operation, object: Some(object), old };
    let Some(seen_as) = webhook.wants(&of)? else { return Ok(false) };
    let Some(response) = webhook.ask(&of, &seen_as, round)? else { return Ok(true) };
    webhook.heed(&response, warnings)?;
    let patch = meta::text(&response, "/patch");
    if patch.is_empty() {
        return Ok(true);
    }
    let mut shown = of.converted(of.object, &seen_as);
    let patched = STANDARD
        .decode(patch)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .and_then(|patch| JsonPatch::from_value(patch).ok())
        .and_then(|patch| patch.apply(&mut shown).ok());
    if patched.is_none() {
        let why = "the patch of admission webhook";
        let name = Value::from(webhook.name());
        return Err(Status::internal(&format!("{why} {name} cannot be applied")));
    }
    seen_as.strategy.encode_stored(&seen_as, &mut shown);
    scope.info.strategy.decode_stored(scope.info, &mut shown);
    let body =
        crate::decode::from_document(scope.info, Document::from(&shown), FieldValidation::Ignore)?;
    *object = body.object;
    meta::normalize(object);
    scope.info.strategy.default(object);
    Ok(true)
}
