use flux_manifest::Object;
use serde_json::{Value, json};

use super::rows::{Layout, StatusSelector, header, row};
use crate::kind;
use crate::table::table;

fn repository(status: Value) -> Object {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": "podinfo", "namespace": "apps"},
        "spec": {"suspend": true},
        "status": status,
    })
    .try_into()
    .unwrap()
}

fn ready() -> Value {
    let revision = format!("main@sha1:{}", "696f056d".repeat(5));
    json!({
        "artifact": {"revision": revision},
        "conditions": [{"type": "Ready", "status": "True", "message": format!("stored artifact for revision '{revision}'")}],
    })
}

fn shown(object: &Object, layout: Layout) -> String {
    table(&header(&kind::GIT_REPOSITORY, layout), &[row(&kind::GIT_REPOSITORY, object, layout)])
}

#[test]
fn a_row_shows_the_revision_shortened() {
    let text = shown(&repository(ready()), Layout::default());
    let (titles, cells) = text.split_once('\n').unwrap();
    assert_eq!(titles.trim_end(), "NAME   \tREVISION          \tSUSPENDED\tREADY\tMESSAGE");
    let expected = "podinfo\tmain@sha1:696f056d\tTrue     \tTrue \tstored artifact for revision 'main@sha1:696f056d'\t\n";
    assert_eq!(cells, expected);
}

#[test]
fn an_object_without_status_waits_to_be_reconciled() {
    let text = shown(&repository(json!({})), Layout { namespace: true, ..Layout::default() });
    assert!(
        text.contains("apps     \tpodinfo\t        \tTrue     \tFalse\twaiting to be reconciled\t"),
        "{text}"
    );
}

#[test]
fn a_status_selector_compares_without_case_and_finds_missing_conditions_unequal() {
    let object = repository(ready());
    let matches = |text: &str| StatusSelector::parse(text).unwrap().matches(&object);
    assert!(matches("ready=true"));
    assert!(!matches("Ready!=True"));
    assert!(matches("Healthy!=True"));
    assert!(!matches("Healthy=True"));
    assert!(StatusSelector::parse("Ready").is_err());
}
