//! Admission policies, webhooks, and other kinds with little more than defaults.

use serde_json::{Value, json};

use super::strategy::{Generation, Rules};
use super::value::{Check, each, fill, fill_empty, inside, int, is_set, items, make, text};
use crate::registry::Context;
use crate::status::{FieldErrors, Status};

/// A policy of admission, validating or mutating.
pub(super) struct Policy;

impl Rules for Policy {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        fill(spec, "failurePolicy", "Fail");
        if let Some(constraints) = inside(spec, "matchConstraints") {
            default_match(constraints);
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        if !is_set(&object["spec"], "matchConstraints") {
            check.required("spec.matchConstraints", "");
        }
        check.one_of(
            "spec.failurePolicy",
            text(&object["spec"], "failurePolicy"),
            &["Fail", "Ignore"],
        );
        check.done()
    }
}

/// A binding of a policy.
pub(super) struct PolicyBinding;

impl Rules for PolicyBinding {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        if let Some(resources) = inside(make(object, "spec"), "matchResources") {
            default_match(resources);
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        if text(&object["spec"], "policyName").is_empty() {
            check.required("spec.policyName", "");
        }
        check.done()
    }
}

fn default_match(resources: &mut Value) {
    fill(resources, "matchPolicy", "Equivalent");
    fill(resources, "namespaceSelector", json!({}));
    fill(resources, "objectSelector", json!({}));
    for list in ["resourceRules", "excludeResourceRules"] {
        for rule in each(resources, list) {
            fill(rule, "scope", "*");
        }
    }
}

/// A configuration of webhooks.
pub(super) struct Webhooks {
    pub(super) is_mutating: bool,
}

impl Rules for Webhooks {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        for webhook in each(object, "webhooks") {
            fill(webhook, "failurePolicy", "Fail");
            fill(webhook, "matchPolicy", "Equivalent");
            fill(webhook, "namespaceSelector", json!({}));
            fill(webhook, "objectSelector", json!({}));
            fill(webhook, "timeoutSeconds", 10);
            if self.is_mutating {
                fill(webhook, "reinvocationPolicy", "Never");
            }
            for rule in each(webhook, "rules") {
                fill(rule, "scope", "*");
            }
            if let Some(service) =
                inside(webhook, "clientConfig").and_then(|config| inside(config, "service"))
            {
                fill(service, "port", 443);
            }
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        for (at, webhook) in items(object, "webhooks").iter().enumerate() {
            let path = format!("webhooks[{at}]");
            check_webhook(&mut check, &path, webhook);
        }
        check.done()
    }
}

fn check_webhook(check: &mut Check, path: &str, webhook: &Value) {
    let name = text(webhook, "name");
    if name.is_empty() {
        check.required(format!("{path}.name"), "");
    } else {
        let wrong = crate::names::dns_subdomain_errors(name, None);
        check.all(format!("{path}.name"), name, wrong);
        if name.split('.').count() < 3 {
            let why = "should be a domain with at least three segments separated by dots";
            check.invalid(format!("{path}.name"), name, why);
        }
    }
    if items(webhook, "admissionReviewVersions").is_empty() {
        let why = "must specify one of v1, v1beta1";
        check.required(format!("{path}.admissionReviewVersions"), why);
    }
    match webhook.get("sideEffects").and_then(Value::as_str) {
        None => {
            check.required(format!("{path}.sideEffects"), "must specify one of None, NoneOnDryRun")
        }
        Some(effects) => {
            check.one_of(format!("{path}.sideEffects"), effects, &["None", "NoneOnDryRun"]);
        }
    }
    let seconds = int(webhook, "timeoutSeconds").unwrap_or(10);
    if !(1..=30).contains(&seconds) {
        let why = "the timeout value must be between 1 and 30 seconds";
        check.invalid(format!("{path}.timeoutSeconds"), seconds, why);
    }
    let config = &webhook["clientConfig"];
    if is_set(config, "url") == is_set(config, "service") {
        let why = "exactly one of url or service is required";
        check.required(format!("{path}.clientConfig"), why);
    }
}

pub(super) struct PriorityClass;

impl Rules for PriorityClass {
    fn prepare_create(&self, _: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        // It is set once and never counted on.
        crate::meta::of(object).insert("generation".into(), 1.into());
        Ok(())
    }

    fn default(&self, object: &mut Value) {
        fill(object, "preemptionPolicy", "PreemptLowerPriority");
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let value = int(object, "value").unwrap_or(0);
        let name = crate::meta::name(object);
        if name.starts_with("system-") {
            let known = [
                ("system-node-critical", 2_000_001_000),
                ("system-cluster-critical", 2_000_000_000),
            ];
            if !known.contains(&(name, value)) {
                let why = "priority class names with 'system-' prefix are reserved for system use \
                           only. error: ";
                check.forbidden("metadata.name", why);
            }
        } else if value > 1_000_000_000 {
            let why = "maximum allowed value of a user defined priority is 1000000000";
            check.forbidden("value", why);
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        if object["value"] != old["value"] {
            check.forbidden("value", "may not be changed in an update.");
        }
        check.immutable("preemptionPolicy", &object["preemptionPolicy"], &old["preemptionPolicy"]);
        check.done()
    }
}

pub(super) struct ApiService;

impl Rules for ApiService {
    fn default(&self, object: &mut Value) {
        if let Some(service) = inside(make(object, "spec"), "service") {
            fill(service, "port", 443);
        }
    }
}

pub(super) struct Endpoints;

impl Rules for Endpoints {
    fn default(&self, object: &mut Value) {
        for subset in each(object, "subsets") {
            for port in each(subset, "ports") {
                fill_empty(port, "protocol", "TCP");
            }
        }
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }
}

pub(super) struct EndpointSlice;

impl Rules for EndpointSlice {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        for port in each(object, "ports") {
            fill(port, "name", "");
            fill(port, "protocol", "TCP");
        }
    }
}

pub(super) struct Lease;

impl Rules for Lease {
    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
            check.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0");
        }
        if let Some(count) = int(spec, "leaseTransitions").filter(|count| *count < 0) {
            let why = "must be greater than or equal to 0";
            check.invalid("spec.leaseTransitions", count, why);
        }
        check.done()
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn allows_unconditional_update(&self) -> bool {
        false
    }
}

pub(super) struct PodTemplate;

impl Rules for PodTemplate {
    fn default(&self, object: &mut Value) {
        super::pod::default_template(make(object, "template"));
    }
}

/// Requests for certificates: stored, and signed by nobody.
pub(super) struct SigningRequest;

impl Rules for SigningRequest {
    fn prepare_part(
        &self,
        _: &Context<'_>,
        update: crate::registry::Update<'_>,
    ) -> Result<(), Status> {
        super::value::copy_field(update.object, update.old, "spec");
        Ok(())
    }
}
