//! What is served, told to clients: group lists, resource lists, and both at once.

mod aggregated;
mod legacy;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::header::{ACCEPT, ETAG, IF_NONE_MATCH};

use crate::registry::{ResourceInfo, Resources};
use crate::request::{Accept, Clause, accept_clauses};
use crate::respond::{Answer, Content, to_json};
use crate::status::Status;

/// A group with its versions, best first, and their resources.
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    pub(crate) versions: Vec<Version<'a>>,
}

/// A version of a group.
pub(crate) struct Version<'a> {
    pub(crate) name: &'a str,
    pub(crate) resources: Vec<&'a Arc<ResourceInfo>>,
}

/// Returns all groups in the order of discovery: built-in ones as the original lists them, then
/// those of definitions by name. Versions come in the order of their maturity.
pub(crate) fn groups(resources: &Resources) -> Vec<Group<'_>> {
    let mut by_group: BTreeMap<&str, BTreeMap<&str, Vec<&Arc<ResourceInfo>>>> = BTreeMap::new();
    for info in resources.iter() {
        let versions = by_group.entry(&info.group).or_default();
        versions.entry(&info.version).or_default().push(info);
    }
    let rank = |name: &str| builtin_order().iter().position(|one| *one == name);
    let mut groups: Vec<Group<'_>> = by_group
        .into_iter()
        .map(|(name, versions)| {
            let mut versions: Vec<Version<'_>> =
                versions.into_iter().map(|(name, resources)| Version { name, resources }).collect();
            versions.sort_by_key(|version| std::cmp::Reverse(maturity(version.name)));
            Group { name, versions }
        })
        .collect();
    groups.sort_by_key(|group| (rank(group.name).unwrap_or(usize::MAX), group.name));
    groups
}

fn builtin_order() -> &'static [&'static str] {
    static ORDER: OnceLock<Vec<&'static str>> = OnceLock::new();
    ORDER.get_or_init(|| {
        let mut names: Vec<&str> = Vec::new();
        for resource in flux_schema::resources::all() {
            let group = resource.kind.group.as_str();
            if !names.contains(&group) {
                names.push(group);
            }
        }
        names
    })
}

/// Returns a key that sorts versions as Kubernetes does: v2 above v1 above v1beta2 above v1alpha1
/// above anything else, which sorts by name.
pub(crate) fn maturity(version: &str) -> (u8, u64, u64, std::cmp::Reverse<&str>) {
    let parsed = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, stage) = rest.split_at(end);
        let major = major.parse().ok()?;
        let (level, minor) = match stage {
            "" => (3, Some(0)),
            _ => match (stage.strip_prefix("beta"), stage.strip_prefix("alpha")) {
                (Some(minor), _) => (2, minor.parse().ok()),
                (_, Some(minor)) => (1, minor.parse().ok()),
                _ => return None,
            },
        };
        Some((level, major, minor?))
    };
    let (level, major, minor) = parsed().unwrap_or((0, 0, 0));
    (level, major, minor, std::cmp::Reverse(version))
}

/// Answers paths of discovery; `None` for other paths.
pub(crate) fn answer(
    resources: &Resources,
    headers: &HeaderMap,
    path: &str,
) -> Option<Result<Answer, Status>> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let encoding = Accept::encoding_only(accept);
    let value = match parts.as_slice() {
        ["api" | "apis"] => match wanted(accept) {
            Wanted::Aggregated(content_type) => {
                let groups = groups(resources);
                let core = parts == ["api"];
                let groups = groups.iter().filter(|group| group.name.is_empty() == core);
                let list = aggregated::list(groups);
                return Some(Ok(with_etag(headers, content_type, to_json(&list))));
            }
            Wanted::Nothing => return Some(Err(crate::read::not_acceptable())),
            Wanted::Legacy if parts == ["api"] => legacy::versions(),
            Wanted::Legacy => legacy::groups(&groups(resources)),
        },
        ["api", version] => legacy::resources(&find(resources, "", version)?),
        ["apis", group] => {
            legacy::group(groups(resources).iter().find(|one| one.name == *group)?, group)
        }
        ["apis", group, version] => legacy::resources(&find(resources, group, version)?),
        _ => return None,
    };
    Some(Ok(Answer::value(200, value).encoded(encoding)))
}

fn find(resources: &Resources, group: &str, version: &str) -> Option<Vec<Arc<ResourceInfo>>> {
    let found = resources.iter().filter(|one| one.group == group && one.version == version);
    let found: Vec<_> = found.cloned().collect();
    (!found.is_empty()).then_some(found)
}

enum Wanted {
    Legacy,
    Aggregated(&'static str),
    Nothing,
}

const V2: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

fn wanted(accept: Option<&str>) -> Wanted {
    let Some(accept) = accept.filter(|text| !text.trim().is_empty()) else {
        return Wanted::Legacy;
    };
    let choose = |clause: &Clause<'_>| {
        let json = matches!(clause.media_type, "application/json" | "application/*" | "*/*");
        match (clause.parameter("as"), clause.parameter("v")) {
            (None, _) if json || clause.media_type == "application/yaml" => Some(Wanted::Legacy),
            (Some("APIGroupDiscoveryList"), Some("v2"))
                if json && clause.parameter("g") == Some("apidiscovery.k8s.io") =>
            {
                Some(Wanted::Aggregated(V2))
            }
            _ => None,
        }
    };
    accept_clauses(accept).iter().find_map(choose).unwrap_or(Wanted::Nothing)
}

/// Answers with a document and its tag, or with 304 if the client has it.
fn with_etag(headers: &HeaderMap, content_type: &'static str, body: Vec<u8>) -> Answer {
    let tag = hash(&body);
    with_tag(headers, &tag, content_type, || body)
}

/// Answers with a document of which the tag is known, or with 304 if the client has it.
pub(crate) fn with_tag(
    headers: &HeaderMap,
    tag: &str,
    content_type: &'static str,
    body: impl FnOnce() -> Vec<u8>,
) -> Answer {
    let tag = format!("\"{tag}\"");
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = known.is_some_and(|text| text.split(',').any(|one| one.trim() == tag));
    let mut answer = match same {
        true => Answer::of(304, Content::Empty),
        false => Answer::of(200, Content::Raw(content_type, body().into())),
    };
    answer.headers.push((ETAG, tag));
    answer
}

/// Returns the SHA-512 in capital hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}
