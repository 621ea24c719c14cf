use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::schema::Schema;

fn deployment() -> &'static Type {
    static TYPE: LazyLock<Type> = LazyLock::new(|| {
        let names = flux_schema::openapi::names();
        let schema = Schema::new(names, flux_schema::openapi::definition_v3);
        schema.type_of("io.k8s.api.apps.v1.Deployment").unwrap()
    });
    &TYPE
}

fn pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

#[track_caller]
fn check(spec: Value, patch: Value, expected: Result<Value, &str>) {
    let mut target = pod(spec);
    match (strategic(&mut target, pod(patch), deployment()), expected) {
        (Ok(()), Ok(expected)) => assert_eq!(target, pod(expected)),
        (outcome, expected) => {
            assert_eq!(
                outcome.map_err(|error| error.to_string()),
                expected.map(drop).map_err(str::to_owned)
            );
        }
    }
}

#[test]
fn items_merge_by_key_and_new_ones_come_first() {
    check(
        json!({"containers": [{"name": "c", "image": "i"}, {"name": "d", "image": "i"}]}),
        json!({"containers": [{"name": "d", "image": "j"}, {"name": "e", "image": "k"}]}),
        Ok(json!({"containers": [
            {"name": "c", "image": "i"}, {"name": "d", "image": "j"}, {"name": "e", "image": "k"},
        ]})),
    );
    check(
        json!({"containers": [{"name": "c"}]}),
        json!({"containers": [{"name": "e"}]}),
        Ok(json!({"containers": [{"name": "e"}, {"name": "c"}]})),
    );
    check(
        json!({"containers": [{"name": "c"}]}),
        json!({"containers": [{"image": "k"}]}),
        Err("map: map[image:k] does not contain declared merge key: name"),
    );
}

#[test]
fn a_prescribed_order_is_kept() {
    check(
        json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}, {"name": "x"}]}),
        json!({
            "$setElementOrder/containers": [{"name": "c"}, {"name": "n"}, {"name": "a"}],
            "containers": [{"name": "n", "image": "i"}, {"name": "b", "$patch": "delete"}],
        }),
        Ok(
            json!({"containers": [{"name": "c"}, {"name": "n", "image": "i"}, {"name": "a"}, {"name": "x"}]}),
        ),
    );
    check(
        json!({"containers": [{"name": "a"}]}),
        json!({"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "z"}]}),
        Err(
            "The order in patch list:\n[map[name:z]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
        ),
    );
}

#[test]
fn directives_delete_and_replace() {
    check(
        json!({"containers": [{"name": "c"}, {"name": "d"}], "nodeSelector": {"a": "b"}}),
        json!({"containers": [{"name": "c", "$patch": "delete"}], "nodeSelector": {"$patch": "replace", "c": "d"}}),
        Ok(json!({"containers": [{"name": "d"}], "nodeSelector": {"c": "d"}})),
    );
    check(
        json!({"containers": [{"name": "c"}, {"name": "d"}], "nodeSelector": {"a": "b"}}),
        json!({"containers": [{"$patch": "replace"}, {"name": "x"}], "nodeSelector": {"$patch": "delete"}}),
        Ok(json!({"containers": [{"name": "x"}], "nodeSelector": {}})),
    );
    check(
        json!({"nodeSelector": {"a": "b"}}),
        json!({"nodeSelector": {"$patch": "foo", "c": "d"}}),
        Err("unknown patch type: foo in map: map[$patch:foo c:d]"),
    );
}

#[test]
fn lists_of_scalars_merge_or_are_replaced_as_declared() {
    let patched = |finalizers: Value, patch: Value| {
        let mut target = json!({"metadata": {"finalizers": finalizers}});
        strategic(&mut target, json!({"metadata": patch}), deployment()).unwrap();
        target["metadata"]["finalizers"].clone()
    };
    assert_eq!(
        patched(json!(["a", "b"]), json!({"finalizers": ["c", "a"]})),
        json!(["c", "a", "b"])
    );
    assert_eq!(
        patched(json!(["c", "a", "b"]), json!({"$deleteFromPrimitiveList/finalizers": ["a", "z"]})),
        json!(["c", "b"])
    );
    assert_eq!(
        patched(
            json!(["a", "b"]),
            json!({"$setElementOrder/finalizers": ["b", "c", "a"], "finalizers": ["c"]})
        ),
        json!(["b", "c", "a"])
    );
    check(
        json!({"containers": [{"name": "c", "args": ["a", "b"]}]}),
        json!({"containers": [{"name": "c", "args": ["x"]}]}),
        Ok(json!({"containers": [{"name": "c", "args": ["x"]}]})),
    );
}

#[test]
fn retained_keys_drop_all_others_and_must_cover_the_patch() {
    check(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "v", "configMap": {"name": "x"}, "$retainKeys": ["name", "configMap"]}]}),
        Ok(json!({"volumes": [{"name": "v", "configMap": {"name": "x"}}]})),
    );
    check(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "v", "configMap": {}, "$retainKeys": ["name"]}]}),
        Err("invalid patch format of retainKeys"),
    );
}

#[test]
fn what_the_type_does_not_know_is_refused_only_where_it_must_be_merged() {
    check(json!({}), json!({"foo": {"a": null, "b": 1}}), Ok(json!({"foo": {"b": 1}})));
    check(
        json!({"foo": {"a": 1}}),
        json!({"foo": {"b": 1}}),
        Err("unable to find api field in struct PodSpec for the json field \"foo\""),
    );
}
