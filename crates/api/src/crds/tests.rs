use std::path::PathBuf;

use flux_manifest::Object;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{FILES, crds};
use crate::{
    Bucket, ExternalArtifact, GitRepository, HelmChart, HelmRepository, Kustomization,
    OciRepository,
};

#[test]
fn every_definition_is_read() {
    assert_eq!(crds().len(), FILES.len());
    assert!(crds().iter().all(|crd| crd.kind() == "CustomResourceDefinition"));
}

/// The original definitions lie beside the recorded answers, outside of the project.
fn originals() -> Vec<Object> {
    let root = match std::env::var_os("FLUX_CONFORMANCE") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    let Ok(entries) = std::fs::read_dir(root.join("../reference/crds")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|it| it == "yaml"));
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        flux_manifest::documents::read_objects(&text).unwrap()
    };
    files.flat_map(read).collect()
}

/// Takes the descriptions out of a schema; a property of that name stays.
fn without_descriptions(value: &Value, in_properties: bool) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, value)| {
                in_properties || key.as_str() != "description" || !value.is_string()
            });
            let cleaned = kept.map(|(key, value)| {
                let inside = key == "properties" && !in_properties;
                (key.clone(), without_descriptions(value, inside))
            });
            Value::Object(cleaned.collect())
        }
        Value::Array(items) => items.iter().map(|item| without_descriptions(item, false)).collect(),
        other => other.clone(),
    }
}

#[test]
fn definitions_are_the_originals_but_for_descriptions() {
    let originals = originals();
    if originals.is_empty() {
        println!("the original definitions are not here; nothing to compare");
        return;
    }
    assert_eq!(originals.len(), crds().len());
    for original in originals {
        let ours = crds().iter().find(|crd| crd.name() == original.name());
        let ours = ours.unwrap_or_else(|| panic!("{} is missing", original.name()));
        let wanted = without_descriptions(original.as_value(), false);
        assert_eq!(ours.as_value(), &wanted, "{}", original.name());
    }
}

/// Makes a value that has every field of a schema.
fn sample(name: &str, schema: &Value) -> Value {
    if let Some(choice) = schema.pointer("/enum/0") {
        return choice.clone();
    }
    match schema["type"].as_str() {
        Some("object") => match schema["properties"].as_object() {
            Some(properties) => {
                let field =
                    |(name, schema): (&String, &Value)| (name.clone(), sample(name, schema));
                Value::Object(properties.iter().map(field).collect::<Map<_, _>>())
            }
            None => json!({ "key": "value" }),
        },
        Some("array") => json!([sample(name, &schema["items"])]),
        Some("boolean") => json!(true),
        Some("integer") => json!(1),
        Some(_) if schema["format"] == "date-time" => json!("2026-01-01T00:00:00Z"),
        Some(_) if schema["pattern"].as_str().is_some_and(|it| it.contains("(ms|s|m")) => {
            json!("1m0s")
        }
        Some(_) if name == "lastReconciledDuration" => json!("1s"),
        _ => json!("text"),
    }
}

fn check<T: DeserializeOwned + Serialize>(definition: &str) {
    let crd = crds().iter().find(|crd| crd.name() == definition).unwrap();
    let text = |pointer: &str| crd.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let properties = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties").unwrap();
    let wanted = json!({
        "apiVersion": format!("{}/{}", text("/spec/group"), text("/spec/versions/0/name")),
        "kind": text("/spec/names/kind"),
        "metadata": {"name": "a", "namespace": "b"},
        "spec": sample("spec", &properties["spec"]),
        "status": sample("status", &properties["status"]),
    });
    let typed: T = serde_json::from_value(wanted.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), wanted);
}

#[test]
fn types_have_every_field_of_their_definition() {
    check::<GitRepository>("gitrepositories.source.toolkit.fluxcd.io");
    check::<OciRepository>("ocirepositories.source.toolkit.fluxcd.io");
    check::<Bucket>("buckets.source.toolkit.fluxcd.io");
    check::<HelmRepository>("helmrepositories.source.toolkit.fluxcd.io");
    check::<HelmChart>("helmcharts.source.toolkit.fluxcd.io");
    check::<ExternalArtifact>("externalartifacts.source.toolkit.fluxcd.io");
    check::<Kustomization>("kustomizations.kustomize.toolkit.fluxcd.io");
}
