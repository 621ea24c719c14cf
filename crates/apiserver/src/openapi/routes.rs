//! Which operations there are, as the original registers its routes.

use std::collections::BTreeMap;

use flux_schema::openapi;

use crate::registry::{ResourceInfo, Subresource, SubresourceBehaviour, Verb};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const LIST: [&str; 11] = [
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
];
const DELETE: [&str; 5] = [
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
];
const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];
const PATCH: [&str; 4] = ["dryRun", "fieldManager/patch", "fieldValidation", "force"];

/// An operation on a path.
pub(super) struct Operation {
    /// `get`, `put`, `post`, `delete` or `patch`.
    pub(super) method: &'static str,
    pub(super) description: String,
    pub(super) id: String,
    pub(super) tag: String,
    /// `list`, `watch`, …; empty for paths of discovery.
    pub(super) action: &'static str,
    /// Group, version and kind.
    pub(super) kind: Option<[String; 3]>,
    /// Names in the table of parameters, and `name`.
    pub(super) parameters: Vec<&'static str>,
    /// What `name` is the name of.
    pub(super) name_of: String,
    pub(super) body: Option<Body>,
    /// Code, text and definition of the answers beside 401.
    pub(super) answers: Vec<(u16, &'static str, String)>,
    pub(super) produces: &'static [&'static str],
}

/// What a request carries.
pub(super) struct Body {
    pub(super) definition: String,
    pub(super) consumes: &'static [&'static str],
    pub(super) is_required: bool,
}

/// Adds the paths that tell what there is.
pub(super) fn discovery(
    name: &str,
    is_built_in: impl Fn(&str) -> bool,
    paths: &mut BTreeMap<String, Vec<Operation>>,
) {
    let (id, description, definition) = match name.split('/').collect::<Vec<_>>().as_slice() {
        ["api" | "apis"] if name == "api" => {
            ("APIVersions", "get available API versions", "APIVersions")
        }
        ["apis"] => ("APIVersions", "get available API versions", "APIGroupList"),
        ["version"] => ("CodeVersion", "get the version information for this server", ""),
        ["api", _] if is_built_in("") => {
            ("APIResources", "get available resources", "APIResourceList")
        }
        ["apis", group] if is_built_in(group) => {
            ("APIGroup", "get information of a group", "APIGroup")
        }
        ["apis", group, _] if is_built_in(group) => {
            ("APIResources", "get available resources", "APIResourceList")
        }
        _ => return,
    };
    let (definition, produces): (_, &[&str]) = match definition {
        "" => ("io.k8s.apimachinery.pkg.version.Info".to_owned(), &["application/json"]),
        name => (format!("{META}.{name}"), &BUILT_IN),
    };
    let (prefix, tag) = prefix_and_tag(name);
    let operation = Operation {
        method: "get",
        description: description.to_owned(),
        id: format!("get{prefix}{id}"),
        tag,
        action: "",
        kind: None,
        parameters: Vec::new(),
        name_of: String::new(),
        body: None,
        answers: vec![(200, "OK", definition)],
        produces,
    };
    paths.insert(format!("/{name}/"), vec![operation]);
}

const BUILT_IN: [&str; 3] =
    ["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"];
const BUILT_IN_STREAMS: [&str; 5] = [
    "application/json",
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf",
    "application/vnd.kubernetes.protobuf;stream=watch",
    "application/yaml",
];
const CUSTOM: [&str; 2] = ["application/json", "application/yaml"];
const PATCHES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// Returns what operation names begin with after their verb, and the tag, for a path such as
/// `apis/apps/v1`.
fn prefix_and_tag(path: &str) -> (String, String) {
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.first() == Some(&"api") {
        parts.splice(0..1, ["apis", "core"]);
    }
    match parts.as_slice() {
        ["apis", group, rest @ ..] => {
            let group = group.strip_suffix(".k8s.io").unwrap_or(group);
            let (mut prefix, mut tag) = (identifier(group, true), identifier(group, false));
            if let [version, ..] = rest {
                prefix.push_str(&identifier(version, true));
                tag.push('_');
                tag.push_str(&identifier(version, false));
            }
            (prefix, tag)
        }
        [first, ..] => (String::new(), identifier(first, false)),
        [] => (String::new(), String::new()),
    }
}

/// Takes everything out of a name that is no letter and no digit; what follows is capitalised.
fn identifier(text: &str, mut capital: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        match c {
            c if c.is_alphabetic() || c == '_' || at > 0 && c.is_numeric() => {
                match std::mem::take(&mut capital) {
                    true => out.extend(c.to_uppercase()),
                    false => out.push(c),
                }
            }
            _ => capital = true,
        }
    }
    out
}

/// Adds the operations on a resource.
pub(super) fn of_resource(info: &ResourceInfo, paths: &mut BTreeMap<String, Vec<Operation>>) {
    let routes = Routes::new(info);
    let collection = format!("{}{}/{}", routes.root, routes.scope, info.plural);
    let object = format!("{collection}/{{name}}");
    let has = |verb| info.verbs.contains(&verb);
    let mut add = |path: &str, operations: Vec<Operation>| {
        if !operations.is_empty() {
            paths.entry(path.to_owned()).or_default().extend(operations);
        }
    };
    if info.is_namespaced() && has(Verb::List) {
        let all = format!("{}/{}", routes.root, info.plural);
        add(&all, vec![routes.list(Reach::Everywhere)]);
    }
    add(&collection, routes.collection(&has));
    add(&object, routes.object(&has));
    for sub in &info.subresources {
        add(&format!("{object}/{}", sub.name), routes.subresource(sub));
    }
    if !info.is_custom && has(Verb::Watch) {
        let watch = |path: &str| path.replacen(&routes.root, &format!("{}/watch", routes.root), 1);
        if info.is_namespaced() {
            let all = format!("{}/watch/{}", routes.root, info.plural);
            add(&all, vec![routes.watch_list(Reach::Everywhere)]);
        }
        add(&watch(&collection), vec![routes.watch_list(Reach::Scope)]);
        add(&watch(&object), vec![routes.watch_one()]);
    }
}

/// Whether an operation is about one scope or all namespaces.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Scope,
    Everywhere,
}

/// What an operation does to what.
struct Act<'a> {
    method: &'static str,
    action: &'static str,
    verb: &'static str,
    sub: Option<&'a Subresource>,
}

struct Routes<'a> {
    info: &'a ResourceInfo,
    root: String,
    scope: &'static str,
    prefix: String,
    tag: String,
    definition: String,
}

impl<'a> Routes<'a> {
    fn new(info: &'a ResourceInfo) -> Self {
        let name = super::name_of(info);
        let (prefix, tag) = prefix_and_tag(&name);
        Self {
            info,
            root: format!("/{name}"),
            scope: if info.is_namespaced() { "/namespaces/{namespace}" } else { "" },
            prefix,
            tag,
            definition: definition(info, &info.kind),
        }
    }

    fn operation(&self, act: &Act<'_>) -> Operation {
        let Act { method, action, verb, sub } = *act;
        let info = self.info;
        let namespaced = if info.is_namespaced() { "Namespaced" } else { "" };
        let suffix = sub.map(|sub| capitalised(&sub.name)).unwrap_or_default();
        // The verb is what it begins with; the rest is part of the name.
        let (verb, more) = match verb {
            "deletecollection" => ("delete", "Collection"),
            verb => (verb, ""),
        };
        let own = [&info.group, &info.version, &info.kind].map(String::clone);
        let kind = match sub.and_then(|sub| sub.kind.clone()).filter(|_| !info.is_custom) {
            Some((group, version, kind)) => [group, version, kind],
            None => own,
        };
        let mut parameters = vec!["pretty"];
        if info.is_namespaced() {
            parameters.push("namespace");
        }
        Operation {
            method,
            description: String::new(),
            id: format!("{verb}{}{more}{namespaced}{}{suffix}", self.prefix, info.kind),
            tag: self.tag.clone(),
            action,
            kind: Some(kind),
            parameters,
            name_of: info.kind.clone(),
            body: None,
            answers: Vec::new(),
            produces: if info.is_custom { &CUSTOM } else { &BUILT_IN },
        }
    }

    fn answers(&self, definition: &str, codes: &[u16]) -> Vec<(u16, &'static str, String)> {
        let text = |code| match code {
            201 => "Created",
            202 => "Accepted",
            _ => "OK",
        };
        codes.iter().map(|code| (*code, text(*code), definition.to_owned())).collect()
    }

    fn body(&self, definition: &str, is_required: bool) -> Option<Body> {
        let consumes: &[&str] = if self.info.is_custom { &CUSTOM } else { &["*/*"] };
        Some(Body { definition: definition.to_owned(), consumes, is_required })
    }

    fn list(&self, reach: Reach) -> Operation {
        let info = self.info;
        let mut operation =
            self.operation(&Act { method: "get", action: "list", verb: "list", sub: None });
        let watches = !info.is_custom && info.verbs.contains(&Verb::Watch);
        let what = if watches { "list or watch" } else { "list" };
        operation.description = format!("{what} objects of kind {}", info.kind);
        operation.parameters.extend(LIST);
        operation.answers = self.answers(&definition(info, &info.list_kind), &[200]);
        if !info.is_custom {
            operation.produces = &BUILT_IN_STREAMS;
        }
        self.reaching(operation, reach, "")
    }

    fn reaching(&self, mut operation: Operation, reach: Reach, list: &str) -> Operation {
        if reach == Reach::Everywhere {
            let verb = operation.action.strip_suffix("list").filter(|verb| !verb.is_empty());
            let verb = verb.unwrap_or("list");
            let kind = &self.info.kind;
            operation.id = format!("{verb}{}{kind}{list}ForAllNamespaces", self.prefix);
            operation.parameters.retain(|name| *name != "namespace");
        } else {
            operation.id.push_str(list);
        }
        operation
    }

    fn watch_list(&self, reach: Reach) -> Operation {
        let mut operation =
            self.operation(&Act { method: "get", action: "watchlist", verb: "watch", sub: None });
        operation.description = format!(
            "watch individual changes to a list of {}. deprecated: use the 'watch' parameter with \
             a list operation instead.",
            self.info.kind
        );
        self.reaching(self.watching(operation), reach, "List")
    }

    fn watch_one(&self) -> Operation {
        let mut operation =
            self.operation(&Act { method: "get", action: "watch", verb: "watch", sub: None });
        operation.description = format!(
            "watch changes to an object of kind {}. deprecated: use the 'watch' parameter with a \
             list operation instead, filtered to a single item with the 'fieldSelector' parameter.",
            self.info.kind
        );
        operation.parameters.push("name");
        self.watching(operation)
    }

    fn watching(&self, mut operation: Operation) -> Operation {
        operation.parameters.extend(LIST);
        operation.answers = self.answers(&format!("{META}.WatchEvent"), &[200]);
        operation.produces = &BUILT_IN_STREAMS;
        operation
    }

    fn collection(&self, has: &dyn Fn(Verb) -> bool) -> Vec<Operation> {
        let mut all = Vec::new();
        if has(Verb::List) {
            all.push(self.list(Reach::Scope));
        }
        if has(Verb::Create) {
            all.push(self.create(None));
        }
        if has(Verb::DeleteCollection) {
            let act = Act {
                method: "delete",
                action: "deletecollection",
                verb: "deletecollection",
                sub: None,
            };
            let mut operation = self.operation(&act);
            operation.description = format!("delete collection of {}", self.info.kind);
            let bookmarks = |name: &&str| !matches!(*name, "watch" | "allowWatchBookmarks");
            match self.info.is_custom {
                true => operation.parameters.extend(LIST),
                false => {
                    operation.parameters.extend(DELETE);
                    operation.parameters.extend(LIST.into_iter().filter(bookmarks));
                    operation.body = self.body(&format!("{META}.DeleteOptions"), false);
                }
            }
            operation.answers = self.answers(&format!("{META}.Status"), &[200]);
            all.push(operation);
        }
        all
    }

    fn create(&self, sub: Option<&Subresource>) -> Operation {
        let mut operation =
            self.operation(&Act { method: "post", action: "post", verb: "create", sub });
        let article = article(&self.info.kind);
        operation.description = match sub {
            Some(sub) => format!("create {} of{article}{}", sub.name, self.info.kind),
            None => format!("create{article}{}", self.info.kind),
        };
        let definition = self.definition_of(sub);
        operation.parameters.extend(WRITE);
        operation.body = self.body(&definition, true);
        operation.answers = self.answers(&definition, &[200, 201, 202]);
        if sub.is_some() {
            operation.parameters.push("name");
        }
        operation
    }

    fn definition_of(&self, sub: Option<&Subresource>) -> String {
        match sub.and_then(|sub| sub.kind.as_ref()) {
            Some((group, version, kind)) => {
                let kind = flux_manifest::GroupVersionKind::new(group, version, kind);
                openapi::name_of(&kind).unwrap_or_default().to_owned()
            }
            None => self.definition.clone(),
        }
    }

    fn object(&self, has: &dyn Fn(Verb) -> bool) -> Vec<Operation> {
        let mut all = self.changes(None, has);
        if has(Verb::Delete) {
            let act = Act { method: "delete", action: "delete", verb: "delete", sub: None };
            let mut operation = self.operation(&act);
            let kind = &self.info.kind;
            operation.description = format!("delete{}{kind}", article(kind));
            operation.parameters.push("name");
            operation.parameters.extend(DELETE);
            operation.body = self.body(&format!("{META}.DeleteOptions"), false);
            // A namespace is answered as well, but nobody says so.
            let returned = self.info.strategy.returns_deleted_object() && kind != "Namespace";
            let answer = match returned {
                true => self.definition.clone(),
                false => format!("{META}.Status"),
            };
            operation.answers = self.answers(&answer, &[200, 202]);
            all.push(operation);
        }
        all
    }

    /// Returns the operations that read and change an object or a part of it.
    fn changes(&self, sub: Option<&Subresource>, has: &dyn Fn(Verb) -> bool) -> Vec<Operation> {
        let info = self.info;
        let definition = self.definition_of(sub);
        let of = sub.map(|sub| format!(" {} of", sub.name)).unwrap_or_default();
        let mut all = Vec::new();
        let mut add = |act: Act<'_>, finish: &dyn Fn(&mut Operation)| {
            let mut operation = self.operation(&act);
            operation.parameters.push("name");
            finish(&mut operation);
            all.push(operation);
        };
        if has(Verb::Get) {
            add(Act { method: "get", action: "get", verb: "read", sub }, &|operation| {
                operation.description = format!("read{of} the specified {}", info.kind);
                operation.parameters.extend(info.is_custom.then_some("resourceVersion"));
                operation.answers = self.answers(&definition, &[200]);
            });
        }
        if has(Verb::Update) {
            add(Act { method: "put", action: "put", verb: "replace", sub }, &|operation| {
                operation.description = format!("replace{of} the specified {}", info.kind);
                operation.parameters.extend(WRITE);
                operation.body = self.body(&definition, true);
                operation.answers = self.answers(&definition, &[200, 201]);
            });
        }
        if has(Verb::Patch) {
            add(Act { method: "patch", action: "patch", verb: "patch", sub }, &|operation| {
                operation.description = format!("partially update{of} the specified {}", info.kind);
                operation.parameters.extend(PATCH);
                let (consumes, codes): (&[&str], &[u16]) = match info.is_custom {
                    true => (PATCHES.get(..3).unwrap_or(&PATCHES), &[200]),
                    false => (&PATCHES, &[200, 201]),
                };
                let patch = format!("{META}.Patch");
                operation.body = Some(Body { definition: patch, consumes, is_required: true });
                operation.answers = self.answers(&definition, codes);
            });
        }
        all
    }

    fn subresource(&self, sub: &Subresource) -> Vec<Operation> {
        // What connects to a running container is refused here.
        if matches!(sub.behaviour, SubresourceBehaviour::Refused(_)) {
            return Vec::new();
        }
        let mut all = self.changes(Some(sub), &|verb| sub.verbs.contains(&verb));
        if sub.verbs.contains(&Verb::Create) {
            all.push(self.create(Some(sub)));
        }
        all
    }
}

/// Returns the name of the definition of a kind of a resource.
fn definition(info: &ResourceInfo, kind: &str) -> String {
    let of = flux_manifest::GroupVersionKind::new(&info.group, &info.version, kind);
    match openapi::name_of(&of).filter(|_| !info.is_custom) {
        Some(name) => name.to_owned(),
        None => super::custom::model_name(&info.group, &info.version, kind),
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// Returns the article of a kind between blanks; plural nouns have none.
fn article(kind: &str) -> &'static str {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        return " ";
    }
    match kind.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) {
        true => " an ",
        false => " a ",
    }
}
