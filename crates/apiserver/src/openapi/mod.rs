//! `/openapi/v3`: an index, and a document for each version of a group; `/openapi/v2`: one for all.
//!
//! `routes` lists the operations that there are, `text` writes them for either version, `custom` turns
//! the schema of a definition into what documents say about it; `protobuf` is the other form of v2.
//! Documents are made when somebody asks;
//! only their hashes are kept, until a definition of the group changes.

mod custom;
mod protobuf;
mod routes;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use flux_schema::openapi;
use http::HeaderMap;
use http::header::{ACCEPT, LOCATION};
use serde_json::Value;

use crate::discovery::{hash, with_tag};
use crate::registry::{ResourceInfo, Resources};
use crate::request::{Query, accept_clauses};
use crate::respond::{Answer, Content};
use crate::status::Status;
use routes::Operation;
use text::{Dialect, Pieces, array, object, string};

/// The version that documents carry.
const VERSION: &str = "1.36";

/// The hashes of documents, with what they depend on.
#[derive(Default)]
pub(crate) struct Documents {
    known: Mutex<BTreeMap<String, (u64, String)>>,
}

/// Answers paths of OpenAPI; `None` for other paths.
pub(crate) fn answer(
    documents: &Documents,
    resources: &Resources,
    (headers, query): (&HeaderMap, &Query),
    path: &str,
) -> Option<Result<Answer, Status>> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if path.trim_end_matches('/') == "/openapi/v2" {
        return Some(Ok(documents.v2(resources, headers, accept)));
    }
    let rest = path.strip_prefix("/openapi/v3")?;
    if rest.trim_matches('/').is_empty() {
        return Some(Ok(Answer::text(200, documents.index(resources))));
    }
    let name = rest.strip_prefix('/')?;
    Some(Ok(documents.answer(resources, (headers, query, accept), name)))
}

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Protobuf,
}

/// The type of v2 as a message, in the old spelling, which clients ask for, and the new one.
const MESSAGES: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

/// Chooses the form that a client likes best; `None` if it likes none.
fn form(accept: Option<&str>) -> Option<Form> {
    let Some(accept) = accept.filter(|text| !text.trim().is_empty()) else {
        return Some(Form::Json);
    };
    accept_clauses(accept).iter().find_map(|clause| match clause.media_type {
        "application/json" | "application/*" | "*/*" => Some(Form::Json),
        other if MESSAGES.contains(&other) => Some(Form::Protobuf),
        _ => None,
    })
}

impl Documents {
    fn v2(&self, resources: &Resources, headers: &HeaderMap, accept: Option<&str>) -> Answer {
        let Some(form) = form(accept) else { return Answer::of(406, Content::Empty) };
        let tag = self.tag_of("v2", shape(resources.iter()), || Pieces::of(resources).into_json());
        let content_type = match form {
            Form::Json => "application/json",
            Form::Protobuf => "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
        };
        with_tag(headers, &tag, content_type, || match form {
            Form::Json => Pieces::of(resources).into_json(),
            Form::Protobuf => protobuf::document(&Pieces::of(resources)),
        })
    }

    fn index(&self, resources: &Resources) -> String {
        let paths = names(resources).into_iter().map(|name| {
            let tag = self.tag(resources, &name);
            let url = string(&format!("/openapi/v3/{name}?hash={tag}"));
            (name, object([("serverRelativeURL", url)]))
        });
        object([("paths", object(paths.collect::<Vec<_>>()))])
    }

    fn answer(
        &self,
        resources: &Resources,
        (headers, query, accept): (&HeaderMap, &Query, Option<&str>),
        name: &str,
    ) -> Answer {
        if form(accept) != Some(Form::Json) {
            return Answer::of(406, Content::Empty);
        }
        let Some(document) = document(resources, name) else {
            return Answer::of(404, Content::Empty);
        };
        let tag = hash(document.as_bytes());
        let wanted = query.text("hash");
        if !wanted.is_empty() && wanted != tag {
            let mut answer = Answer::of(301, Content::Empty);
            answer.headers.push((LOCATION, format!("/openapi/v3/{name}?hash={tag}")));
            return answer;
        }
        with_tag(headers, &tag, "application/json", || document.into_bytes())
    }

    /// Returns the hash of a document.
    fn tag(&self, resources: &Resources, name: &str) -> String {
        self.tag_of(name, shape(own(resources, name)), || {
            document(resources, name).unwrap_or_default().into_bytes()
        })
    }

    /// Returns the hash that is known for a shape, or the one of the document that `make` makes.
    fn tag_of(&self, name: &str, shape: u64, make: impl FnOnce() -> Vec<u8>) -> String {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some((_, tag)) = known.filter(|(of, _)| *of == shape) {
            return tag;
        }
        let tag = hash(&make());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), (shape, tag.clone()));
        tag
    }
}

/// Returns a number that changes with what documents about these resources are made of.
fn shape<'a>(resources: impl IntoIterator<Item = &'a Arc<ResourceInfo>>) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for info in resources {
        (&info.group, &info.version, &info.plural, &info.kind, &info.list_kind).hash(&mut hasher);
        (info.shape, info.is_namespaced(), &info.selectable_fields).hash(&mut hasher);
        info.subresources.iter().for_each(|sub| sub.name.hash(&mut hasher));
    }
    hasher.finish()
}

/// Returns the names of all documents, sorted.
fn names(resources: &Resources) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["api", "apis", "version"].map(str::to_owned).into();
    for info in resources.iter() {
        names.insert(name_of(info));
        if !info.is_custom && !info.group.is_empty() {
            names.insert(format!("apis/{}", info.group));
        }
    }
    names
}

fn name_of(info: &ResourceInfo) -> String {
    match info.group.as_str() {
        "" => format!("api/{}", info.version),
        group => format!("apis/{group}/{}", info.version),
    }
}

/// Returns the resources that a document is about.
fn own<'a>(resources: &'a Resources, name: &str) -> Vec<&'a Arc<ResourceInfo>> {
    let (group, version) = match name.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return Vec::new(),
    };
    resources.iter().filter(|one| one.group == group && one.version == version).collect()
}

/// Makes a document; `None` if there is none of that name.
fn document(resources: &Resources, name: &str) -> Option<String> {
    let own = own(resources, name);
    let is_version = name.starts_with("api/") || name.matches('/').count() > 1;
    if is_version && own.is_empty() {
        return None;
    }
    let is_custom = own.first().is_some_and(|info| info.is_custom);
    let mut paths: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    let mut schemas = BTreeMap::new();
    if own.is_empty() || !is_custom {
        let built_in = |group: &str| resources.iter().any(|i| !i.is_custom && i.group == group);
        routes::discovery(name, built_in, &mut paths);
    }
    for info in &own {
        routes::of_resource(info, &mut paths);
        if info.is_custom {
            schemas.extend(custom::schemas(info, Dialect::V3));
        }
    }
    if paths.is_empty() {
        return None;
    }
    let paths = paths
        .iter()
        .map(|(path, operations)| (path.clone(), text::path_item(operations, Dialect::V3)));
    let paths = object(paths.collect::<Vec<_>>());
    add_referenced(&paths, is_custom, &mut schemas);
    let (title, version) = match is_custom {
        true => ("Kubernetes CRD Swagger", "v0.1.0"),
        false => ("Kubernetes", VERSION),
    };
    let mut components = vec![("schemas", object(schemas))];
    if !is_custom {
        components
            .push(("securitySchemes", object([("BearerToken", text::bearer_token(Dialect::V3))])));
    }
    Some(object([
        ("openapi", string("3.0.0")),
        ("info", object([("title", string(title)), ("version", string(version))])),
        ("paths", paths),
        ("components", object(components)),
    ]))
}

/// Groups that the server knows and its client does not; documents about custom resources are made
/// with what the client knows.
const UNKNOWN_TO_CLIENTS: [&str; 4] =
    ["admission.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "imagepolicy.k8s.io"];

/// Adds every definition that a text names, directly or by way of others.
fn add_referenced(text: &str, is_custom: bool, schemas: &mut BTreeMap<String, String>) {
    let mut waiting = text::references(text);
    waiting.extend(schemas.values().flat_map(|schema| text::references(schema)));
    while let Some(name) = waiting.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(mut schema) = openapi::definition_v3(&name) else { continue };
        if let Some(kinds) = schema.get_mut("x-kubernetes-group-version-kind").filter(|_| is_custom)
            && let Some(kinds) = kinds.as_array_mut()
        {
            let group = |kind: &Value| kind["group"].as_str().unwrap_or_default().to_owned();
            kinds.retain(|kind| !UNKNOWN_TO_CLIENTS.contains(&group(kind).as_str()));
        }
        let printed = openapi::print(&schema);
        waiting.extend(text::references(&printed));
        schemas.insert(name, printed);
    }
}

/// Returns the words of a list as JSON strings.
fn strings(words: &[&str]) -> String {
    array(words.iter().map(|word| string(word)))
}
