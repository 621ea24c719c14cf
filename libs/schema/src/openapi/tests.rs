use super::*;

fn kind(group: &str, version: &str, kind: &str) -> GroupVersionKind {
    GroupVersionKind::new(group, version, kind)
}

#[test]
fn every_definition_is_json_and_refers_to_definitions_that_exist() {
    let mut seen = 0;
    for name in names() {
        let value = definition(name).unwrap();
        for target in references(&value) {
            assert!(text(&target).is_some(), "{name} refers to {target}");
        }
        seen += 1;
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn a_definition_is_found_by_its_kind() {
    assert_eq!(name_of(&kind("apps", "v1", "Deployment")), Some("io.k8s.api.apps.v1.Deployment"));
    assert_eq!(name_of(&kind("", "v1", "Pod")), Some("io.k8s.api.core.v1.Pod"));
    assert_eq!(
        name_of(&kind("batch", "v1", "DeleteOptions")),
        Some("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions")
    );
    assert_eq!(name_of(&kind("apps", "v1beta1", "Deployment")), None);
}

#[test]
fn list_keys_and_their_defaults_are_in_the_data() {
    let port = definition("io.k8s.api.core.v1.ContainerPort").unwrap();
    assert_eq!(port["properties"]["protocol"]["default"], "TCP");
    let container = definition("io.k8s.api.core.v1.Container").unwrap();
    let ports = &container["properties"]["ports"];
    assert_eq!(ports["x-kubernetes-list-map-keys"], json!(["containerPort", "protocol"]));
}

#[test]
fn a_v3_definition_wraps_references_and_names_zero_values() {
    let scale = definition_v3("io.k8s.api.autoscaling.v1.Scale").unwrap();
    let metadata = &scale["properties"]["metadata"];
    assert_eq!(
        metadata["allOf"][0]["$ref"],
        "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    );
    assert_eq!(metadata["default"], json!({}));
    let port = definition_v3("io.k8s.api.core.v1.ServicePort").unwrap();
    assert_eq!(port["properties"]["port"]["default"], 0);
    assert_eq!(port["properties"]["nodePort"].get("default"), None);
}

#[test]
fn go_fields_tell_pointers_from_values() {
    let fields: Vec<GoField> = go_fields("io.k8s.api.apps.v1.DeploymentSpec").collect();
    let field = |name| *fields.iter().find(|field| field.name == name).unwrap();
    assert_eq!(field("replicas").presence, Presence::OmitNil);
    assert_eq!(field("minReadySeconds").presence, Presence::OmitEmpty);
    assert_eq!(field("selector").presence, Presence::WriteNull);
    assert_eq!(field("template").go_type, "v1.PodTemplateSpec");
    for name in names() {
        let properties = definition(name).unwrap()["properties"].as_object().map_or(0, |p| p.len());
        assert_eq!(go_fields(name).count(), properties, "{name}");
    }
}

#[test]
fn parameters_are_described() {
    let patch = parameter("fieldManager/patch").unwrap();
    assert_eq!((patch.name, patch.place, patch.kind), ("fieldManager", "query", "string"));
    assert!(patch.description.contains("apply requests"));
    assert!(!parameter("fieldManager").unwrap().description.contains("apply requests"));
    assert_eq!(parameter("field"), None);
}

#[test]
fn schemas_are_written_in_the_order_of_the_original() {
    let schema = json!({"x-kubernetes-b": 1, "type": "object", "description": "a < b",
        "properties": {"p": {"$ref": "#/x", "description": "d"}}, "required": ["p"],
        "maximum": 3.0, "x-kubernetes-validations": [{"rule": "r", "message": "m", "fieldPath": ".a"}]});
    assert_eq!(
        print(&schema),
        "{\"description\":\"a \\u003c b\",\"type\":\"object\",\"maximum\":3,\"required\":[\"p\"],\
         \"properties\":{\"p\":{\"description\":\"d\",\"$ref\":\"#/x\"}},\"x-kubernetes-b\":1,\
         \"x-kubernetes-validations\":[{\"rule\":\"r\",\"message\":\"m\",\"fieldPath\":\".a\"}]}"
    );
}

#[test]
fn required_texts_are_missed_where_their_surroundings_are_there() {
    let missing = |name: &str, object: Value| {
        let errors = missing_texts(name, &object);
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let class = "io.k8s.api.node.v1.RuntimeClass";
    assert_eq!(missing(class, json!({"handler": ""})), ["handler: Required value"]);
    assert_eq!(missing(class, json!({"handler": "x"})), [""; 0]);
    let node = "io.k8s.api.storage.v1.CSINode";
    let drivers = json!({"spec": {"drivers": [{"name": "d", "nodeID": ""}]}, "status": {}});
    assert_eq!(missing(node, drivers), ["spec.drivers[0].nodeID: Required value"]);
    assert_eq!(missing(node, json!({"spec": {"drivers": null}})), [""; 0]);
}
