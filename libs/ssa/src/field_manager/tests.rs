use serde_json::json;

use super::*;
use crate::{Conflicts, Versions};

struct One(Type);

impl Versions for One {
    fn type_in(&self, api_version: &str) -> Option<&Type> {
        (api_version == "v1").then_some(&self.0)
    }
}

/// Applies and updates config maps one after another.
struct World {
    kind: One,
    object: Option<Value>,
    clock: i64,
}

impl World {
    fn new() -> Self {
        let schema = json!({
            "type": "object",
            "properties": {"data": {"type": "object", "additionalProperties": {"type": "string"}}},
        });
        Self { kind: One(Type::of_custom_resource(&schema)), object: None, clock: 1_700_000_000 }
    }

    fn object(data: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1;
        Timestamp::from_second(self.clock).unwrap()
    }

    fn apply(
        &mut self,
        manager: &str,
        data: Value,
        on_conflict: OnConflict,
    ) -> Result<bool, Conflicts> {
        let applied = Self::object(data);
        let now = self.now();
        let kind = kind_of(&applied);
        let field_manager = FieldManager { versions: &self.kind, kind: &kind, subresource: "" };
        let request =
            Apply { live: self.object.as_ref(), applied: &applied, manager, on_conflict, now };
        match field_manager.apply(&request) {
            Ok(Applied { mut object, changed }) => {
                object["metadata"]["uid"] = json!("u");
                self.object = Some(object);
                Ok(changed)
            }
            Err(ApplyError::Conflicts(conflicts)) => Err(conflicts),
            Err(other) => panic!("{other}"),
        }
    }

    fn update(&mut self, manager: &str, new: Value) {
        let now = self.now();
        let kind = kind_of(&new);
        let field_manager = FieldManager { versions: &self.kind, kind: &kind, subresource: "" };
        let update = Update { live: self.object.as_ref(), new, manager, now };
        let mut object = field_manager.update(update);
        object["metadata"]["uid"] = json!("u");
        self.object = Some(object);
    }

    /// One line for each manager, then the data.
    fn state(&self) -> String {
        let object = self.object.as_ref().unwrap();
        let managed = ManagedFields::of(object).unwrap();
        let mut lines: Vec<String> = managed
            .entries
            .iter()
            .map(|entry| {
                let fields = entry.fields.to_string().replace('\n', " ");
                format!("{} {fields}", entry.manager)
            })
            .collect();
        lines.push(object["data"].to_string());
        lines.join("\n")
    }
}

use crate::OnConflict::{Force, Refuse};

#[test]
fn fields_that_are_given_up_are_removed_unless_others_own_them() {
    let mut world = World::new();
    assert_eq!(world.apply("m1", json!({"a": "1", "b": "1"}), Refuse), Ok(true));
    assert_eq!(world.apply("m2", json!({"b": "1"}), Refuse), Ok(false));
    assert_eq!(world.apply("m1", json!({}), Refuse), Ok(true));
    assert_eq!(world.state(), "\"m2\" .data.b\n\"m1\" .data\n{\"b\":\"1\"}");
}

#[test]
fn a_conflict_is_refused_and_can_be_forced() {
    let mut world = World::new();
    world.apply("m1", json!({"a": "1", "b": "1"}), Refuse).unwrap();
    let conflicts = world.apply("m2", json!({"a": "2"}), Refuse).unwrap_err();
    assert_eq!(
        conflicts.to_string(),
        "Apply failed with 1 conflict: conflict with \"m1\": .data.a"
    );
    world.apply("m2", json!({"a": "2"}), Force).unwrap();
    assert_eq!(world.state(), "\"m1\" .data.b\n\"m2\" .data.a\n{\"a\":\"2\",\"b\":\"1\"}");
}

#[test]
fn updates_take_ownership_and_are_not_tracked_after_a_reset() {
    let mut world = World::new();
    world.apply("m1", json!({"a": "1"}), Refuse).unwrap();
    let mut new = world.object.clone().unwrap();
    new["data"]["a"] = json!("2");
    world.update("u", new);
    assert_eq!(world.state(), "\"u\" using v1 .data.a\n{\"a\":\"2\"}");
    let mut new = world.object.clone().unwrap();
    new["metadata"]["managedFields"] = json!([]);
    world.update("u", new);
    let mut new = world.object.clone().unwrap();
    new["data"]["a"] = json!("3");
    world.update("u", new);
    assert_eq!(world.state(), "{\"a\":\"3\"}");
    let conflicts = world.apply("m1", json!({"a": "1"}), Refuse).unwrap_err();
    assert_eq!(
        conflicts.to_string(),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a"
    );
}

#[test]
fn the_oldest_of_many_updates_are_folded() {
    let mut world = World::new();
    for i in 0..13 {
        let mut new = world.object.clone().unwrap_or_else(|| World::object(json!({})));
        new["data"][format!("k{i:02}")] = json!("v");
        world.update(&format!("u{i:02}"), new);
    }
    let state = world.state();
    assert_eq!(state.lines().count(), 11);
    assert!(
        state.starts_with(
            "\"ancient-changes\" using v1 .data .data.k00 .data.k01 .data.k02 .data.k03"
        ),
        "{state}"
    );
}

#[test]
fn times_are_kept_when_nothing_else_changes() {
    let entry = |time: &str| json!({"manager": "m", "time": time});
    let object = |data: &str, time: &str| json!({"metadata": {"managedFields": [entry(time)], "name": "a"}, "data": data});
    let old = object("x", "2026-01-01T00:00:00Z");
    let mut new = object("x", "2026-01-02T00:00:00Z");
    keep_times(&old, &mut new);
    assert_eq!(new, old);
    let mut new = object("y", "2026-01-02T00:00:00Z");
    keep_times(&old, &mut new);
    assert_eq!(new, object("y", "2026-01-02T00:00:00Z"));
}
