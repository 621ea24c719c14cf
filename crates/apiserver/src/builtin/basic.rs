//! Namespaces, ConfigMaps, Secrets, service accounts, quotas and ranges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_schema::Quantity;
use serde_json::{Map, Value, json};

use super::strategy::{NameRule, Rules};
use super::value::{
    Check, config_key_errors, copy_field, each, entries, fill, flag, is_set, items, make, text,
};
use crate::meta;
use crate::registry::{Context, Update};
use crate::status::{FieldError, FieldErrors, Status};

/// Everything in a ConfigMap or Secret together may have this many bytes.
const MAX_DATA: usize = 1 << 20;

pub(super) struct Namespace;

impl Rules for Namespace {
    fn names(&self) -> NameRule {
        NameRule::Label
    }

    fn default(&self, object: &mut Value) {
        let name = meta::name(object).to_owned();
        if !name.is_empty() {
            let labels = make(make(object, "metadata"), "labels");
            meta::map(labels).insert("kubernetes.io/metadata.name".into(), name.into());
        }
        super::value::fill_empty(make(object, "status"), "phase", "Active");
    }

    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({"phase": "Active"});
        let spec = make(object, "spec");
        let mut finalizers: Vec<Value> = items(spec, "finalizers").to_vec();
        if !finalizers.iter().any(|one| one == "kubernetes") {
            finalizers.push("kubernetes".into());
        }
        spec["finalizers"] = finalizers.into();
        // Names from generateName are known only now.
        self.default(object);
        Ok(())
    }

    fn prepare_update(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        copy_field(update.object, update.old, "spec");
        Ok(())
    }

    fn prepare_part(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        // Finalization changes spec.finalizers and nothing else.
        if ctx.subresource == "finalize" {
            copy_field(update.object, update.old, "status");
        }
        Ok(())
    }

    fn admit_delete(&self, ctx: &Context<'_>, object: &Value) -> Result<(), Status> {
        let name = meta::name(object);
        if matches!(name, "default" | "kube-system" | "kube-public") {
            let why = "this namespace may not be deleted";
            return Err(Status::forbidden(ctx.resource.group_resource(), name, why));
        }
        Ok(())
    }

    fn mark_deleting(&self, object: &mut Value) {
        make(object, "status")["phase"] = "Terminating".into();
    }

    fn holds_deletion(&self, object: &Value) -> bool {
        !items(&object["spec"], "finalizers").is_empty()
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let phase = meta::text(object, "/status/phase").to_owned();
        vec![("status.phase", phase), ("name", meta::name(object).to_owned())]
    }
}

pub(super) struct ConfigMap;

impl Rules for ConfigMap {
    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let mut size = 0;
        for (key, value) in entries(object, "data") {
            let path = format!("data[{key}]");
            check.all(&path, key, config_key_errors(key));
            if object["binaryData"].get(key).is_some() {
                check.invalid(&path, key.as_str(), "duplicate of key present in binaryData");
            }
            size += value.as_str().unwrap_or_default().len();
        }
        for (key, value) in entries(object, "binaryData") {
            check.all(format!("binaryData[{key}]"), key, config_key_errors(key));
            size += decoded_len(value);
        }
        if size > MAX_DATA {
            // The path of a field without a name.
            check.push(FieldError::too_long("[]", MAX_DATA));
        }
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        keep_if_immutable(&mut check, object, old, &["data", "binaryData"]);
        check.extend(self.validate(ctx, object));
        check.done()
    }
}

fn decoded_len(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count().min(2)
}

fn keep_if_immutable(check: &mut Check, object: &Value, old: &Value, keys: &[&str]) {
    const WHY: &str = "field is immutable when `immutable` is set";
    if !flag(old, "immutable") {
        return;
    }
    if !flag(object, "immutable") {
        check.forbidden("immutable", WHY);
    }
    let nothing = Value::Object(Map::new());
    for key in keys {
        let (new, old) = (object.get(*key), old.get(*key));
        if new.unwrap_or(&nothing) != old.unwrap_or(&nothing) {
            check.forbidden(*key, WHY);
        }
    }
}

pub(super) struct Secret;

impl Rules for Secret {
    fn default(&self, object: &mut Value) {
        super::value::fill_empty(object, "type", "Opaque");
        take_string_data(object);
    }

    fn prepare_update(&self, _: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        if text(update.object, "type").is_empty() {
            copy_field(update.object, update.old, "type");
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let mut size = 0;
        for (key, value) in entries(object, "data") {
            check.all(format!("data[{key}]"), key, config_key_errors(key));
            size += decoded_len(value);
        }
        if size > MAX_DATA {
            check.push(FieldError::too_long("data", MAX_DATA));
        }
        check_secret_type(&mut check, object);
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.immutable("type", &object["type"], &old["type"]);
        keep_if_immutable(&mut check, object, old, &["data"]);
        check.extend(self.validate(ctx, object));
        check.done()
    }

    fn warnings(&self, _: &Context<'_>, object: &Value, _: Option<&Value>) -> Vec<String> {
        if text(object, "type") != "kubernetes.io/tls" {
            return Vec::new();
        }
        let data = |key: &str| STANDARD.decode(text(&object["data"], key)).unwrap_or_default();
        tls_warning(&data("tls.crt"), &data("tls.key")).into_iter().collect()
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![("type", text(object, "type").to_owned())]
    }
}

fn take_string_data(object: &mut Value) {
    let Some(Value::Object(texts)) = meta::map(object).remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = meta::map(make(object, "data"));
    for (key, value) in texts {
        let text = value.as_str().unwrap_or_default();
        data.insert(key, STANDARD.encode(text).into());
    }
}

fn check_secret_type(check: &mut Check, object: &Value) {
    let data = &object["data"];
    let decoded = |key: &str| STANDARD.decode(text(data, key)).unwrap_or_default();
    let mut need = |key: &str| {
        if !is_set(data, key) {
            check.required(format!("data[{key}]"), "");
            return false;
        }
        true
    };
    match text(object, "type") {
        "kubernetes.io/dockerconfigjson" if need(".dockerconfigjson") => {
            check_json(check, ".dockerconfigjson", &decoded(".dockerconfigjson"));
        }
        "kubernetes.io/dockercfg" if need(".dockercfg") => {
            check_json(check, ".dockercfg", &decoded(".dockercfg"));
        }
        "kubernetes.io/tls" => {
            need("tls.crt");
            need("tls.key");
        }
        "kubernetes.io/basic-auth" if !is_set(data, "username") && !is_set(data, "password") => {
            check.required("data[username]", "");
            check.required("data[password]", "");
        }
        "kubernetes.io/ssh-auth" if text(data, "ssh-privatekey").is_empty() => {
            check.required("data[ssh-privatekey]", "");
        }
        "kubernetes.io/service-account-token" => {
            let key = "kubernetes.io/service-account.name";
            if text(&object["metadata"]["annotations"], key).is_empty() {
                check.required(format!("metadata.annotations[{key}]"), "");
            }
        }
        _ => {}
    }
}

fn check_json(check: &mut Check, key: &str, bytes: &[u8]) {
    let wrong = match crate::document::parse(bytes) {
        Ok(document) => match document.root() {
            crate::document::Node::Object(_) | crate::document::Node::Null => return,
            other => format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                other.type_name()
            ),
        },
        Err(error) => error,
    };
    check.invalid(format!("data[{key}]"), "<secret contents redacted>", &wrong);
}

fn tls_warning(certificate: &[u8], key: &[u8]) -> Option<String> {
    let has = |bytes: &[u8], what: &str| {
        let text = String::from_utf8_lossy(bytes);
        text.contains("-----BEGIN ") && text.contains(what)
    };
    if !String::from_utf8_lossy(certificate).contains("-----BEGIN ") {
        return Some("tls: failed to find any PEM data in certificate input".to_owned());
    }
    if !has(certificate, "CERTIFICATE-----") {
        return Some(
            "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping \
             PEM blocks of the following types: []"
                .to_owned(),
        );
    }
    if !has(key, "PRIVATE KEY-----") {
        return Some("tls: failed to find any PEM data in key input".to_owned());
    }
    None
}

pub(super) struct LimitRange;

impl Rules for LimitRange {
    fn default(&self, object: &mut Value) {
        for limit in each(&mut object["spec"], "limits") {
            if text(limit, "type") != "Container" {
                continue;
            }
            // The limit falls back to the maximum, the request to the limit, then to the minimum.
            for (to, from) in
                [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")]
            {
                let from: Vec<(String, Value)> =
                    entries(limit, from).map(|(key, value)| (key.clone(), value.clone())).collect();
                for (key, value) in from {
                    fill(make(limit, to), &key, value);
                }
            }
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        for (at, limit) in items(&object["spec"], "limits").iter().enumerate() {
            check_limit(&mut check, &format!("spec.limits[{at}]"), limit);
        }
        check.done()
    }
}

fn check_limit(check: &mut Check, path: &str, limit: &Value) {
    let quantity = |from: &str, key: &str| text(&limit[from], key).parse::<Quantity>().ok();
    let mut keys: Vec<&String> = ["max", "min", "default", "defaultRequest"]
        .iter()
        .flat_map(|from| entries(limit, from))
        .map(|(key, _)| key)
        .collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (min, max) = (quantity("min", key), quantity("max", key));
        let (default, request) = (quantity("default", key), quantity("defaultRequest", key));
        let mut below = |smaller: Option<Quantity>,
                         larger: Option<Quantity>,
                         report: (&str, Quantity),
                         words: (&str, &str)| {
            if let (Some(a), Some(b)) = (smaller, larger)
                && a > b
            {
                let (field, shown) = report;
                let why = format!("{} value {a} is greater than {} value {b}", words.0, words.1);
                check.invalid(format!("{path}.{field}[{key}]"), shown.to_string(), &why);
            }
        };
        if let Some(min) = min {
            below(Some(min), max, ("min", min), ("min", "max"));
        }
        if let Some(request) = request {
            below(min, Some(request), ("defaultRequest", request), ("min", "default request"));
            below(Some(request), max, ("defaultRequest", request), ("default request", "max"));
            below(
                Some(request),
                default,
                ("defaultRequest", request),
                ("default request", "default limit"),
            );
        }
        if let Some(default) = default {
            below(min, Some(default), ("default", min.unwrap_or(default)), ("min", "default"));
            below(Some(default), max, ("default", default), ("default", "max"));
        }
    }
}

pub(super) struct ResourceQuota;

impl Rules for ResourceQuota {
    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        for (key, value) in entries(&object["spec"], "hard") {
            let path = format!("spec.hard[{key}]");
            check.all(&path, key, crate::names::qualified_name_errors(key));
            if !key.contains('/') && !is_quota_resource(key) {
                check.invalid(
                    &path,
                    key.as_str(),
                    "must be a standard resource type or fully qualified",
                );
                check.invalid(&path, key.as_str(), "must be a standard resource for quota");
            }
            let shown = value.as_str().unwrap_or_default();
            if shown.parse::<Quantity>().is_ok_and(|quantity| quantity.is_negative()) {
                check.invalid(&path, shown, "must be greater than or equal to 0");
            }
        }
        check.done()
    }
}

fn is_quota_resource(key: &str) -> bool {
    const STANDARD: [&str; 17] = [
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
    ];
    STANDARD.contains(&key)
        || matches!(key, "services.nodeports" | "services.loadbalancers")
        || key.starts_with("hugepages-")
        || key.starts_with("requests.hugepages-")
}
