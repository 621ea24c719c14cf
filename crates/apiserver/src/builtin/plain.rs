//! Kinds with little more than defaults.

use serde_json::Value;

use super::strategy::{Generation, Rules};
use super::value::{Check, each, fill, fill_empty, inside, int, items, make, text, texts};
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

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        _: Option<&Value>,
    ) -> Result<(), Status> {
        if object["globalDefault"] != true {
            return Ok(());
        }
        let all = ctx.view.list("scheduling.k8s.io", "priorityclasses", "");
        let name = crate::meta::name(object);
        let other =
            all.iter().find(|one| one["globalDefault"] == true && crate::meta::name(one) != name);
        other.map_or(Ok(()), |other| {
            let why = format!(
                "PriorityClass {} is already marked as default. Only one default can exist",
                crate::meta::name(other)
            );
            Err(Status::forbidden(ctx.resource.group_resource(), name, &why))
        })
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let value = int(object, "value").unwrap_or(0);
        let policy = text(object, "preemptionPolicy");
        check.one_of("preemptionPolicy", policy, &["Never", "PreemptLowerPriority"]);
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

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        check_slice(&mut check, object);
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.immutable("addressType", &object["addressType"], &old["addressType"]);
        check_slice(&mut check, object);
        check.done()
    }
}

fn check_slice(check: &mut Check, object: &Value) {
    let kind = text(object, "addressType");
    if kind.is_empty() {
        check.required("addressType", "");
    } else {
        check.one_of("addressType", kind, &["FQDN", "IPv4", "IPv6"]);
    }
    for (at, endpoint) in items(object, "endpoints").iter().enumerate() {
        let path = format!("endpoints[{at}].addresses");
        let addresses = texts(endpoint, "addresses");
        if addresses.is_empty() {
            check.required(&path, "must contain at least 1 address");
        }
        for (index, address) in addresses.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            let (fits, why) = match kind {
                "IPv4" => {
                    (address.parse::<std::net::Ipv4Addr>().is_ok(), "must be a valid IPv4 address")
                }
                "IPv6" => {
                    (address.parse::<std::net::Ipv6Addr>().is_ok(), "must be a valid IPv6 address")
                }
                _ => continue,
            };
            if !fits {
                check.invalid(path, address, why);
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    for (at, port) in items(object, "ports").iter().enumerate() {
        let path = format!("ports[{at}]");
        let name = text(port, "name");
        if !name.is_empty() {
            check.all(format!("{path}.name"), name, crate::names::dns_label_errors(name, None));
        }
        if !seen.insert(name) {
            let error = crate::status::FieldError::duplicate(format!("{path}.name"), name);
            check.push(error);
        }
        let protocol = text(port, "protocol");
        check.one_of(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]);
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
    fn prepare_create(&self, ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        // Who asks is known better than the client may say.
        let spec = crate::meta::map(make(object, "spec"));
        for key in ["username", "uid", "groups", "extra"] {
            spec.remove(key);
        }
        if let Value::Object(user) = crate::authz::user_value(ctx.user) {
            spec.extend(user);
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        if items(spec, "usages").is_empty() {
            check.required("spec.usages", "");
        }
        if let Some(seconds) = int(spec, "expirationSeconds").filter(|seconds| *seconds < 600) {
            let why = "may not specify a duration less than 600 seconds (10 minutes)";
            check.invalid("spec.expirationSeconds", seconds, why);
        }
        if text(spec, "signerName").is_empty() {
            check.required("spec.signerName", "");
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        check.immutable("spec", &object["spec"], &old["spec"]);
        check.done()
    }

    fn prepare_part(
        &self,
        _: &Context<'_>,
        update: crate::registry::Update<'_>,
    ) -> Result<(), Status> {
        super::value::copy_field(update.object, update.old, "spec");
        Ok(())
    }
}
