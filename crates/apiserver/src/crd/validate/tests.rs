use serde_json::{Value, json};

use super::*;

fn definition() -> Value {
    json!({
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "conversion": {"strategy": "None"},
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
                    "properties": {"a": {"type": "string"}}}}}}}],
        },
        "status": {"acceptedNames": {"kind": "", "plural": ""}, "storedVersions": ["v1"]},
    })
}

fn errors(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut object = definition();
    change(&mut object);
    create(&object).iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_definition_is_accepted() {
    assert_eq!(errors(|_| {}), [""; 0]);
}

#[test]
fn what_versions_share_is_reported_once() {
    let found = errors(|object| {
        let mut second = object["spec"]["versions"][0].clone();
        second["name"] = json!("v2");
        second["storage"] = json!(false);
        object["spec"]["versions"].as_array_mut().unwrap().push(second);
        for version in object["spec"]["versions"].as_array_mut().unwrap() {
            version["schema"]["openAPIV3Schema"]["properties"]["spec"]["type"] = json!("text");
        }
    });
    assert_eq!(
        found,
        ["spec.validation.openAPIV3Schema.properties[spec].type: Unsupported value: \"text\": \
             supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \
             \"string\""]
    );
}

#[test]
fn versions_that_differ_are_reported_each() {
    let found = errors(|object| {
        let second = json!({"name": "v2", "served": true, "storage": false,
            "schema": {"openAPIV3Schema": {"type": "string"}}});
        object["spec"]["versions"].as_array_mut().unwrap().push(second);
    });
    assert_eq!(
        found,
        ["spec.versions[1].schema.openAPIV3Schema.type: Invalid value: \"string\": must be \
             object at the root"]
    );
}

#[test]
fn webhooks_need_an_address_and_a_version() {
    let found = errors(|object| {
        object["spec"]["conversion"] = json!({"strategy": "Webhook", "webhook": {
            "clientConfig": {"url": "http://user@/x?y"}, "conversionReviewVersions": ["v9"]}});
    });
    assert_eq!(
        found,
        [
            "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only \
             allowed URL scheme; desired format: https://host[/path]",
            "spec.conversion.webhookClientConfig.url: Invalid value: \"\": host must be specified; \
             desired format: https://host[/path]",
            "spec.conversion.webhookClientConfig.url: Invalid value: \"user\": user information is \
             not permitted in the URL",
            "spec.conversion.webhookClientConfig.url: Invalid value: \"y\": query parameters are \
             not permitted in the URL",
            "spec.conversion.conversionReviewVersions: Invalid value: [\"v9\"]: must include at \
             least one of v1, v1beta1",
        ]
    );
}

#[test]
fn a_version_that_was_stored_stays() {
    let mut object = definition();
    object["status"]["storedVersions"] = json!(["v0", "v1"]);
    let found = update(&object, &definition());
    assert!(
        found.to_text().starts_with("status.storedVersions[0]: Invalid value: \"v0\": missing")
    );
}

#[test]
fn groups_of_kubernetes_need_approval_unless_nothing_changed() {
    let mut object = definition();
    object["spec"]["group"] = json!("x.k8s.io");
    object["metadata"]["name"] = json!("things.x.k8s.io");
    assert!(create(&object).to_text().contains("protected groups must have approval annotation"));
    assert!(update(&object, &object).is_empty());
    object["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "unapproved, a test"});
    assert!(create(&object).is_empty());
    let condition = Approval::of(&object).map(|approval| approval.condition());
    assert_eq!(condition, Some(("False", "UnapprovedAnnotation")));
}

#[test]
fn new_formats_that_mean_nothing_are_told() {
    let mut object = definition();
    let property = json!({"type": "string", "format": "nonsense"});
    object["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        ["b"] = property;
    assert_eq!(warnings(&object, None), ["unrecognized format \"nonsense\""]);
    assert_eq!(warnings(&object, Some(&object)), [""; 0]);
}
