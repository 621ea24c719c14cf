//! Keeps encrypted values out of what is printed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_manifest::Object;
use serde_json::{Map, Value};

/// What stands for an encrypted value.
pub(crate) const MASK: &str = "**SOPS**";

/// Replaces what is encrypted in a Secret, and takes away what tells how.
pub(super) fn mask(object: &mut Object) {
    if object.kind() != "Secret" {
        return;
    }
    let encrypted = object
        .pointer("/sops/mac")
        .and_then(Value::as_str)
        .is_some_and(|mac| mac.starts_with("ENC["));
    let json =
        object.pointer("/type").and_then(Value::as_str) == Some("kubernetes.io/dockerconfigjson");
    let plain =
        if json && encrypted { format!("{{\"mask\":\"{MASK}\"}}") } else { MASK.to_owned() };
    let encoded = STANDARD.encode(&plain);
    object.edit(|fields| {
        if encrypted {
            fields.remove("sops");
        }
        let every = |_: &str| encrypted;
        each(fields, "data", &encoded, |text| every(text) || holds_document(&decode(text)));
        // The original puts the encoded mask into single values of plain Secrets.
        let mark = if encrypted { plain.clone() } else { STANDARD.encode(MASK) };
        each(fields, "stringData", &mark, |text| every(text) || holds_document(text.as_bytes()));
    });
}

fn each(fields: &mut Map<String, Value>, key: &str, mark: &str, is_secret: impl Fn(&str) -> bool) {
    for value in fields.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
        if is_secret(value.1.as_str().unwrap_or_default()) {
            *value.1 = mark.into();
        }
    }
}

/// Decodes base64, over line breaks.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    STANDARD.decode(text).unwrap_or_default()
}

fn holds_document(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("sops") && text.contains("ENC[")
}
