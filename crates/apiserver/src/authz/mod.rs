//! Who may do what: RBAC, escalation checks, impersonation, and the reviews that ask about it.

mod bootstrap;
mod escalation;
mod impersonation;
mod reviews;
mod rules;
mod rules_review;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

pub(crate) use bootstrap::install as install_bootstrap_policy;
pub(crate) use escalation::check as check_escalation;
pub(crate) use impersonation::impersonate;
pub(crate) use reviews::{answer as answer_review, user_value};
pub(crate) use rules::Rule;

use crate::authn::User;
use crate::request::{Target, TargetKind};
use crate::status::{GroupResource, Status};
use crate::store::{Collection, Store};

/// The group of RBAC kinds.
pub(crate) const RBAC: &str = "rbac.authorization.k8s.io";
/// Members may do anything.
const MASTERS: &str = "system:masters";

/// What somebody wants to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) verb: String,
    pub(crate) namespace: String,
    pub(crate) group: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    /// For requests that name no resource.
    pub(crate) path: Option<String>,
}

impl Attributes {
    /// Returns what a request wants; `field_name` is the name that a field selector asks for.
    pub(crate) fn of(target: &Target, field_name: Option<&str>) -> Self {
        if target.kind == TargetKind::Other {
            return Self {
                verb: target.verb.to_owned(),
                path: Some(target.path.clone()),
                ..Self::default()
            };
        }
        let by_field = matches!(target.verb, "list" | "watch" | "deletecollection");
        let name = match field_name.filter(|_| by_field && target.name.is_empty()) {
            Some(name) => name.to_owned(),
            None => target.name.clone(),
        };
        Self {
            verb: target.verb.to_owned(),
            namespace: target.namespace.clone(),
            group: target.group.clone(),
            resource: target.resource.clone(),
            subresource: target.subresource.clone(),
            name,
            path: None,
        }
    }

    fn full_resource(&self) -> String {
        match self.subresource.as_str() {
            "" => self.resource.clone(),
            sub => format!("{}/{sub}", self.resource),
        }
    }

    /// 403 in the original's words.
    pub(crate) fn forbidden(&self, user: &User, reason: &str) -> Status {
        let who = Value::from(user.name.as_str());
        let mut why = match &self.path {
            Some(path) => {
                format!("User {who} cannot {} path {}", self.verb, Value::from(path.as_str()))
            }
            None => {
                let place = match self.namespace.as_str() {
                    "" => "at the cluster scope".to_owned(),
                    namespace => format!("in the namespace {}", Value::from(namespace)),
                };
                format!(
                    "User {who} cannot {} resource {} in API group {} {place}",
                    self.verb,
                    Value::from(self.full_resource()),
                    Value::from(self.group.as_str())
                )
            }
        };
        if !reason.is_empty() {
            why = format!("{why}: {reason}");
        }
        let resource = GroupResource { group: &self.group, resource: &self.resource };
        Status::forbidden(resource, &self.name, &why)
    }
}

/// What RBAC says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
}

/// Decides by the roles and bindings in a store.
#[derive(Default)]
pub(crate) struct Authorizer {
    compiled: Mutex<Option<(u64, Arc<Policy>)>>,
    aggregates: bool,
    /// Users who were last let through by the old verb `impersonate`.
    legacy_impersonators: Mutex<std::collections::BTreeSet<String>>,
}

impl Authorizer {
    /// Makes an authorizer; with `aggregation` on, roles contain what their selectors choose.
    pub(crate) fn new(aggregation: crate::options::Toggle) -> Self {
        Self { aggregates: aggregation == crate::options::Toggle::On, ..Self::default() }
    }

    /// Decides about one request.
    pub(crate) fn authorize(&self, store: &Store, user: &User, wanted: &Attributes) -> Decision {
        if user.is_in(MASTERS) {
            return Decision { allowed: true, reason: String::new() };
        }
        let policy = self.policy(store);
        let mut missing = Vec::new();
        for (rules, binding) in policy.rules_for(user, &wanted.namespace, &mut missing) {
            if rules.iter().any(|rule| rule.allows(wanted)) {
                return Decision { allowed: true, reason: format!("RBAC: {binding}") };
            }
        }
        let reason = match missing.as_slice() {
            [] => String::new(),
            [one] => format!("RBAC: {one}"),
            several => format!("RBAC: [{}]", several.join(", ")),
        };
        Decision { allowed: false, reason }
    }

    /// Returns every rule that applies to a user in a namespace.
    pub(crate) fn rules_for(&self, store: &Store, user: &User, namespace: &str) -> Vec<Rule> {
        let policy = self.policy(store);
        let found = policy.rules_for(user, namespace, &mut Vec::new());
        found.iter().flat_map(|(rules, _)| rules.iter()).cloned().collect()
    }

    /// Returns the rules of a role.
    pub(crate) fn role_rules(
        &self,
        store: &Store,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Option<Vec<Rule>> {
        let namespace = if kind == "Role" { namespace } else { "" };
        let key = (namespace.to_owned(), name.to_owned());
        self.policy(store).roles.get(&key).map(|rules| rules.to_vec())
    }

    fn policy(&self, store: &Store) -> Arc<Policy> {
        let kinds = ["roles", "clusterroles", "rolebindings", "clusterrolebindings"];
        let revisions = kinds.iter().map(|kind| store.last_change(&Collection::new(RBAC, kind)));
        let revision = revisions.max().unwrap_or(0);
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        match &*compiled {
            Some((at, policy)) if *at == revision => policy.clone(),
            _ => {
                let policy = Arc::new(Policy::read(store, self.aggregates));
                *compiled = Some((revision, policy.clone()));
                policy
            }
        }
    }
}

/// Roles and bindings, read once.
struct Policy {
    /// By namespace (empty for cluster roles) and name.
    roles: HashMap<(String, String), Arc<[Rule]>>,
    cluster_bindings: Vec<Binding>,
    bindings: HashMap<String, Vec<Binding>>,
}

struct Binding {
    name: String,
    role_kind: String,
    role: String,
    subjects: Vec<Subject>,
}

struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

impl Policy {
    fn read(store: &Store, aggregates: bool) -> Self {
        let list = |kind: &str| {
            let collection = Collection::new(RBAC, kind);
            store.list(&collection, "").into_iter().map(|stored| stored.to_value())
        };
        let mut roles = HashMap::new();
        for role in list("roles") {
            let key =
                (crate::meta::namespace(&role).to_owned(), crate::meta::name(&role).to_owned());
            roles.insert(key, Rule::list(&role).into());
        }
        let cluster_roles: Vec<Value> = list("clusterroles").collect();
        for role in &cluster_roles {
            let rules = match aggregates && role.get("aggregationRule").is_some() {
                true => rules::aggregated(role, &cluster_roles),
                false => Rule::list(role),
            };
            roles.insert((String::new(), crate::meta::name(role).to_owned()), rules.into());
        }
        let mut bindings: HashMap<String, Vec<Binding>> = HashMap::new();
        for binding in list("rolebindings") {
            let namespace = crate::meta::namespace(&binding).to_owned();
            bindings.entry(namespace).or_default().push(Binding::read(&binding));
        }
        let cluster_bindings = list("clusterrolebindings").map(|one| Binding::read(&one)).collect();
        Self { roles, cluster_bindings, bindings }
    }

    /// Returns the rules of each binding that names the user, with a text that names the binding.
    fn rules_for(
        &self,
        user: &User,
        namespace: &str,
        missing: &mut Vec<String>,
    ) -> Vec<(Arc<[Rule]>, String)> {
        let mut found = Vec::new();
        let own = self.bindings.get(namespace).filter(|_| !namespace.is_empty());
        let all = self.cluster_bindings.iter().map(|binding| (binding, ""));
        let all = all.chain(own.into_iter().flatten().map(|binding| (binding, namespace)));
        for (binding, place) in all {
            let Some(subject) = binding.subject_of(user, place) else { continue };
            let role_place = if binding.role_kind == "Role" { place } else { "" };
            let key = (role_place.to_owned(), binding.role.clone());
            match self.roles.get(&key) {
                Some(rules) => found.push((rules.clone(), binding.text(subject, place))),
                None => missing.push(format!(
                    "{}.{RBAC} \"{}\" not found",
                    binding.role_kind.to_lowercase(),
                    binding.role
                )),
            }
        }
        found
    }
}

impl Binding {
    fn read(value: &Value) -> Self {
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let role = value.get("roleRef").unwrap_or(&Value::Null);
        let subjects = value.get("subjects").and_then(Value::as_array);
        let subjects = subjects.into_iter().flatten().map(|subject| Subject {
            kind: text(subject, "kind"),
            name: text(subject, "name"),
            namespace: text(subject, "namespace"),
        });
        Self {
            name: crate::meta::name(value).to_owned(),
            role_kind: text(role, "kind"),
            role: text(role, "name"),
            subjects: subjects.collect(),
        }
    }

    fn subject_of(&self, user: &User, namespace: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| match subject.kind.as_str() {
            "User" => subject.name == user.name,
            "Group" => user.is_in(&subject.name),
            "ServiceAccount" => {
                let own = match subject.namespace.as_str() {
                    "" => namespace,
                    own => own,
                };
                !own.is_empty()
                    && user.name == format!("system:serviceaccount:{own}:{}", subject.name)
            }
            _ => false,
        })
    }

    fn text(&self, subject: &Subject, namespace: &str) -> String {
        let (kind, name) = match namespace {
            "" => ("ClusterRoleBinding", self.name.clone()),
            _ => ("RoleBinding", format!("{}/{namespace}", self.name)),
        };
        let who = match (subject.kind.as_str(), subject.namespace.as_str()) {
            ("ServiceAccount", own) if !own.is_empty() => format!("{}/{own}", subject.name),
            _ => subject.name.clone(),
        };
        format!(
            "allowed by {kind} \"{name}\" of {} \"{}\" to {} \"{who}\"",
            self.role_kind, self.role, subject.kind
        )
    }
}
