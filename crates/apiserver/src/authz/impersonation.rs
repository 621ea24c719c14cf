//! `Impersonate-*` headers: the constrained verbs of Kubernetes 1.36 and the old one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use http::HeaderMap;

use super::Attributes;
use crate::authn::User;
use crate::request::decode_path;
use crate::server::Core;
use crate::status::Status;

const AUTHENTICATION: &str = "authentication.k8s.io";
const ACCOUNT: &str = "system:serviceaccount:";
const NODE: &str = "system:node:";
/// How many users' way of impersonation is remembered.
const MAX_REMEMBERED: usize = 1024;

/// Returns the user that a request is to be made as.
///
/// # Errors
/// 403 if the real user may not impersonate, 400 if the headers make no sense.
pub(crate) fn impersonate(
    core: &Core,
    headers: &HeaderMap,
    user: Arc<User>,
    wanted: &Attributes,
) -> Result<Arc<User>, Status> {
    let Some(asked) = Asked::read(headers)? else { return Ok(user) };
    let legacy_first = remembered(core, &user);
    let constrained = || check_constrained(core, &user, &asked, wanted);
    let legacy = || check_legacy(core, &user, &asked);
    let by_legacy = match legacy_first {
        true => match legacy() {
            Ok(()) => true,
            Err(status) => constrained().map(|()| false).map_err(|_| status)?,
        },
        false => match constrained() {
            Ok(()) => false,
            Err(status) => legacy().map(|()| true).map_err(|_| status)?,
        },
    };
    if !user.is_in(super::MASTERS) && by_legacy != legacy_first {
        remember(core, &user, by_legacy);
    }
    Ok(Arc::new(asked.into_user()))
}

fn remembered(core: &Core, user: &User) -> bool {
    let known = &core.authorizer.legacy_impersonators;
    known.lock().unwrap_or_else(PoisonError::into_inner).contains(&user.name)
}

fn remember(core: &Core, user: &User, by_legacy: bool) {
    let known = &core.authorizer.legacy_impersonators;
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if !by_legacy || known.len() >= MAX_REMEMBERED {
        known.remove(&user.name);
        return;
    }
    known.insert(user.name.clone());
}

/// What the headers ask for.
struct Asked {
    name: String,
    uid: String,
    groups: Vec<String>,
    extra: BTreeMap<String, Vec<String>>,
}

impl Asked {
    fn read(headers: &HeaderMap) -> Result<Option<Self>, Status> {
        let texts = |name: &str| -> Vec<String> {
            let all = headers.get_all(name).iter();
            all.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
        };
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            if let Some(key) = name.as_str().strip_prefix("impersonate-extra-") {
                let value = value.to_str().unwrap_or_default().to_owned();
                extra.entry(decode_path(key)).or_default().push(value);
            }
        }
        let name = texts("impersonate-user").into_iter().next().unwrap_or_default();
        let uid = texts("impersonate-uid").into_iter().next().unwrap_or_default();
        let groups = texts("impersonate-group");
        if name.is_empty() {
            if uid.is_empty() && groups.is_empty() && extra.is_empty() {
                return Ok(None);
            }
            return Err(Status::bad_request(
                "requested impersonation without impersonating a user",
            ));
        }
        Ok(Some(Self { name, uid, groups, extra }))
    }

    fn account(&self) -> Option<(&str, &str)> {
        self.name.strip_prefix(ACCOUNT)?.split_once(':')
    }

    fn into_user(self) -> User {
        let account = self.account().map(|(namespace, _)| namespace.to_owned());
        let mut groups = self.groups;
        if let (true, Some(namespace)) = (groups.is_empty(), account) {
            groups = vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
            ];
        }
        let own = match self.name.as_str() {
            "system:anonymous" => "system:unauthenticated",
            _ => "system:authenticated",
        };
        if !groups.iter().any(|group| group == own) {
            groups.push(own.to_owned());
        }
        User { name: self.name, uid: self.uid, groups, extra: self.extra }
    }
}

fn allow(core: &Core, user: &User, wanted: &Attributes) -> Result<(), Status> {
    let decision = core.authorizer.authorize(&core.store, user, wanted);
    match decision.allowed {
        true => Ok(()),
        false => Err(wanted.forbidden(user, &decision.reason)),
    }
}

/// Both the deed while impersonating and the identity need a right.
fn check_constrained(
    core: &Core,
    user: &User,
    asked: &Asked,
    wanted: &Attributes,
) -> Result<(), Status> {
    let mode = match asked {
        _ if asked.account().is_some() => "serviceaccount",
        _ if asked.name.starts_with(NODE) => "arbitrary-node",
        _ => "user-info",
    };
    let mut deed = wanted.clone();
    deed.verb = format!("impersonate-on:{mode}:{}", wanted.verb);
    allow(core, user, &deed)?;
    let identity = |resource: &str, name: &str, verb: String| Attributes {
        verb,
        group: AUTHENTICATION.to_owned(),
        resource: resource.to_owned(),
        name: name.to_owned(),
        ..Attributes::default()
    };
    let own = format!("impersonate:{mode}");
    let who = match (asked.account(), asked.name.strip_prefix(NODE)) {
        (Some((namespace, name)), _) => {
            Attributes { namespace: namespace.to_owned(), ..identity("serviceaccounts", name, own) }
        }
        (_, Some(node)) => identity("nodes", node, own),
        _ => identity("users", &asked.name, own),
    };
    allow(core, user, &who)?;
    let verb = || "impersonate:user-info".to_owned();
    for (resource, subresource, name) in asked.further() {
        let mut one = identity(resource, &name, verb());
        one.subresource = subresource;
        allow(core, user, &one)?;
    }
    Ok(())
}

impl Asked {
    /// Goes over uid, groups and extra values: resource, subresource, name.
    fn further(&self) -> Vec<(&'static str, String, String)> {
        let mut all = Vec::new();
        all.extend(self.groups.iter().map(|group| ("groups", String::new(), group.clone())));
        for (key, values) in &self.extra {
            all.extend(values.iter().map(|value| ("userextras", key.clone(), value.clone())));
        }
        if !self.uid.is_empty() {
            all.push(("uids", String::new(), self.uid.clone()));
        }
        all
    }
}

/// The verb `impersonate`, whatever is done afterwards.
fn check_legacy(core: &Core, user: &User, asked: &Asked) -> Result<(), Status> {
    let identity = |group: &str, resource: &str, name: &str| Attributes {
        verb: "impersonate".to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        name: name.to_owned(),
        ..Attributes::default()
    };
    let who = match asked.account() {
        Some((namespace, name)) => {
            Attributes { namespace: namespace.to_owned(), ..identity("", "serviceaccounts", name) }
        }
        None => identity("", "users", &asked.name),
    };
    allow(core, user, &who)?;
    for (resource, subresource, name) in asked.further() {
        let group = if resource == "groups" { "" } else { AUTHENTICATION };
        let mut one = identity(group, resource, &name);
        one.subresource = subresource;
        allow(core, user, &one)?;
    }
    Ok(())
}
