//! The table of resources that a server of Kubernetes 1.36 serves by default.

use std::sync::OnceLock;

use flux_manifest::GroupVersionKind;

#[cfg(test)]
mod tests;

static TABLE: &str = include_str!("../data/resources.txt");

const ALL_VERBS: &str = "create,delete,deletecollection,get,list,patch,update,watch";
const SUBRESOURCE_VERBS: &str = "get,patch,update";

/// Whether the objects of a resource live in namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Objects belong to a namespace.
    Namespaced,
    /// Objects belong to the cluster.
    Cluster,
}

/// A resource of the table.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Group, version and kind of its objects.
    pub kind: GroupVersionKind,
    /// The plural name, as in paths.
    pub plural: &'static str,
    /// The singular name.
    pub singular: String,
    /// Where its objects live.
    pub scope: Scope,
    /// Short names for the command line.
    pub short_names: Vec<&'static str>,
    /// Categories such as `all`.
    pub categories: Vec<&'static str>,
    /// What can be done with it, sorted.
    pub verbs: Vec<&'static str>,
    /// Its subresources, sorted by name.
    pub subresources: Vec<Subresource>,
    /// The kind under which its objects are stored; `kind` unless several versions share a storage.
    pub stored_as: GroupVersionKind,
}

/// A subresource of a [`Resource`].
#[derive(Clone, Debug)]
pub struct Subresource {
    /// Its name, such as `status`.
    pub name: &'static str,
    /// The kind of its bodies.
    pub kind: GroupVersionKind,
    /// What can be done with it, sorted.
    pub verbs: Vec<&'static str>,
}

/// Returns all resources, in the order in which their groups appear in discovery.
///
/// Inside a group the preferred version comes first, inside a version resources are sorted by name.
pub fn all() -> &'static [Resource] {
    static ALL: OnceLock<Vec<Resource>> = OnceLock::new();
    ALL.get_or_init(|| TABLE.lines().filter_map(parse_line).collect())
}

/// Returns the resource with this plural name in this group and version.
pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    all().iter().find(|resource| {
        resource.kind.group == group
            && resource.kind.version == version
            && resource.plural == plural
    })
}

/// Returns the resource whose objects have this kind.
pub fn of_kind(kind: &GroupVersionKind) -> Option<&'static Resource> {
    all().iter().find(|resource| resource.kind == *kind)
}

fn parse_line(line: &'static str) -> Option<Resource> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split(' ');
    let api_version = words.next()?;
    let plural = words.next()?;
    let kind = GroupVersionKind::from_api_version(api_version, words.next()?);
    let scope = if words.next()? == "ns" { Scope::Namespaced } else { Scope::Cluster };
    let short_names = list(words.next()?);
    let categories = list(words.next()?);
    let verbs = verbs(words.next()?);
    let subresources = words.filter_map(|word| parse_subresource(word, &kind)).collect();
    let singular = kind.kind.to_lowercase();
    let stored_as = stored_as(&kind);
    Some(Resource {
        kind,
        plural,
        singular,
        scope,
        short_names,
        categories,
        verbs,
        subresources,
        stored_as,
    })
}

fn parse_subresource(word: &'static str, parent: &GroupVersionKind) -> Option<Subresource> {
    let (name, rest) = word.split_once('=')?;
    let (kind, verb_list) = rest.rsplit_once(':')?;
    let kind = match kind.rsplit_once('/') {
        Some((api_version, kind)) => GroupVersionKind::from_api_version(api_version, kind),
        None => parent.clone(),
    };
    Some(Subresource { name, kind, verbs: verbs(verb_list) })
}

fn verbs(word: &'static str) -> Vec<&'static str> {
    match word {
        "*" => list(ALL_VERBS),
        "rw" => list(SUBRESOURCE_VERBS),
        other => list(other),
    }
}

fn list(word: &'static str) -> Vec<&'static str> {
    word.split(',').filter(|entry| *entry != "-").collect()
}

fn stored_as(kind: &GroupVersionKind) -> GroupVersionKind {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("events.k8s.io", "Event") => GroupVersionKind::new("", "v1", "Event"),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            GroupVersionKind::new("autoscaling", "v2", "HorizontalPodAutoscaler")
        }
        _ => kind.clone(),
    }
}
