use serde_json::json;

use super::age::human_duration;
use super::*;

#[test]
fn durations_shrink_to_two_units() {
    let shown: Vec<String> =
        [0, 119, 120, 605, 7200, 10_860, 180_000, 700_000, 40_000_000, 100_000_000]
            .map(human_duration)
            .into();
    assert_eq!(shown, ["0s", "119s", "2m", "10m", "120m", "3h1m", "2d2h", "8d", "462d", "3y62d"]);
}

#[test]
fn paths_find_fields_items_and_conditions() {
    let object = json!({"a": {"b.c": 1}, "l": [{"x": "p"}, {"x": "q"}],
        "conditions": [{"type": "Other", "status": "Unknown"}, {"type": "Ready", "status": "True"}]});
    let find = |path: &str| -> Vec<Value> {
        json_path::find(path, &object).into_iter().cloned().collect()
    };
    assert_eq!(find(".a.b\\.c"), [json!(1)]);
    assert_eq!(find(".a['b.c']"), [json!(1)]);
    assert_eq!(find(".l[*].x"), [json!("p"), json!("q")]);
    assert_eq!(find(".l[-1].x"), [json!("q")]);
    assert_eq!(find(r#".conditions[?(@.type=="Ready")].status"#), [json!("True")]);
    assert!(find(".nothing[0].x").is_empty());
}

#[test]
fn a_pod_shows_why_it_waits() {
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Pending", "containerStatuses": [
            {"restartCount": 2, "ready": false, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}});
    let cells = rows::cells("", "Pod", &pod, Timestamp::UNIX_EPOCH);
    assert_eq!(cells[..4], [json!("p"), json!("0/1"), json!("CrashLoopBackOff"), json!("2")]);
}

#[test]
fn every_kind_has_as_many_cells_as_columns() {
    for resource in flux_schema::resources::all() {
        let (group, kind) = (&resource.kind.group, &resource.kind.kind);
        let columns = columns::of_kind(group, kind);
        let cells = rows::cells(group, kind, &json!({}), Timestamp::UNIX_EPOCH);
        assert_eq!(columns.len(), cells.len(), "{group}/{kind}");
        assert!(columns.iter().all(|one| !one.description.is_empty()), "{group}/{kind}");
    }
}
