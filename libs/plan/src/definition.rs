//! What is corrected in custom resource definitions before they are applied.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_manifest::Object;
use serde_json::Value;

/// Takes a CA bundle out of a definition's conversion webhook if it is no certificate: newer
/// servers refuse the whole definition because of it. An empty bundle stays.
pub fn drop_bad_ca_bundle(object: &mut Object) {
    const CONFIG: [&str; 4] = ["spec", "conversion", "webhook", "clientConfig"];
    let gvk = object.gvk();
    if gvk.group != "apiextensions.k8s.io" || gvk.kind != "CustomResourceDefinition" {
        return;
    }
    let bundle = object.pointer("/spec/conversion/webhook/clientConfig/caBundle");
    let bundle = bundle.and_then(Value::as_str).unwrap_or_default();
    if bundle.is_empty() || is_certificates(bundle) {
        return;
    }
    object.edit(|map| {
        let root = map.get_mut(CONFIG[0]);
        let config = CONFIG[1..].iter().try_fold(root?, |place, key| place.get_mut(*key))?;
        config.as_object_mut()?.remove("caBundle")
    });
}

/// Tells whether a text is base64 of PEM with at least one certificate.
fn is_certificates(bundle: &str) -> bool {
    let Ok(pem) = STANDARD.decode(bundle) else { return false };
    let Ok(pem) = String::from_utf8(pem) else { return false };
    let mut blocks = pem.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks.any(|block| {
        let Some((body, _)) = block.split_once("-----END CERTIFICATE-----") else { return false };
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        // A certificate is a DER sequence with a length of two bytes.
        STANDARD.decode(body).is_ok_and(|der| der.starts_with(&[0x30, 0x82]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bundle_after(bundle: &str) -> Option<Value> {
        let value = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}},
        });
        let mut object = Object::try_from(value).unwrap();
        drop_bad_ca_bundle(&mut object);
        object.pointer("/spec/conversion/webhook/clientConfig/caBundle").cloned()
    }

    #[test]
    fn only_a_bundle_that_is_no_certificate_goes() {
        assert_eq!(bundle_after("Cg=="), None);
        assert_eq!(bundle_after("!"), None);
        assert_eq!(bundle_after(""), Some(json!("")));
        let body = STANDARD.encode([0x30, 0x82, 1, 1, 0]);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        let good = STANDARD.encode(pem);
        assert_eq!(bundle_after(&good), Some(json!(good)));
    }
}
