//! Roles and their bindings: names, references, checks. What they allow is judged elsewhere.

use serde_json::Value;

use super::strategy::{NameRule, Rules};
use super::value::{Check, each, fill_empty, inside, is_set, items, text};
use crate::names;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors};

const GROUP: &str = "rbac.authorization.k8s.io";

/// A Role or ClusterRole.
pub(super) struct Role {
    pub(super) is_cluster_wide: bool,
}

impl Rules for Role {
    fn names(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        for (at, rule) in items(object, "rules").iter().enumerate() {
            check_rule(&mut check, &format!("rules[{at}]"), rule, self.is_cluster_wide);
        }
        let selectors = items(&object["aggregationRule"], "clusterRoleSelectors");
        if is_set(object, "aggregationRule") && selectors.is_empty() {
            let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            check.required("aggregationRule.clusterRoleSelectors", why);
        }
        check.done()
    }
}

fn check_rule(check: &mut Check, path: &str, rule: &Value, is_cluster_wide: bool) {
    if items(rule, "verbs").is_empty() {
        check.required(format!("{path}.verbs"), "verbs must contain at least one value");
    }
    let paths = items(rule, "nonResourceURLs");
    if !paths.is_empty() {
        if !is_cluster_wide {
            let why = "namespaced rules cannot apply to non-resource URLs";
            check.invalid(format!("{path}.nonResourceURLs"), rule["nonResourceURLs"].clone(), why);
        }
        let others = ["apiGroups", "resources", "resourceNames"];
        if others.iter().any(|key| !items(rule, key).is_empty()) {
            let why = "rules cannot apply to both regular resources and non-resource URLs";
            check.invalid(format!("{path}.nonResourceURLs"), rule["nonResourceURLs"].clone(), why);
        }
        return;
    }
    if items(rule, "apiGroups").is_empty() {
        check.required(
            format!("{path}.apiGroups"),
            "resource rules must supply at least one api group",
        );
    }
    if items(rule, "resources").is_empty() {
        check.required(
            format!("{path}.resources"),
            "resource rules must supply at least one resource",
        );
    }
}

/// A RoleBinding or ClusterRoleBinding.
pub(super) struct Binding {
    pub(super) is_cluster_wide: bool,
}

impl Rules for Binding {
    fn names(&self) -> NameRule {
        NameRule::PathSegment
    }

    fn default(&self, object: &mut Value) {
        if let Some(role) = inside(object, "roleRef") {
            fill_empty(role, "apiGroup", GROUP);
        }
        for subject in each(object, "subjects") {
            if matches!(text(subject, "kind"), "User" | "Group") {
                fill_empty(subject, "apiGroup", GROUP);
            }
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let role = &object["roleRef"];
        check.one_of("roleRef.apiGroup", text(role, "apiGroup"), &[GROUP]);
        let kinds: &[&str] =
            if self.is_cluster_wide { &["ClusterRole"] } else { &["Role", "ClusterRole"] };
        check.one_of("roleRef.kind", text(role, "kind"), kinds);
        match text(role, "name") {
            "" => check.required("roleRef.name", ""),
            name => check.all("roleRef.name", name, names::path_segment_errors(name, None)),
        }
        for (at, subject) in items(object, "subjects").iter().enumerate() {
            check_subject(&mut check, &format!("subjects[{at}]"), subject, self.is_cluster_wide);
        }
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.extend(self.validate(ctx, object));
        if object["roleRef"] != old["roleRef"] {
            let shown = role_text(&object["roleRef"]);
            let error = FieldError::invalid("roleRef", Value::Null, "cannot change roleRef");
            check.push(error.showing(shown));
        }
        check.done()
    }
}

fn check_subject(check: &mut Check, path: &str, subject: &Value, is_cluster_wide: bool) {
    let name = text(subject, "name");
    if name.is_empty() {
        check.required(format!("{path}.name"), "");
    }
    let group = text(subject, "apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                let wrong = names::dns_subdomain_errors(name, None);
                check.all(format!("{path}.name"), name, wrong);
            }
            if !group.is_empty() {
                check.one_of(format!("{path}.apiGroup"), group, &[""]);
            }
            // Inside a namespace the binding's own is meant.
            if is_cluster_wide && text(subject, "namespace").is_empty() {
                check.required(format!("{path}.namespace"), "");
            }
        }
        "User" | "Group" => check.one_of(format!("{path}.apiGroup"), group, &[GROUP]),
        other => check.one_of(format!("{path}.kind"), other, &["ServiceAccount", "User", "Group"]),
    }
}

/// Prints a role reference in the order of the original's type.
fn role_text(role: &Value) -> String {
    let part = |key: &str| Value::from(text(role, key)).to_string();
    format!(
        "{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}",
        part("apiGroup"),
        part("kind"),
        part("name")
    )
}
