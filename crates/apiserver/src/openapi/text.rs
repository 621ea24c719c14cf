//! Operations and whole documents as JSON, with keys in the order of the original's types.

use std::collections::BTreeMap;

use flux_schema::{json_text, openapi};
use serde_json::Value;

use super::routes::{self, Body, Operation};
use super::{VERSION, custom, strings};
use crate::registry::Resources;

/// The version of OpenAPI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    V2,
    V3,
}

impl Dialect {
    /// What references begin with.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "#/definitions/",
            Self::V3 => "#/components/schemas/",
        }
    }
}

/// Writes a text.
pub(super) fn string(text: &str) -> String {
    json_text(&Value::from(text))
}

/// Writes an object from its members, whose values are JSON.
pub(super) fn object<K: AsRef<str>>(members: impl IntoIterator<Item = (K, String)>) -> String {
    let mut out = String::from("{");
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(&string(key.as_ref()));
        out.push(':');
        out.push_str(&value);
    }
    out.push('}');
    out
}

/// Writes a list from its items, which are JSON.
pub(super) fn array(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// Finds the definitions that a text of OpenAPI v3 names.
pub(super) fn references(text: &str) -> Vec<String> {
    let marker = format!("\"{}", Dialect::V3.prefix());
    let mut found: Vec<String> = text
        .split(marker.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

pub(super) fn bearer_token(dialect: Dialect) -> String {
    let description = ("description", string("Bearer Token authentication"));
    let kind = ("type", string("apiKey"));
    let (name, place) = (("name", string("authorization")), ("in", string("header")));
    match dialect {
        Dialect::V2 => object([description, kind, name, place]),
        Dialect::V3 => object([kind, description, name, place]),
    }
}

fn reference(dialect: Dialect, definition: &str) -> String {
    object([("$ref", string(&format!("{}{definition}", dialect.prefix())))])
}

/// Writes the operations of a path; what they have in common stands once.
pub(super) fn path_item(operations: &[Operation], dialect: Dialect) -> String {
    let shared = shared_parameters(operations);
    let mut members = Vec::new();
    for method in ["get", "put", "post", "delete", "patch"] {
        if let Some(operation) = operations.iter().find(|one| one.method == method) {
            members.push((method, operation_text(operation, &shared, dialect)));
        }
    }
    if let Some(first) = operations.first().filter(|_| !shared.is_empty()) {
        members.push(("parameters", parameters(first, &shared, dialect)));
    }
    object(members)
}

fn shared_parameters(operations: &[Operation]) -> Vec<&'static str> {
    let Some((first, rest)) = operations.split_first() else { return Vec::new() };
    let name = |entry: &str| entry.split('/').next().map(str::to_owned);
    let everywhere = |entry: &&&'static str| {
        rest.iter().all(|one| one.parameters.iter().any(|own| name(own) == name(entry)))
    };
    first.parameters.iter().filter(everywhere).copied().collect()
}

fn parameters(operation: &Operation, names: &[&str], dialect: Dialect) -> String {
    let mut names: Vec<&str> = names.to_vec();
    names.sort_unstable();
    names.dedup();
    array(names.iter().filter_map(|name| parameter(operation, name, dialect)))
}

fn parameter(operation: &Operation, name: &str, dialect: Dialect) -> Option<String> {
    let (name, place, kind, description) = match name {
        "name" => {
            let description = string(&format!("name of the {}", operation.name_of));
            ("name", "path", "string", description)
        }
        name => {
            let known = openapi::parameter(name)?;
            (known.name, known.place, known.kind, known.description.to_owned())
        }
    };
    // The table is read as JSON once more, since texts are escaped as Go does.
    let description: Value = serde_json::from_str(&description).ok()?;
    let description = ("description", json_text(&description));
    let required = (place == "path").then(|| ("required", "true".to_owned()));
    let (name, place) = (("name", string(name)), ("in", string(place)));
    let of = [("type", string(kind)), ("uniqueItems", "true".to_owned())];
    Some(match dialect {
        Dialect::V2 => {
            let [kind, unique] = of;
            let members = [unique, kind, description, name, place];
            object(members.into_iter().chain(required))
        }
        Dialect::V3 => {
            let members = [name, place, description].into_iter().chain(required);
            object(members.chain([("schema", object(of))]))
        }
    })
}

fn operation_text(operation: &Operation, shared: &[&str], dialect: Dialect) -> String {
    let Operation { method: _, description, id, tag, action, kind, body, .. } = operation;
    let own: Vec<&str> =
        operation.parameters.iter().copied().filter(|name| !shared.contains(name)).collect();
    let mut members: Vec<(&str, String)> = Vec::new();
    match dialect {
        Dialect::V3 => {
            members.push(("tags", strings(&[tag])));
            members.push(("description", string(description)));
            members.push(("operationId", string(id)));
            if !own.is_empty() {
                members.push(("parameters", parameters(operation, &own, dialect)));
            }
            members.extend(body.as_ref().map(|body| ("requestBody", request_body(body))));
        }
        Dialect::V2 => {
            let consumes = body.as_ref().map_or(operation.produces, |body| body.consumes);
            members.push(("description", string(description)));
            members.push(("consumes", strings(consumes)));
            members.push(("produces", strings(operation.produces)));
            members.push(("schemes", strings(&["https"])));
            members.push(("tags", strings(&[tag])));
            members.push(("operationId", string(id)));
            let all = parameters_v2(operation, &own);
            if all != "[]" {
                members.push(("parameters", all));
            }
        }
    }
    members.push(("responses", responses(operation, dialect)));
    if !action.is_empty() {
        members.push(("x-kubernetes-action", string(action)));
    }
    if let Some([group, version, kind]) = kind {
        let kind = object([
            ("group", string(group)),
            ("version", string(version)),
            ("kind", string(kind)),
        ]);
        members.push(("x-kubernetes-group-version-kind", kind));
    }
    object(members)
}

fn request_body(body: &Body) -> String {
    let schema = object([("schema", reference(Dialect::V3, &body.definition))]);
    let content = body.consumes.iter().map(|media_type| (*media_type, schema.clone()));
    let required = body.is_required.then(|| ("required", "true".to_owned()));
    object([("content", object(content))].into_iter().chain(required))
}

fn parameters_v2(operation: &Operation, own: &[&str]) -> String {
    let body = operation.body.as_ref().map(|body| {
        let required = body.is_required.then(|| ("required", "true".to_owned()));
        let members = [
            ("name", string("body")),
            ("in", string("body")),
            ("schema", reference(Dialect::V2, &body.definition)),
        ];
        object(members.into_iter().chain(required))
    });
    let mut names = own.to_vec();
    names.sort_unstable();
    let own = names.iter().filter_map(|name| parameter(operation, name, Dialect::V2));
    array(body.into_iter().chain(own))
}

fn responses(operation: &Operation, dialect: Dialect) -> String {
    let answers = operation.answers.iter().map(|(code, text, definition)| {
        let description = ("description", string(text));
        let reference = reference(dialect, definition);
        let answer = match dialect {
            Dialect::V2 => object([description, ("schema", reference)]),
            Dialect::V3 => {
                let schema = object([("schema", reference)]);
                let content = operation.produces.iter().map(|one| (*one, schema.clone()));
                object([description, ("content", object(content))])
            }
        };
        (code.to_string(), answer)
    });
    let refused = ("401".to_owned(), object([("description", string("Unauthorized"))]));
    object(answers.chain([refused]))
}

/// What the document of OpenAPI v2 is made of.
pub(super) struct Pieces {
    /// Paths with what can be done there.
    pub(super) paths: Vec<(String, String)>,
    pub(super) definitions: BTreeMap<String, String>,
}

impl Pieces {
    /// Collects everything that is served.
    pub(super) fn of(resources: &Resources) -> Self {
        let mut paths: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        let mut definitions: BTreeMap<String, String> = BTreeMap::new();
        let built_in = |group: &str| resources.iter().any(|i| !i.is_custom && i.group == group);
        for name in super::names(resources) {
            routes::discovery(&name, built_in, &mut paths);
        }
        for info in resources.iter() {
            routes::of_resource(info, &mut paths);
            if info.is_custom {
                definitions.extend(custom::schemas(info, Dialect::V2));
            }
        }
        let known = openapi::names().filter_map(openapi::full_name);
        definitions.extend(known.map(|(name, text)| (name.to_owned(), text.to_owned())));
        let item = |(path, operations): (&String, &Vec<Operation>)| {
            (path.clone(), path_item(operations, Dialect::V2))
        };
        Self { paths: paths.iter().map(item).collect(), definitions }
    }

    /// Writes the document as JSON.
    pub(super) fn into_json(self) -> Vec<u8> {
        let document = object([
            ("swagger", string("2.0")),
            ("info", object([("title", string("Kubernetes")), ("version", string(VERSION))])),
            ("paths", object(self.paths)),
            ("definitions", object(self.definitions)),
            ("securityDefinitions", object([("BearerToken", bearer_token(Dialect::V2))])),
            ("security", array([object([("BearerToken", "[]".to_owned())])])),
        ]);
        document.into_bytes()
    }
}
