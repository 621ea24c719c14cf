use flux_tree::MemoryTree;

use crate::{BuildError, NoRemote, Options, Order, Outside, Rules, build};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
      - name: app
        image: app:1
        envFrom:
        - configMapRef:
            name: settings
";

fn built(files: &[(&str, &str)], path: &str, rules: Rules) -> Result<String, BuildError> {
    let tree = MemoryTree::from_files(files.iter().copied()).unwrap();
    let options = Options { root: "/r", rules, order: Order::Fifo, fetcher: &NoRemote };
    build(&tree, path, &options)?.to_yaml()
}

const PLAIN: Rules = Rules::Plain { outside: Outside::Refused };

fn check(files: &[(&str, &str)], path: &str, want: &str) {
    assert_eq!(built(files, path, PLAIN).as_deref(), Ok(want));
}

fn check_error(files: &[(&str, &str)], path: &str, want: &str) {
    let error = built(files, path, PLAIN).map_err(|error| error.to_string());
    assert_eq!(error, Err(want.to_owned()));
}

#[test]
fn a_generated_name_is_followed_to_where_it_is_used() {
    let overlay = "\
resources: [../base]
namePrefix: x-
configMapGenerator:
- name: settings
  literals: [a=b]
";
    let files = [
        ("base/kustomization.yaml", "resources: [app.yaml]"),
        ("base/app.yaml", DEPLOYMENT),
        ("overlay/kustomization.yaml", overlay),
    ];
    let want = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: x-app
spec:
  template:
    spec:
      containers:
      - envFrom:
        - configMapRef:
            name: x-settings-4h2mbtbbt6
        image: app:1
        name: app
---
apiVersion: v1
data:
  a: b
kind: ConfigMap
metadata:
  name: x-settings-4h2mbtbbt6
";
    check(&files, "overlay", want);
}

#[test]
fn a_strategic_merge_merges_containers_by_name_and_puts_new_ones_first() {
    let file = "\
resources: [app.yaml]
patches:
- patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: app}
    spec: {template: {spec: {containers: [{name: side, image: s}, {name: app, envFrom: null}]}}}
";
    let want = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
      - image: s
        name: side
      - image: app:1
        name: app
";
    check(&[("kustomization.yaml", file), ("app.yaml", DEPLOYMENT)], "", want);
}

#[test]
fn a_json_patch_may_add_an_annotation_to_an_object_that_has_none() {
    let file = "\
resources: [cm.yaml]
patches:
- target: {kind: ConfigMap}
  patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations/a\", \"value\": \"b\"}]'
";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n";
    let want = "\
apiVersion: v1
kind: ConfigMap
metadata:
  annotations:
    a: b
  name: x
";
    check(&[("kustomization.yaml", file), ("cm.yaml", object)], "", want);
}

#[test]
fn an_unknown_field_is_refused_by_the_command_and_keys_match_in_any_case() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n";
    let unknown = [("kustomization.yaml", "foo: 1\nresources: [cm.yaml]"), ("cm.yaml", object)];
    check_error(&unknown, "", "invalid Kustomization: json: unknown field \"foo\"");
    check(&[("kustomization.yaml", "RESOURCES: [cm.yaml]"), ("cm.yaml", object)], "", object);
}

#[test]
fn a_base_that_contains_its_user_is_a_cycle() {
    let files =
        [("kustomization.yaml", "resources: [a]"), ("a/kustomization.yaml", "resources: [..]")];
    let want = "accumulating resources: accumulation err='accumulating resources from 'a': '/r/a' \
                must resolve to a file': recursed accumulation of path '/r/a': accumulating \
                resources: accumulation err='accumulating resources from '..': '/r' must resolve \
                to a file': cycle detected: candidate root '/r' contains visited root '/r/a'";
    check_error(&files, "", want);
}

#[test]
fn files_outside_of_the_directory_are_read_only_by_flux() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n";
    let files = [("a/kustomization.yaml", "resources: [../cm.yaml]"), ("cm.yaml", object)];
    assert_eq!(built(&files, "a", Rules::Flux).as_deref(), Ok(object));
    let error = built(&files, "a", PLAIN).unwrap_err();
    assert!(error.text().contains("security; file '/r/cm.yaml' is not in or below '/r/a'"));
}

#[test]
fn what_is_outside_of_the_tree_is_never_read() {
    let files = [("kustomization.yaml", "resources: [../../x.yaml]")];
    let error = built(&files, "", Rules::Flux).unwrap_err();
    assert!(error.text().contains("fs-security-constraint read"), "{error}");
    let linked = {
        let mut tree =
            MemoryTree::from_files([("kustomization.yaml", "resources: [l.yaml]")]).unwrap();
        tree.insert_symlink("l.yaml", "/etc/hostname").unwrap();
        tree
    };
    let options =
        Options { root: "/r", rules: Rules::Flux, order: Order::Fifo, fetcher: &NoRemote };
    let error = build(&linked, "", &options).unwrap_err();
    assert!(error.text().contains("is not in or below '/r'"), "{error}");
}

#[test]
fn a_remote_base_is_refused_without_a_fetcher() {
    let files = [("kustomization.yaml", "resources: ['https://github.com/org/repo//path?ref=v1']")];
    let error = built(&files, "", Rules::Flux).unwrap_err();
    assert_eq!(error.cause(), crate::Cause::RemoteRefused);
    assert!(error.text().contains("remote bases are not allowed"), "{error}");
}

#[test]
fn aliases_that_expand_without_end_are_refused() {
    let mut text =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\na0: &a0 [x,x,x,x,x,x,x,x]\n"
            .to_owned();
    for level in 1..12 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 8].join(",");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let files = [("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", text.as_str())];
    let error = built(&files, "", PLAIN).unwrap_err();
    assert!(error.text().contains("excessive aliasing"), "{error}");
}

#[test]
fn annotations_become_texts_and_labels_stay_what_they_are() {
    let object = "\
apiVersion: v1
kind: ConfigMap
metadata:
  annotations: {a: 1, b: null}
  labels: {a: 1}
  name: x
";
    let want = "\
apiVersion: v1
kind: ConfigMap
metadata:
  annotations:
    a: \"1\"
    b: \"null\"
  labels:
    a: 1
  name: x
";
    check(&[("kustomization.yaml", "resources: [x.yaml]"), ("x.yaml", object)], "", want);
}

#[test]
fn what_is_put_in_the_place_of_a_quoted_text_becomes_a_text() {
    let thing = "apiVersion: ex.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {v: \"x\", w: x}\n";
    let overlay = "\
resources: [thing.yaml]
patches:
- patch: |
    apiVersion: ex.com/v1
    kind: Thing
    metadata: {name: a}
    spec: {v: 1e-7, w: 1e-7}
";
    let want = "\
apiVersion: ex.com/v1
kind: Thing
metadata:
  name: a
spec:
  v: \"1e-7\"
  w: 1e-07
";
    check(&[("thing.yaml", thing), ("kustomization.yaml", overlay)], "", want);
}

#[test]
fn a_json_patch_sees_annotations_that_are_numbers() {
    let thing = "apiVersion: v1\nkind: Thing\nmetadata: {name: a, annotations: {num: 1e3}}\n";
    let overlay = "\
resources: [thing.yaml]
patches:
- patch: '- {op: test, path: /kind, value: Thing}'
  target: {kind: Thing}
";
    let want =
        "apiVersion: v1\nkind: Thing\nmetadata:\n  annotations:\n    num: \"1000\"\n  name: a\n";
    check(&[("thing.yaml", thing), ("kustomization.yaml", overlay)], "", want);
}

#[test]
fn a_label_that_was_created_at_several_places_changes_at_all_of_them() {
    let base = "resources: [app.yaml]\nlabels:\n- pairs: {env: base}\n  includeTemplates: true\n";
    let app = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    \
               spec: {}\n";
    let want = |value: &str| {
        let label = format!("labels:\n    env: {value}\n");
        let inner = format!("    metadata:\n      {}", label.replace("    ", "        "));
        app.replace("  name: app", &format!("  {label}  name: app"))
            .replace("  template:\n", &format!("  template:\n{inner}"))
    };
    let by_label = "resources: [../base]\nlabels:\n- pairs: {env: prod}\n";
    let patch = "resources: [../base]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: \
                 Deployment\n    metadata: {name: app, labels: {env: prod}}\n";
    for overlay in [by_label, patch] {
        let files = [
            ("base/kustomization.yaml", base),
            ("base/app.yaml", app),
            ("overlay/kustomization.yaml", overlay),
        ];
        check(&files, "overlay", &want("prod"));
    }
    // A JSON patch makes nodes of its own.
    let json = "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: \
                replace\n      path: /metadata/labels/env\n      value: prod\n";
    let files = [
        ("base/kustomization.yaml", base),
        ("base/app.yaml", app),
        ("overlay/kustomization.yaml", json),
    ];
    check(&files, "overlay", &want("base").replacen("env: base", "env: prod", 1));
}

#[test]
fn a_namespace_has_no_place_of_its_own_in_an_order_without_it() {
    let file = "resources: [r.yaml]\nsortOptions:\n  order: legacy\n  legacySortOptions: {orderFirst: \
                [Service]}\n";
    let object = |kind: &str| format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: a\n");
    let objects: Vec<String> = ["Namespace", "Secret", "ConfigMap"].map(object).to_vec();
    let sorted: Vec<String> = ["ConfigMap", "Namespace", "Secret"].map(object).to_vec();
    let files = [("kustomization.yaml", file), ("r.yaml", &objects.join("---\n"))];
    check(&files, "", &sorted.join("---\n"));
}
