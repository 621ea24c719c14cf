use serde_json::json;

use super::*;

fn entry(manager: &str, operation: &str, time: &str) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": "v1", "time": time,
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}},
    })
}

fn object(entries: Value) -> Value {
    json!({"metadata": {"name": "a", "managedFields": entries}})
}

#[test]
fn entries_are_sorted_by_operation_time_and_name() {
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
    let mut sorted = object(json!([
        entry("b", "Update", early),
        entry("b", "Apply", late),
        entry("c", "Apply", early),
        entry("a", "Apply", early),
    ]));
    ManagedFields::of(&sorted).unwrap().write_to(&mut sorted);
    let expected = object(json!([
        entry("a", "Apply", early),
        entry("c", "Apply", early),
        entry("b", "Apply", late),
        entry("b", "Update", early),
    ]));
    assert_eq!(sorted, expected);
}

#[test]
fn times_are_written_in_whole_seconds_of_utc() {
    let mut written = object(json!([entry("a", "Apply", "2026-01-01T02:00:00.7+02:00")]));
    ManagedFields::of(&written).unwrap().write_to(&mut written);
    assert_eq!(written["metadata"]["managedFields"][0]["time"], "2026-01-01T00:00:00Z");
}

#[test]
fn the_later_of_two_entries_of_one_manager_counts() {
    let mut twice = object(json!([entry("a", "Apply", ""), entry("a", "Apply", "")]));
    twice["metadata"]["managedFields"][1]["fieldsV1"] = json!({"f:x": {}});
    let managed = ManagedFields::of(&twice).unwrap();
    assert_eq!(managed.entries.len(), 1);
    assert_eq!(managed.entries[0].fields.to_string(), ".x");
}

#[test]
fn malformed_entries_are_refused() {
    let error = |field: &str, value: Value| {
        let mut entry = entry("a", "Apply", "");
        entry[field] = value;
        ManagedFields::of(&object(json!([entry]))).unwrap_err().to_string()
    };
    assert_eq!(error("operation", json!("Foo")), "operation must be `Apply` or `Update`");
    assert_eq!(error("apiVersion", json!("")), "apiVersion must not be empty");
    assert_eq!(error("fieldsType", json!(null)), "missing fieldsType in managed fields entry 0");
    assert_eq!(
        error("fieldsType", json!("FieldsV2")),
        "invalid fieldsType \"FieldsV2\" in managed fields entry 0"
    );
    assert_eq!(error("manager", json!(1)), "entry 0 of managedFields is malformed");
    assert_eq!(error("fieldsV1", json!({"zzz": {}})), "error decoding set: missing colon: zzz");
}

#[test]
fn no_entries_leave_no_field() {
    let mut object = object(json!([]));
    ManagedFields::default().write_to(&mut object);
    assert_eq!(object, json!({"metadata": {"name": "a"}}));
}
