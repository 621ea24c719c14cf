use serde_json::json;

use super::merge_patch;

#[test]
fn a_patch_holds_what_changed_and_nulls_for_what_went() {
    let before = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "f": 1});
    let after = json!({"a": 1, "b": {"c": 1, "d": 3}, "e": [2], "g": {}});
    let patch = json!({"b": {"d": 3}, "e": [2], "f": null, "g": {}});
    assert_eq!(merge_patch(&before, &after), Some(patch));
    assert_eq!(merge_patch(&after, &after), None);
}
