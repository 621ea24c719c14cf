//! `/openapi/v3`: an index, and a document for each version of a group.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::discovery::{hash, with_etag};
use crate::registry::{ResourceInfo, Resources};
use crate::respond::{Answer, to_json};

const DEFINITIONS: &str = "#/definitions/";

/// Answers paths of OpenAPI; `None` for other paths.
pub(crate) fn answer(resources: &Resources, headers: &HeaderMap, path: &str) -> Option<Answer> {
    let rest = path.strip_prefix("/openapi/v3")?.trim_matches('/');
    if rest.is_empty() {
        let index = to_json(&index(resources));
        return Some(Answer::text(200, index));
    }
    let (group, version) = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => (String::new(), (*version).to_owned()),
        ["apis", group, version] => ((*group).to_owned(), (*version).to_owned()),
        _ => return None,
    };
    let document = document(resources, &group, &version)?;
    Some(with_etag(headers, "application/json", to_json(&document)))
}

fn index(resources: &Resources) -> Value {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for info in resources.iter() {
        let path = match info.group.as_str() {
            "" => format!("api/{}", info.version),
            group => format!("apis/{group}/{}", info.version),
        };
        names.entry(path).or_default().push(format!("{}/{}", info.plural, info.shape));
    }
    let paths: Map<String, Value> = names
        .into_iter()
        .map(|(path, content)| {
            let hash = hash(content.join(",").as_bytes());
            let url = format!("/openapi/v3/{path}?hash={hash}");
            (path, json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({"paths": paths})
}

fn document(resources: &Resources, group: &str, version: &str) -> Option<Value> {
    let own: Vec<_> =
        resources.iter().filter(|one| one.group == group && one.version == version).collect();
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    let mut waiting = Vec::new();
    for info in &own {
        let kind = flux_manifest::GroupVersionKind::new(&info.group, &info.version, &info.kind);
        let gvk = json!({"group": info.group, "version": info.version, "kind": info.kind});
        paths.extend(operations(info, &gvk));
        match (&info.open_api_schema, flux_schema::openapi::name_of(&kind)) {
            (_, Some(name)) if !info.is_custom => waiting.push(name.to_owned()),
            (schema, _) => {
                let schema = schema.as_deref().cloned();
                let mut schema = schema.unwrap_or_else(|| json!({"type": "object"}));
                crate::meta::map(&mut schema)
                    .insert("x-kubernetes-group-version-kind".into(), json!([gvk]));
                schemas.insert(custom_name(info), schema);
            }
        }
    }
    while let Some(name) = waiting.pop() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(schema) = flux_schema::openapi::definition_v3(&name) else { continue };
        let references = flux_schema::openapi::references(&schema);
        waiting.extend(references.iter().map(|one| {
            let short = one.rsplit('/').next().unwrap_or(one);
            short.strip_prefix(DEFINITIONS).unwrap_or(short).to_owned()
        }));
        schemas.insert(name, schema);
    }
    (!own.is_empty()).then(|| {
        json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": crate::health::VERSION},
            "paths": paths,
            "components": {"schemas": schemas},
        })
    })
}

fn custom_name(info: &ResourceInfo) -> String {
    let mut parts: Vec<&str> = info.group.split('.').collect();
    parts.reverse();
    format!("{}.{}.{}", parts.join("."), info.version, info.kind)
}

/// Returns the paths of a resource with the options that clients look for.
fn operations(info: &ResourceInfo, gvk: &Value) -> Vec<(String, Value)> {
    let root = match info.group.as_str() {
        "" => format!("/api/{}", info.version),
        group => format!("/apis/{group}/{}", info.version),
    };
    let place = if info.is_namespaced() { "/namespaces/{namespace}" } else { "" };
    let operation = |action: &str, options: &[&str]| {
        let parameters: Vec<Value> = options
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
            .collect();
        json!({
            "parameters": parameters,
            "responses": {"200": {"description": "OK"}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
        })
    };
    let writes = ["dryRun", "fieldManager", "fieldValidation"];
    let patches = ["dryRun", "fieldManager", "fieldValidation", "force"];
    let collection = json!({"get": operation("list", &[]), "post": operation("post", &writes)});
    let object = json!({
        "get": operation("get", &[]),
        "put": operation("put", &writes),
        "patch": operation("patch", &patches),
        "delete": operation("delete", &["dryRun"]),
    });
    let mut paths = vec![
        (format!("{root}{place}/{}", info.plural), collection),
        (format!("{root}{place}/{}/{{name}}", info.plural), object),
    ];
    if info.is_namespaced() {
        let all = json!({"get": operation("list", &[])});
        paths.push((format!("{root}/{}", info.plural), all));
    }
    paths
}
