use super::*;
use crate::registry::Registry;

fn resources() -> Arc<Resources> {
    Registry::new(crate::builtin::resources()).resources()
}

#[test]
fn every_document_is_json_and_holds_what_it_refers_to() {
    let resources = resources();
    for name in names(&resources) {
        let text = document(&resources, &name).unwrap_or_else(|| panic!("no {name}"));
        let parsed: Value = serde_json::from_str(&text).unwrap();
        for reference in text::references(&text) {
            assert!(
                parsed["components"]["schemas"].get(&reference).is_some(),
                "{name}: {reference}"
            );
        }
    }
    assert_eq!(document(&resources, "apis/nothing.io/v1"), None);
    assert_eq!(document(&resources, "apis/apps/v9"), None);
}

/// The hash of the original's own document: every byte is as it writes it.
#[test]
fn a_document_is_the_original_to_the_byte() {
    let text = document(&resources(), "api").unwrap();
    assert!(hash(text.as_bytes()).starts_with("09FC77387E701FAADC3D5591AE9F09E2"), "{text}");
}

#[test]
fn operations_are_named_by_verb_group_version_and_kind() {
    let text = document(&resources(), "apis/rbac.authorization.k8s.io/v1").unwrap();
    let parsed: Value = serde_json::from_str(&text).unwrap();
    let root = "/apis/rbac.authorization.k8s.io/v1";
    let roles = &parsed["paths"][format!("{root}/namespaces/{{namespace}}/roles")];
    assert_eq!(roles["get"]["operationId"], "listRbacAuthorizationV1NamespacedRole");
    assert_eq!(roles["delete"]["operationId"], "deleteRbacAuthorizationV1CollectionNamespacedRole");
    assert_eq!(roles["get"]["tags"][0], "rbacAuthorization_v1");
    let all = &parsed["paths"][format!("{root}/watch/roles")];
    assert_eq!(all["get"]["operationId"], "watchRbacAuthorizationV1RoleListForAllNamespaces");
}

#[test]
fn the_document_of_version_two_holds_all_definitions() {
    let parsed: Value = serde_json::from_slice(&Pieces::of(&resources()).into_json()).unwrap();
    assert_eq!(parsed["swagger"], "2.0");
    let pods = &parsed["paths"]["/api/v1/namespaces/{namespace}/pods"];
    assert_eq!(
        pods["post"]["parameters"][0]["schema"]["$ref"],
        "#/definitions/io.k8s.api.core.v1.Pod"
    );
    assert!(parsed["definitions"].get("io.k8s.api.core.v1.PodSpec").is_some());
}

#[test]
fn clients_choose_between_json_and_messages() {
    let old = MESSAGES[0];
    assert_eq!(form(None), Some(Form::Json));
    assert_eq!(form(Some(old)), Some(Form::Protobuf));
    assert_eq!(form(Some(&format!("text/html, {old}, */*"))), Some(Form::Protobuf));
    assert_eq!(form(Some("application/yaml")), None);
}

#[test]
fn a_message_holds_names_types_and_extensions() {
    let schema = r#"{"type":"object","properties":{"a":{"type":"string"}},"x-k":true}"#;
    let definitions = [("t".to_owned(), schema.to_owned())].into();
    let message = protobuf::document(&Pieces { paths: Vec::new(), definitions });
    let inner = b"\xb2\x01\x08\x0a\x06object\xca\x01\x12\x0a\x10\x0a\x01a\x12\x0b\xb2\x01\x08\x0a\x06string\
        \xfa\x01\x0e\x0a\x03x-k\x12\x07\x12\x05true\n";
    assert!(message.windows(inner.len()).any(|window| window == inner), "{message:?}");
}
