//! What a path names, as the original's `RequestInfo` sees it.

use http::Method;

use super::query::{Query, decode_path};

/// What a path names and what is done to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    /// The whole path.
    pub(crate) path: String,
    /// Whether the path names a resource.
    pub(crate) kind: TargetKind,
    /// `get`, `list`, `deletecollection`, …; for other paths the method in lower case.
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    /// Whether the path has the old form `/api/v1/watch/…`.
    pub(crate) old_watch: bool,
    /// Number of path parts behind namespace and resource, beyond name and subresource.
    pub(crate) surplus: usize,
}

/// Whether a path names a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TargetKind {
    /// `/api/v1/…` or `/apis/GROUP/VERSION/…` with a resource.
    Resource,
    /// Anything else.
    #[default]
    Other,
}

/// Subresources of namespaces, which would else be read as resources inside of them.
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl Target {
    /// Reads method, path and query.
    pub(crate) fn parse(method: &Method, path: &str, query: &Query) -> Self {
        let mut target =
            Self { path: decode_path(path), verb: plain_verb(method), ..Self::default() };
        let parts: Vec<String> = path.trim_matches('/').split('/').map(decode_path).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let rest = match parts.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => {
                target.version = (*version).to_owned();
                rest
            }
            ["apis", group, version, rest @ ..] if !rest.is_empty() => {
                target.group = (*group).to_owned();
                target.version = (*version).to_owned();
                rest
            }
            _ => return target,
        };
        target.kind = TargetKind::Resource;
        target.read_resource(rest);
        target.verb = target.resource_verb(method, query);
        target
    }

    fn read_resource(&mut self, rest: &[&str]) {
        let mut rest = rest;
        if let ["watch", below @ ..] = rest {
            self.old_watch = true;
            rest = below;
        }
        match rest {
            ["namespaces", namespace, sub, surplus @ ..]
                if NAMESPACE_SUBRESOURCES.contains(sub) =>
            {
                self.namespace = (*namespace).to_owned();
                self.resource = "namespaces".to_owned();
                self.name = (*namespace).to_owned();
                self.subresource = (*sub).to_owned();
                self.surplus = surplus.len();
            }
            ["namespaces", namespace, resource, below @ ..] => {
                self.namespace = (*namespace).to_owned();
                self.resource = (*resource).to_owned();
                self.read_below(below);
            }
            ["namespaces", name] => {
                self.namespace = (*name).to_owned();
                self.resource = "namespaces".to_owned();
                self.name = (*name).to_owned();
            }
            [resource, below @ ..] => {
                self.resource = (*resource).to_owned();
                self.read_below(below);
            }
            [] => {}
        }
    }

    fn read_below(&mut self, below: &[&str]) {
        if let [name, rest @ ..] = below {
            self.name = (*name).to_owned();
            if let [sub, surplus @ ..] = rest {
                self.subresource = (*sub).to_owned();
                self.surplus = surplus.len();
            }
        }
    }

    fn resource_verb(&self, method: &Method, query: &Query) -> &'static str {
        match method.as_str() {
            "GET" | "HEAD" if self.old_watch => "watch",
            "POST" => "create",
            "GET" | "HEAD" if !self.name.is_empty() => "get",
            "GET" | "HEAD" if query.flag("watch") == Some(true) => "watch",
            "GET" | "HEAD" => "list",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if self.name.is_empty() => "deletecollection",
            "DELETE" => "delete",
            _ => "",
        }
    }

    /// Tells whether the path names a namespace itself or something beside namespaces.
    pub(crate) fn object_namespace(&self) -> &str {
        if self.resource == "namespaces" && self.group.is_empty() { "" } else { &self.namespace }
    }
}

fn plain_verb(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "get",
        "HEAD" => "head",
        "POST" => "post",
        "PUT" => "put",
        "PATCH" => "patch",
        "DELETE" => "delete",
        "OPTIONS" => "options",
        _ => "",
    }
}
