//! A definition as the original checks it: what all versions share stands beside them.

use flux_schema::schema_text;
use serde_json::Value;

use crate::crd::definition::list;

/// One version.
pub(super) struct Version<'a> {
    pub(super) json: &'a Value,
    pub(super) parts: Parts<'a>,
}

/// What versions may share.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Parts<'a> {
    /// The map that holds `openAPIV3Schema`.
    pub(super) schema: Option<&'a Value>,
    pub(super) subresources: Option<&'a Value>,
    pub(super) columns: Option<&'a Value>,
    pub(super) selectable: Option<&'a Value>,
}

/// The specification of a definition.
pub(super) struct Spec<'a> {
    pub(super) json: &'a Value,
    /// What all versions have in common.
    pub(super) shared: Parts<'a>,
    pub(super) versions: Vec<Version<'a>>,
}

impl<'a> Spec<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        let mut versions: Vec<Version<'a>> = list(object, "/spec/versions").map(version).collect();
        let mut shared = Parts::default();
        if let Some(first) = versions.first().map(|version| version.parts) {
            let all = |same: &dyn Fn(&Parts<'a>) -> bool| {
                versions.iter().all(|version| same(&version.parts))
            };
            let schema = all(&|one| one.schema == first.schema);
            let subresources = all(&|one| one.subresources == first.subresources);
            let columns = all(&|one| one.columns == first.columns);
            let selectable = all(&|one| one.selectable == first.selectable);
            let mut share = |is_same: bool, move_up: fn(&mut Parts<'a>, Parts<'a>)| {
                if is_same {
                    move_up(&mut shared, first);
                    versions.iter_mut().for_each(|one| move_up(&mut one.parts, Parts::default()));
                }
            };
            share(schema, |to, from| to.schema = from.schema);
            share(subresources, |to, from| to.subresources = from.subresources);
            share(columns, |to, from| to.columns = from.columns);
            share(selectable, |to, from| to.selectable = from.selectable);
        }
        Self { json: &object["spec"], shared, versions }
    }

    /// Returns the schemas, one that all versions share once.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &'a Value> {
        let own = self.versions.iter().map(|version| version.parts);
        [self.shared].into_iter().chain(own).filter_map(|parts| schema_of(parts.schema))
    }

    /// Prints the versions.
    pub(super) fn versions_text(&self) -> String {
        if !self.json["versions"].is_array() {
            return "null".to_owned();
        }
        let versions: Vec<String> = self.versions.iter().map(version_text).collect();
        format!("[{}]", versions.join(","))
    }
}

fn version(json: &Value) -> Version<'_> {
    let set = |key: &str| json.get(key).filter(|value| !value.is_null());
    let filled =
        |key: &str| set(key).filter(|value| value.as_array().is_some_and(|l| !l.is_empty()));
    Version {
        json,
        parts: Parts {
            schema: set("schema"),
            subresources: set("subresources"),
            columns: filled("additionalPrinterColumns"),
            selectable: filled("selectableFields"),
        },
    }
}

/// Returns the schema in a map that holds one.
pub(super) fn schema_of(holder: Option<&Value>) -> Option<&Value> {
    holder?.get("openAPIV3Schema").filter(|schema| !schema.is_null())
}

/// Tells whether `status` is written on its own.
pub(super) fn has_status(subresources: Option<&Value>) -> bool {
    subresources.is_some_and(|subresources| subresources["status"].is_object())
}

fn version_text(version: &Version<'_>) -> String {
    let flag = |key: &str| version.json[key].as_bool().unwrap_or_default();
    let Parts { schema, subresources, columns, selectable } = version.parts;
    let null = || "null".to_owned();
    let schema = schema.map_or_else(null, |schema| {
        format!("{{\"OpenAPIV3Schema\":{}}}", schema_text(&schema["openAPIV3Schema"]))
    });
    let columns = columns.map_or_else(null, |list| texts(list, column_text));
    let selectable = selectable.map_or_else(null, |list| {
        texts(list, |field| format!("{{\"JSONPath\":{}}}", text(field, "jsonPath")))
    });
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\
         \"Schema\":{schema},\"Subresources\":{},\"AdditionalPrinterColumns\":{columns},\
         \"SelectableFields\":{selectable}}}",
        text(version.json, "name"),
        flag("served"),
        flag("storage"),
        flag("deprecated"),
        version.json["deprecationWarning"],
        subresources.map_or_else(null, subresources_text),
    )
}

fn texts(list: &Value, print: impl Fn(&Value) -> String) -> String {
    let items: Vec<String> = list.as_array().into_iter().flatten().map(print).collect();
    format!("[{}]", items.join(","))
}

fn text(value: &Value, key: &str) -> Value {
    Value::from(value[key].as_str().unwrap_or_default())
}

fn column_text(column: &Value) -> String {
    format!(
        "{{\"Name\":{},\"Type\":{},\"Format\":{},\"Description\":{},\"Priority\":{},\
         \"JSONPath\":{}}}",
        text(column, "name"),
        text(column, "type"),
        text(column, "format"),
        text(column, "description"),
        column["priority"].as_i64().unwrap_or_default(),
        text(column, "jsonPath"),
    )
}

fn subresources_text(subresources: &Value) -> String {
    let status = if subresources["status"].is_null() { "null" } else { "{}" };
    let scale = match &subresources["scale"] {
        Value::Null => "null".to_owned(),
        scale => format!(
            "{{\"SpecReplicasPath\":{},\"StatusReplicasPath\":{},\"LabelSelectorPath\":{}}}",
            text(scale, "specReplicasPath"),
            text(scale, "statusReplicasPath"),
            scale["labelSelectorPath"],
        ),
    };
    format!("{{\"Status\":{status},\"Scale\":{scale}}}")
}
