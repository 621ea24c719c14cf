//! A definition as the server uses it: versions with their schemas, names, columns.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use flux_schema::{RuleSet, Schema, Validator};
use serde_json::{Value, json};

use super::custom::CustomStrategy;
use crate::meta;
use crate::registry::{PrinterColumn, ResourceInfo, ScalePaths, Scope, Subresource};
use crate::server::Core;
use crate::store::Collection;

/// What `creationTimestamp` means, shown as the description of the Age column.
const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object \
    was created. It is not guaranteed to be set in happens-before order across separate \
    operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n\
    Populated by the system. Read-only. Null for lists. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// A version of a definition.
pub(super) struct Version {
    pub(super) name: String,
    pub(super) has_status: bool,
    pub(super) scale: Option<ScalePaths>,
    pub(super) validator: Validator,
    /// Judges `status` alone.
    pub(super) status: Option<Validator>,
    /// Whether there can be resources inside the resource.
    pub(super) embeds: bool,
    json: Arc<Value>,
    /// Compiled when the first object is judged: most definitions have no objects at first.
    rules: OnceLock<Option<RuleSet>>,
}

impl Version {
    fn parse(version: &Value) -> Self {
        let json = version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
        let schema = Arc::new(Schema::parse(json));
        let status = schema.properties.get("status").cloned().map(Arc::new);
        Self {
            embeds: schema.any(|part| part.embedded_resource),
            name: meta::text(version, "/name").to_owned(),
            has_status: version.pointer("/subresources/status").is_some_and(|s| !s.is_null()),
            scale: scale_paths(version),
            validator: Validator::new(schema),
            status: status.map(Validator::new),
            json: Arc::new(json.clone()),
            rules: OnceLock::new(),
        }
    }

    /// Returns the rules of the schema.
    pub(super) fn rules(&self) -> Option<&RuleSet> {
        let compile = || RuleSet::of_resource(&self.json, self.validator.schema().clone());
        self.rules.get_or_init(compile).as_ref()
    }

    pub(super) fn schema(&self) -> &Schema {
        self.validator.schema()
    }
}

/// What all versions of a definition share.
pub(super) struct Definition {
    pub(super) group: String,
    pub(super) kind: String,
    /// Whether the definition is being deleted.
    pub(super) is_terminating: bool,
    pub(super) versions: BTreeMap<String, Version>,
}

impl Definition {
    fn parse(object: &Value) -> Self {
        let versions = list(object, "/spec/versions").map(Version::parse);
        Self {
            group: meta::text(object, "/spec/group").to_owned(),
            kind: meta::text(object, "/spec/names/kind").to_owned(),
            is_terminating: is_true(object, "Terminating"),
            versions: versions.map(|version| (version.name.clone(), version)).collect(),
        }
    }

    /// Returns the version that an `apiVersion` names.
    pub(super) fn version_of(&self, api_version: &str) -> Option<&Version> {
        let (group, version) = api_version.split_once('/')?;
        self.versions.get(version).filter(|_| group == self.group)
    }
}

/// Serves what the stored definitions define.
pub(crate) fn register_stored(core: &Core) {
    let definitions = Collection::new("apiextensions.k8s.io", "customresourcedefinitions");
    for stored in core.store.list(&definitions, "") {
        for info in resources(&stored.to_value()) {
            core.store.open(&info.storage);
            core.registry.change(|table| table.insert(info));
        }
    }
}

/// Returns what a definition makes the server serve: nothing until it is established.
pub(super) fn resources(object: &Value) -> Vec<ResourceInfo> {
    if !is_true(object, "Established") {
        return Vec::new();
    }
    let definition = Arc::new(Definition::parse(object));
    let shape = shape(object);
    list(object, "/spec/versions")
        .filter(|version| version["served"].as_bool() == Some(true))
        .map(|version| resource(object, version, &definition, shape))
        .collect()
}

fn resource(
    object: &Value,
    version: &Value,
    definition: &Arc<Definition>,
    shape: u64,
) -> ResourceInfo {
    let names = &object["status"]["acceptedNames"];
    let name = meta::text(version, "/name");
    let group = definition.group.as_str();
    let scope = match meta::text(object, "/spec/scope") {
        "Cluster" => Scope::Cluster,
        _ => Scope::Namespaced,
    };
    let storage = list(object, "/spec/versions").find(|one| one["storage"].as_bool() == Some(true));
    let storage = storage.map_or(name, |one| meta::text(one, "/name"));
    let strategy = Arc::new(CustomStrategy::new(definition.clone(), name, storage));
    let api_version = format!("{group}/{name}");
    let mut info = ResourceInfo::new(&api_version, &definition.kind, scope, strategy);
    info.plural = meta::text(names, "/plural").to_owned();
    info.singular = meta::text(names, "/singular").to_owned();
    info.list_kind = meta::text(names, "/listKind").to_owned();
    info.short_names = texts(names, "/shortNames");
    info.categories = texts(names, "/categories");
    info.storage = Collection::new(group, &info.plural);
    info.storage_api_version = format!("{group}/{storage}");
    info.shape = shape;
    info.columns = Some(columns(version));
    info.selectable_fields =
        list(version, "/selectableFields").map(|one| meta::text(one, "/jsonPath").into()).collect();
    info.is_custom = true;
    info.deprecation_warning = deprecation_warning(object, version);
    info.open_api_schema =
        definition.versions.get(name).filter(|own| !own.json.is_null()).map(|own| own.json.clone());
    if version.pointer("/subresources/status").is_some_and(|status| !status.is_null()) {
        info.subresources.push(Subresource::status());
    }
    info.subresources.extend(scale_paths(version).map(Subresource::scale));
    info
}

/// Changes with every schema and with the storage version.
fn shape(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    for version in list(object, "/spec/versions") {
        version["name"].to_string().hash(&mut hasher);
        version["storage"].to_string().hash(&mut hasher);
        version["schema"].to_string().hash(&mut hasher);
    }
    hasher.finish().max(1)
}

fn scale_paths(version: &Value) -> Option<ScalePaths> {
    let scale = version.pointer("/subresources/scale").filter(|scale| scale.is_object())?;
    let path = |key: &str| scale[key].as_str().map(str::to_owned);
    Some(ScalePaths {
        spec_replicas: path("specReplicasPath").unwrap_or_default(),
        status_replicas: path("statusReplicasPath").unwrap_or_default(),
        selector: path("labelSelectorPath").filter(|path| !path.is_empty()),
    })
}

fn columns(version: &Value) -> Vec<PrinterColumn> {
    let given: Vec<PrinterColumn> =
        list(version, "/additionalPrinterColumns").map(column).collect();
    if !given.is_empty() {
        return given;
    }
    vec![PrinterColumn {
        name: "Age".to_owned(),
        type_name: "date".to_owned(),
        description: AGE.to_owned(),
        json_path: ".metadata.creationTimestamp".to_owned(),
        ..PrinterColumn::default()
    }]
}

fn column(column: &Value) -> PrinterColumn {
    let text = |key: &str| column[key].as_str().unwrap_or_default().to_owned();
    let json_path = text("jsonPath");
    let description = match text("description") {
        empty if empty.is_empty() => {
            format!("Custom resource definition column (in JSONPath format): {json_path}")
        }
        given => given,
    };
    let priority = column["priority"].as_i64().and_then(|int| i32::try_from(int).ok());
    PrinterColumn {
        name: text("name"),
        type_name: text("type"),
        format: text("format"),
        description,
        priority: priority.unwrap_or_default(),
        json_path,
    }
}

fn deprecation_warning(object: &Value, version: &Value) -> Option<String> {
    if version["deprecated"].as_bool() != Some(true) {
        return None;
    }
    if let Some(text) = version["deprecationWarning"].as_str() {
        return Some(text.to_owned());
    }
    let group = meta::text(object, "/spec/group");
    let kind = meta::text(object, "/spec/names/kind");
    let own = meta::text(version, "/name");
    let mut better: Vec<&str> = list(object, "/spec/versions")
        .filter(|one| one["served"].as_bool() == Some(true))
        .filter(|one| one["deprecated"].as_bool() != Some(true))
        .map(|one| meta::text(one, "/name"))
        .filter(|name| priority(name) > priority(own))
        .collect();
    better.sort_by_key(|name| priority(name));
    let instead = better.last().map(|name| format!("; use {group}/{name} {kind}"));
    Some(format!("{group}/{own} {kind} is deprecated{}", instead.unwrap_or_default()))
}

/// How far a version has come: `v2` before `v1`, those before `v1beta2`, that before `v1alpha1`.
pub(crate) fn priority(version: &str) -> (u8, u64, u64) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, rest) = rest.split_at(end);
        let major: u64 = major.parse().ok()?;
        let (stage, minor) = match rest {
            "" => (3, "0"),
            rest => rest
                .strip_prefix("beta")
                .map(|minor| (2, minor))
                .or_else(|| rest.strip_prefix("alpha").map(|minor| (1, minor)))?,
        };
        Some((stage, major, minor.parse().ok()?))
    };
    parse().unwrap_or((0, 0, 0))
}

/// Returns the condition of a type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").find(|one| one["type"] == kind)
}

/// Tells whether a condition is `True`.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|one| one["status"] == "True")
}

/// Sets a condition: type, status, reason, message. Its time moves with its status only.
pub(crate) fn set_condition(object: &mut Value, parts: [&str; 4], now: &str) {
    let [kind, status, reason, message] = parts;
    let old = condition(object, kind).filter(|old| old["status"] == status);
    let time = old.map_or_else(|| json!(now), |old| old["lastTransitionTime"].clone());
    let new = json!({
        "type": kind, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": time,
    });
    let status = meta::map(object).entry("status").or_insert_with(|| json!({}));
    let conditions = meta::map(status).entry("conditions").or_insert(Value::Null);
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(conditions) = conditions.as_array_mut() else { return };
    match conditions.iter_mut().find(|one| one["type"] == kind) {
        Some(place) => *place = new,
        None => conditions.push(new),
    }
}

pub(super) fn list<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer).filter_map(Value::as_str).map(str::to_owned).collect()
}
