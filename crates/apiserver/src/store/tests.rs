use serde_json::json;

use super::*;

fn put(store: &Store, name: &str, value: i64) -> u64 {
    let collection = Collection::new("", "configmaps");
    let mut object = json!({"metadata": {"name": name}, "value": value});
    let target = Target { collection: &collection, key: name, shape: 0 };
    store.writer().put(target, &mut object).revision
}

fn names(page: &Page) -> Vec<(&str, i64)> {
    let one = |stored: &Arc<Stored>| stored.to_value()["value"].as_i64().unwrap();
    page.items.iter().map(|stored| (&*stored.key, one(stored))).collect()
}

#[test]
fn a_page_at_an_old_revision_shows_the_state_of_that_time() {
    let store = Store::default();
    let collection = Collection::new("", "configmaps");
    put(&store, "a", 1);
    let then = put(&store, "b", 1);
    put(&store, "a", 2);
    put(&store, "c", 1);
    let target = Target { collection: &collection, key: "b", shape: 0 };
    store.writer().delete(target).unwrap();
    assert_eq!(names(&store.page(&collection, "")), [("a", 2), ("c", 1)]);
    assert_eq!(names(&store.page_at(&collection, "", then).unwrap()), [("a", 1), ("b", 1)]);
}

#[test]
fn a_compacted_revision_is_refused() {
    let store = Store::default();
    let collection = Collection::new("", "configmaps");
    let then = put(&store, "a", 1);
    let now = put(&store, "a", 2);
    store.compact(now);
    assert_eq!(store.page_at(&collection, "", then).unwrap_err(), Expired { oldest: now });
}

#[test]
fn events_after_a_revision_come_in_order() {
    let store = Store::default();
    let collection = Collection::new("", "configmaps");
    let first = put(&store, "a", 1);
    put(&store, "a", 2);
    put(&store, "b", 1);
    let events = store.events_after(&collection, first, 100).unwrap();
    let seen: Vec<_> = events.iter().map(|event| (event.kind, &*event.object.key)).collect();
    assert_eq!(seen, [(EventKind::Modified, "a"), (EventKind::Created, "b")]);
}

#[test]
fn items_of_lists_lack_the_type() {
    let untyped = |object: Value| {
        let mut out = Vec::new();
        Stored::new("a", 1, 0, &object).write_untyped(&mut out);
        serde_json::from_slice::<Value>(&out).unwrap()
    };
    let typed = json!({"addressType": "IPv4", "apiVersion": "v1", "kind": "A", "z": [1]});
    assert_eq!(untyped(typed), json!({"addressType": "IPv4", "z": [1]}));
    assert_eq!(untyped(json!({"apiVersion": "v1", "kind": "A"})), json!({}));
    assert_eq!(untyped(json!({"a": 1, "kind": "A"})), json!({"a": 1}));
}

#[test]
fn keys_sort_as_in_the_original() {
    let mut keys = [key("a", "x"), key("a-b", "x"), key("a.b", "x")];
    keys.sort();
    assert_eq!(keys, ["a-b/x", "a.b/x", "a/x"]);
}
