//! Kinds with little more than defaults.

use serde_json::Value;

use super::strategy::{Generation, Rules};
use super::value::{Check, each, fill, fill_empty, inside, int, make};
use crate::registry::Context;
use crate::status::{FieldErrors, Status};

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
