//! Workloads: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs.

mod batch;
mod daemon_set;
mod deployment;
mod stateful_set;
mod status;

use serde_json::Value;

use super::pod::{check_template_with, name_warning, security, warnings};
use super::value::{Check, check_selector, items, selects, selects_all, text};
use crate::meta;
use crate::registry::Context;
use crate::status::FieldError;

pub(super) use batch::{CronJob, Job};
pub(super) use daemon_set::DaemonSet;
pub(super) use deployment::{Deployment, ReplicaSet, ReplicationController};
pub(super) use stateful_set::StatefulSet;

/// What a kind of workload wants of its template and selector.
struct Template<'a> {
    spec: &'a Value,
    /// How the kind is called in the text about empty selectors.
    noun: &'a str,
    restart_policies: &'a [&'a str],
}

impl Template<'_> {
    /// Checks the selector on its own.
    fn check_selector(&self, check: &mut Check) {
        let selector = &self.spec["selector"];
        if selector.is_null() {
            check.required("spec.selector", "");
            return;
        }
        check_selector(check, "spec.selector", selector);
        if selects_all(selector) {
            let why = format!("empty selector is invalid for {}", self.noun);
            check.invalid("spec.selector", selector.clone(), &why);
        }
    }

    /// Checks the template and that the selector selects what it makes.
    fn check_template(&self, check: &mut Check) {
        let template = &self.spec["template"];
        let labels = &template["metadata"]["labels"];
        let selector = &self.spec["selector"];
        if (selector.is_null() || !selects_all(selector)) && !selects(selector, labels) {
            let why = "`selector` does not match template `labels`";
            check.invalid("spec.template.metadata.labels", labels.clone(), why);
        }
        let claims: Vec<&str> = claim_templates(self.spec).iter().map(meta::name).collect();
        check_template_with(check, "spec.template", template, &claims);
        let policy = text(&template["spec"], "restartPolicy");
        if ["Always", "OnFailure", "Never"].contains(&policy)
            && !self.restart_policies.contains(&policy)
        {
            check.push(FieldError::not_supported(
                "spec.template.spec.restartPolicy",
                policy,
                self.restart_policies,
            ));
        }
        if template["spec"].get("activeDeadlineSeconds").is_some() {
            let why = format!("activeDeadlineSeconds in {} is not Supported", self.go_name());
            check.forbidden("spec.template.spec.activeDeadlineSeconds", &why);
        }
    }

    fn go_name(&self) -> &str {
        match self.noun {
            "statefulset" => "StatefulSet",
            "daemonset" => "DaemonSet",
            _ => "ReplicaSet",
        }
    }
}

/// Returns the warnings about a workload and its template, where that is at `path`.
fn template_warnings(
    ctx: &Context<'_>,
    path: &str,
    object: &Value,
    old: Option<&Value>,
) -> Vec<String> {
    let mut template = object;
    for step in path.split('.') {
        template = &template[step];
    }
    let mut all = Vec::new();
    if old.is_none() {
        all.extend(name_warning(object, "Pod names and hostnames"));
    }
    if old.is_none_or(|old| meta::generation(old) != meta::generation(object)) {
        all.extend(warnings::of_template(path, template));
    }
    all.extend(security::warnings(ctx, &template["metadata"], &template["spec"]));
    all
}

/// A number of Pods or a share of them.
pub(super) enum Amount {
    Count(i64),
    Percent(i64),
    Wrong,
}

impl Amount {
    pub(super) fn read(value: &Value) -> Self {
        match value {
            Value::String(text) => {
                let digits = text.strip_suffix('%');
                match digits.and_then(|digits| digits.parse().ok()) {
                    Some(percent) => Self::Percent(percent),
                    None => Self::Wrong,
                }
            }
            other => Self::Count(other.as_i64().unwrap_or(0)),
        }
    }

    pub(super) fn is_zero(value: &Value) -> bool {
        matches!(Self::read(value), Self::Count(0) | Self::Percent(0))
    }
}

/// Checks a number of Pods or a share of them.
pub(super) fn check_amount(check: &mut Check, path: &str, value: &Value) {
    match Amount::read(value) {
        Amount::Count(count) if count < 0 => {
            check.invalid(path, count, "must be greater than or equal to 0");
        }
        Amount::Count(_) => {}
        Amount::Percent(percent) if percent > 100 => {
            check.invalid(path, value.clone(), "must not be greater than 100%");
        }
        Amount::Percent(percent) if percent >= 0 => {}
        Amount::Percent(_) | Amount::Wrong => {
            let why = "a valid percent string must be a numeric string followed by an ending '%' \
                       (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
            check.invalid(path, value.clone(), why);
        }
    }
}

/// Checks the history limit and seconds that several kinds have.
fn check_numbers(check: &mut Check, spec: &Value, keys: &[&str]) {
    for key in keys {
        check.not_negative(spec, "spec", key);
    }
}

/// Returns the names of volume claim templates, for StatefulSets.
fn claim_templates(spec: &Value) -> &[Value] {
    items(spec, "volumeClaimTemplates")
}
