use std::collections::BTreeMap;

use flux_tree::MemoryTree;
use serde_json::{Value, json};

use crate::{
    BuildError, Built, Ignore, Lookup, Options, Reference, ReferenceKind, Stage, Undefined, build,
    prepare, references,
};

const CONFIG_MAP: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: ${v}\n";

fn kustomization(spec: Value) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": "app", "namespace": "apps" },
        "spec": spec,
    })
}

fn run(files: &[(&str, &str)], spec: Value, lookups: &[Lookup]) -> Result<Built, BuildError> {
    let tree = MemoryTree::from_files(files.iter().copied()).unwrap();
    build(&tree, &kustomization(spec), lookups, &Options { root: "/r", ..Options::default() })
}

fn data(pairs: &[(&str, &str)]) -> Lookup {
    Lookup::Found(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

fn check_value(spec: Value, lookups: &[Lookup], want: &str) {
    let built = run(&[("a.yaml", CONFIG_MAP)], spec, lookups).unwrap();
    assert_eq!(built.objects[0].pointer("/data/x"), Some(&json!(want)));
}

fn check_error(spec: Value, lookups: &[Lookup], stage: Stage, want: &str) {
    let error = run(&[("a.yaml", CONFIG_MAP)], spec, lookups).unwrap_err();
    assert_eq!((error.stage(), error.to_string().as_str()), (stage, want));
}

fn from(references: &[(&str, &str)]) -> Value {
    let list = references.iter().map(|(kind, name)| json!({ "kind": kind, "name": name }));
    json!({ "postBuild": { "substituteFrom": list.collect::<Vec<_>>() } })
}

#[test]
fn a_later_reference_wins_and_inline_variables_win_over_all() {
    let spec = from(&[("ConfigMap", "one"), ("Secret", "two")]);
    let lookups = [data(&[("v", "one")]), data(&[("v", "two\n")])];
    check_value(spec.clone(), &lookups, "two");
    let mut inline = spec;
    inline["postBuild"]["substitute"] = json!({ "v": "three" });
    check_value(inline, &lookups, "three");
}

#[test]
fn references_are_listed_in_their_order() {
    let spec = json!({ "postBuild": { "substituteFrom": [
        { "kind": "Secret", "name": "s", "optional": true },
        { "kind": "ConfigMap", "name": "c" },
    ] } });
    let secret = Reference { kind: ReferenceKind::Secret, name: "s".to_owned(), optional: true };
    let map = Reference { kind: ReferenceKind::ConfigMap, name: "c".to_owned(), optional: false };
    assert_eq!(references(&kustomization(spec)), [secret, map]);
}

#[test]
fn a_missing_reference_fails_unless_it_is_optional() {
    check_error(
        from(&[("ConfigMap", "nope")]),
        &[Lookup::NotFound],
        Stage::PostBuild,
        "post build failed for 'ConfigMap.v1.[noGrp]/a': substitute from 'ConfigMap/nope' error: \
         configmaps \"nope\" not found",
    );
    let mut spec = from(&[("ConfigMap", "nope")]);
    spec["postBuild"]["substituteFrom"][0]["optional"] = json!(true);
    spec["postBuild"]["substitute"] = json!({ "v": "x" });
    check_value(spec, &[Lookup::NotFound], "x");
}

#[test]
fn without_variables_nothing_is_substituted_unless_always_is_asked_for() {
    check_value(json!({ "postBuild": {} }), &[], "${v}");
    check_error(
        json!({ "postBuild": { "substituteStrategy": "Always" } }),
        &[],
        Stage::PostBuild,
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution \
         failed: variable not set (strict mode): \"v\"",
    );
}

#[test]
fn a_variable_name_that_is_none_fails_the_build() {
    check_error(
        json!({ "postBuild": { "substitute": { "a-b": "x" } } }),
        &[],
        Stage::PostBuild,
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: 'a-b' var name is \
         invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'",
    );
}

#[test]
fn an_object_can_keep_variables_out() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    \
                  kustomize.toolkit.fluxcd.io/substitute: disabled\ndata:\n  x: ${v}\n";
    let spec = json!({ "postBuild": { "substitute": { "v": "x" } } });
    let built = run(&[("a.yaml", object)], spec, &[]).unwrap();
    assert_eq!(built.objects[0].pointer("/data/x"), Some(&json!("${v}")));
}

#[test]
fn a_missing_path_is_reported_with_the_artifacts_root() {
    let want = "kustomization path not found: stat /r/nope: no such file or directory";
    check_error(json!({ "path": "./nope" }), &[], Stage::Path, want);
}

#[test]
fn a_path_never_leaves_the_artifact() {
    let built = run(&[("a.yaml", CONFIG_MAP)], json!({ "path": "../../.." }), &[]).unwrap();
    assert_eq!(built.objects.len(), 1);
}

#[test]
fn the_spec_completes_the_kustomization_file() {
    let file = "resources: [a.yaml]\nimages: [{name: x, newTag: '1', newName: z}]\n";
    let spec = json!({
        "targetNamespace": "ns",
        "images": [{ "name": "x", "digest": "sha256:0" }],
        "patches": [{ "patch": "- {op: add, path: /data/y, value: z}", "target": { "kind": "ConfigMap" } }],
    });
    let built = run(&[("a.yaml", CONFIG_MAP), ("kustomization.yaml", file)], spec, &[]).unwrap();
    let want = "\
apiVersion: kustomize.config.k8s.io/v1beta1
images:
- digest: sha256:0
  name: x
  newName: z
kind: Kustomization
namespace: ns
patches:
- patch: '- {op: add, path: /data/y, value: z}'
  target:
    kind: ConfigMap
resources:
- a.yaml
";
    assert_eq!(built.generated.text, want);
    assert_eq!(built.objects[0].pointer("/data/y"), Some(&json!("z")));
    assert_eq!(built.objects[0].namespace(), "ns");
}

#[test]
fn ignored_files_are_left_out_only_where_that_is_asked_for() {
    let files =
        [("a.yaml", CONFIG_MAP), ("values.yaml", "a: b\n"), (".sourceignore", "values.yaml\n")];
    let error = run(&files, json!({}), &[]).unwrap_err();
    let want = "failed to decode Kubernetes YAML from /r/values.yaml: missing Resource metadata";
    assert_eq!(error.to_string(), want);
    let tree = MemoryTree::from_files(files).unwrap();
    let options = Options { root: "/r", ignore: Ignore::Patterns(""), ..Options::default() };
    let built = build(&tree, &kustomization(json!({})), &[], &options).unwrap();
    assert_eq!(built.objects.len(), 1);
}

#[test]
fn an_undefined_variable_can_be_empty() {
    let tree = MemoryTree::from_files([("a.yaml", CONFIG_MAP)]).unwrap();
    let spec = json!({ "postBuild": { "substitute": { "other": "x" } } });
    let options = Options { undefined: Undefined::Empty, ..Options::default() };
    let built = build(&tree, &kustomization(spec), &[], &options).unwrap();
    assert_eq!(built.objects[0].pointer("/data/x"), Some(&Value::Null));
}

#[test]
fn prepared_objects_carry_the_owners_labels_and_the_common_metadata() {
    let spec = json!({ "commonMetadata": { "labels": { "team": "x" } } });
    let mut built = run(&[("a.yaml", CONFIG_MAP)], spec.clone(), &[]).unwrap();
    prepare(&mut built.objects, &kustomization(spec));
    let labels: BTreeMap<String, Value> =
        serde_json::from_value(built.objects[0].pointer("/metadata/labels").unwrap().clone())
            .unwrap();
    let want = [
        ("kustomize.toolkit.fluxcd.io/name", "app"),
        ("kustomize.toolkit.fluxcd.io/namespace", "apps"),
        ("team", "x"),
    ];
    assert_eq!(labels, want.map(|(key, value)| (key.to_owned(), json!(value))).into());
}

#[test]
fn lists_are_taken_apart_and_the_digest_is_of_the_text() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: l}\n";
    let built = run(&[("a.yaml", CONFIG_MAP), ("l.yaml", list)], json!({}), &[]).unwrap();
    let names: Vec<&str> = built.objects.iter().map(|object| object.name()).collect();
    assert_eq!(names, ["a", "l"]);
    assert_eq!(built.digest.len(), "sha256:".len() + 64);
}
