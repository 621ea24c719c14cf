//! Events in both groups; they are stored as those of the core group.

use serde_json::Value;

use super::strategy::Rules;
use super::value::{Check, drop_field, fill, is_set, make, text};
use crate::meta;
use crate::registry::{Context, DeletionDefaults};
use crate::status::FieldErrors;

/// The fields whose names differ: core group, `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// An Event of the core group.
pub(super) struct CoreEvent;

impl Rules for CoreEvent {
    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let involved = &object["involvedObject"];
        check_namespace(
            &mut check,
            "involvedObject.namespace",
            object,
            text(involved, "namespace"),
        );
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, _: &Value) -> FieldErrors {
        self.validate(ctx, object)
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Unsupported
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        fields(object)
    }
}

fn fields(object: &Value) -> Vec<(&'static str, String)> {
    let involved = |key: &str| text(&object["involvedObject"], key).to_owned();
    let source = match text(&object["source"], "component") {
        "" => text(object, "reportingComponent").to_owned(),
        component => component.to_owned(),
    };
    vec![
        ("involvedObject.kind", involved("kind")),
        ("involvedObject.namespace", involved("namespace")),
        ("involvedObject.name", involved("name")),
        ("involvedObject.uid", involved("uid")),
        ("involvedObject.apiVersion", involved("apiVersion")),
        ("involvedObject.resourceVersion", involved("resourceVersion")),
        ("involvedObject.fieldPath", involved("fieldPath")),
        ("reason", text(object, "reason").to_owned()),
        ("reportingComponent", text(object, "reportingComponent").to_owned()),
        ("source", source),
        ("type", text(object, "type").to_owned()),
    ]
}

fn check_namespace(check: &mut Check, path: &str, object: &Value, namespace: &str) {
    let own = meta::namespace(object);
    let fits = match namespace {
        // Objects outside of namespaces have their events in `default`.
        "" => own == "default" || own == "kube-system",
        namespace => namespace == own,
    };
    if !fits {
        check.invalid(path, namespace, "does not match event.namespace");
    }
}

/// An Event of `events.k8s.io`.
pub(super) struct NewEvent;

impl Rules for NewEvent {
    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let regarding = text(&object["regarding"], "namespace");
        check_namespace(&mut check, "involvedObject.namespace", object, regarding);
        if !is_set(object, "eventTime") {
            check.required("eventTime", "");
        }
        let kind = text(object, "type");
        if !["Normal", "Warning"].contains(&kind) {
            check.invalid("type", "", &format!("has invalid value: {kind}"));
        }
        if is_set(object, "eventTime") {
            let controller = text(object, "reportingController");
            if controller.is_empty() {
                check.required("reportingController", "");
            } else {
                let wrong = crate::names::qualified_name_errors(controller);
                check.all("reportingController", controller, wrong);
            }
            for (key, limit) in [("reportingInstance", 128), ("action", 128), ("reason", 128)] {
                match text(object, key) {
                    "" => check.required(key, ""),
                    value if value.len() > limit => {
                        check.invalid(key, "", &format!("can have at most {limit} characters"));
                    }
                    _ => {}
                }
            }
        }
        if text(object, "note").len() > 1024 {
            check.invalid("message", "", "can have at most 1024 characters");
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        for (name, key) in [
            ("involvedObject", "regarding"),
            ("reason", "reason"),
            ("message", "note"),
            ("source", "deprecatedSource"),
            ("firstTimestamp", "deprecatedFirstTimestamp"),
            ("lastTimestamp", "deprecatedLastTimestamp"),
            ("count", "deprecatedCount"),
            ("type", "type"),
            ("eventTime", "eventTime"),
            ("action", "action"),
            ("related", "related"),
            ("reportingController", "reportingController"),
            ("reportingInstance", "reportingInstance"),
        ] {
            check.immutable(name, &object[key], &old[key]);
        }
        check.done()
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn deletion_defaults(&self) -> DeletionDefaults {
        DeletionDefaults::Unsupported
    }

    fn decode_stored(&self, object: &mut Value) {
        rename(object, |(core, new)| (core, new));
        fill(object, "deprecatedSource", Value::Object(serde_json::Map::new()));
        make(object, "regarding");
        for key in ["reportingController", "reportingInstance"] {
            if text(object, key).is_empty() {
                drop_field(object, key);
            }
        }
    }

    fn encode_stored(&self, object: &mut Value) {
        rename(object, |(core, new)| (new, core));
        for key in ["reportingComponent", "reportingInstance"] {
            fill(object, key, "");
        }
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        let mut core = object.clone();
        rename(&mut core, |(core, new)| (new, core));
        fields(&core)
    }
}

fn rename(
    object: &mut Value,
    order: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    let map = meta::map(object);
    for (from, to) in NAMES.map(order) {
        if let Some(value) = map.remove(from) {
            map.insert(to.to_owned(), value);
        }
    }
}
