//! Nobody grants what he does not hold, unless the verbs `escalate` or `bind` let him.

use serde_json::Value;

use super::{Attributes, RBAC, Rule, rules};
use crate::meta;
use crate::status::Status;
use crate::write::Scope;

/// Refuses roles and bindings that would grant more than the writer holds.
pub(crate) fn check(scope: &Scope<'_>, object: &Value, old: Option<&Value>) -> Result<(), Status> {
    let info = scope.info;
    let user = &scope.request.user;
    if info.group != RBAC || user.is_in(super::MASTERS) {
        return Ok(());
    }
    let same = |key: &str| old.is_some_and(|old| old.get(key) == object.get(key));
    match info.plural.as_str() {
        "roles" | "clusterroles" => {
            if same("rules") && same("aggregationRule") || allowed(scope, "escalate", object) {
                return Ok(());
            }
            refuse(scope, object, &Rule::list(object))
        }
        "rolebindings" | "clusterrolebindings" => {
            if same("roleRef") && same("subjects") || may_bind(scope, object) {
                return Ok(());
            }
            let (kind, name) =
                (meta::text(object, "/roleRef/kind"), meta::text(object, "/roleRef/name"));
            let authorizer = &scope.core.authorizer;
            let rules = authorizer.role_rules(&scope.core.store, kind, scope.namespace(), name);
            let rules = rules.ok_or_else(|| Status::not_found(info.group_resource(), name))?;
            refuse(scope, object, &rules)
        }
        _ => Ok(()),
    }
}

fn allowed(scope: &Scope<'_>, verb: &str, object: &Value) -> bool {
    let wanted = Attributes {
        verb: verb.to_owned(),
        namespace: scope.namespace().to_owned(),
        group: RBAC.to_owned(),
        resource: scope.info.plural.clone(),
        name: meta::name(object).to_owned(),
        ..Attributes::default()
    };
    scope.core.authorizer.authorize(&scope.core.store, &scope.request.user, &wanted).allowed
}

fn may_bind(scope: &Scope<'_>, object: &Value) -> bool {
    let resource = match meta::text(object, "/roleRef/kind") {
        "Role" => "roles",
        _ => "clusterroles",
    };
    let wanted = Attributes {
        verb: "bind".to_owned(),
        namespace: scope.namespace().to_owned(),
        group: RBAC.to_owned(),
        resource: resource.to_owned(),
        name: meta::text(object, "/roleRef/name").to_owned(),
        ..Attributes::default()
    };
    scope.core.authorizer.authorize(&scope.core.store, &scope.request.user, &wanted).allowed
}

fn refuse(scope: &Scope<'_>, object: &Value, granted: &[Rule]) -> Result<(), Status> {
    let user = &scope.request.user;
    let held = scope.core.authorizer.rules_for(&scope.core.store, user, scope.namespace());
    let missing: Vec<Rule> = granted
        .iter()
        .flat_map(Rule::break_down)
        .filter(|part| !held.iter().any(|rule| rule.covers(part)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut texts: Vec<String> = rules::compact(missing).iter().map(Rule::to_text).collect();
    texts.sort();
    texts.dedup();
    let groups: Vec<String> =
        user.groups.iter().map(|group| Value::from(group.as_str()).to_string()).collect();
    let why = format!(
        "user {} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}",
        Value::from(user.name.as_str()),
        groups.join(" "),
        texts.join("\n")
    );
    Err(Status::forbidden(scope.info.group_resource(), meta::name(object), &why))
}
