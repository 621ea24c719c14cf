//! ValidatingAdmissionPolicies: compiled once, run on every request that they match.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use flux_cel::{Program, Type};
use flux_manifest::LabelSelector;
use serde_json::Value;

use super::expressions::{BUDGET, Condition, Values, compile, environment};
use super::matching::Matching;
use super::{Attributes, EXEMPT};
use crate::meta;
use crate::registry::{ResourceInfo, View};
use crate::status::Status;
use crate::store::{Collection, Store};

/// How long a text that an expression made may be.
const MAX_MESSAGE: usize = 5 << 10;

/// The policies in a store, compiled when they changed.
#[derive(Default)]
pub(crate) struct Policies {
    compiled: Mutex<Option<(u64, Arc<Vec<Policy>>)>>,
}

impl Policies {
    fn current(&self, store: &Store) -> Arc<Vec<Policy>> {
        let kinds = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"];
        let [policies, bindings] = kinds.map(|kind| Collection::new(EXEMPT, kind));
        let revision = store.last_change(&policies).max(store.last_change(&bindings));
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        match &*compiled {
            Some((at, policies)) if *at == revision => policies.clone(),
            _ => {
                let list = |kind: &Collection| -> Vec<Value> {
                    store.list(kind, "").iter().map(|stored| stored.to_value()).collect()
                };
                let bindings = list(&bindings);
                let read = list(&policies).into_iter().map(|one| Policy::read(&one, &bindings));
                let read = Arc::new(read.filter(|one| !one.bindings.is_empty()).collect());
                *compiled = Some((revision, Arc::clone(&read)));
                read
            }
        }
    }
}

/// A policy that is bound to something.
struct Policy {
    name: String,
    constraints: Value,
    param_kind: Option<(String, String)>,
    ignores_failures: bool,
    conditions: Vec<Condition>,
    variables: Vec<(String, Result<Program, String>)>,
    validations: Vec<Validation>,
    annotations: Vec<Result<Program, String>>,
    bindings: Vec<Value>,
}

struct Validation {
    expression: String,
    program: Result<Program, String>,
    message: String,
    message_program: Option<Program>,
    reason: String,
}

impl Policy {
    fn read(value: &Value, bindings: &[Value]) -> Self {
        let name = meta::name(value).to_owned();
        let spec = value.get("spec").unwrap_or(&Value::Null);
        let param_kind = spec.get("paramKind").filter(|kind| kind.is_object()).map(|kind| {
            let text = |key: &str| meta::text(kind, key).to_owned();
            (text("/apiVersion"), text("/kind"))
        });
        let env = environment(param_kind.is_some());
        let list = |key: &str| spec.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let variables = list("variables").into_iter().map(|one| {
            let program = compile(&env, meta::text(&one, "/expression"), &[]);
            (meta::text(&one, "/name").to_owned(), program)
        });
        let validations = list("validations").into_iter().map(|one| {
            let text = |key: &str| meta::text(&one, key);
            let message = text("/messageExpression");
            Validation {
                expression: text("/expression").to_owned(),
                program: compile(&env, text("/expression"), &[Type::Bool]),
                message: text("/message").trim().to_owned(),
                message_program: (!message.trim().is_empty())
                    .then(|| compile(&env, message, &[Type::String]).ok())
                    .flatten(),
                reason: text("/reason").to_owned(),
            }
        });
        let annotations = list("auditAnnotations").into_iter().map(|one| {
            let types = [Type::String, Type::Null];
            compile(&env, meta::text(&one, "/valueExpression"), &types)
        });
        let own = |one: &&Value| meta::text(one, "/spec/policyName") == name;
        Self {
            constraints: spec.get("matchConstraints").cloned().unwrap_or_default(),
            param_kind,
            ignores_failures: meta::text(spec, "/failurePolicy") == "Ignore",
            conditions: Condition::list(&env, spec),
            variables: variables.collect(),
            validations: validations.collect(),
            annotations: annotations.collect(),
            bindings: bindings.iter().filter(own).cloned().collect(),
            name,
        }
    }
}

/// A refusal by a policy.
struct Denial {
    message: String,
    reason: String,
}

impl Denial {
    fn invalid(message: String) -> Self {
        Self { message, reason: String::new() }
    }
}

/// Runs every policy that matches.
pub(super) fn validate(of: &Attributes<'_>) -> Result<Vec<String>, Status> {
    let core = of.scope.core;
    let policies = core.policies.current(&core.store);
    let mut warnings = Vec::new();
    let mut denied: Option<(String, Denial)> = None;
    for policy in policies.iter() {
        let constraints =
            Matching { value: &policy.constraints, rules: "resourceRules", without_rules: false };
        let Some(seen_as) = constraints.find(of) else { continue };
        for binding in &policy.bindings {
            let name = meta::name(binding);
            let place =
                format!("ValidatingAdmissionPolicy '{}' with binding '{name}'", policy.name);
            let denials = match run_binding(policy, binding, of, &seen_as) {
                Ok(denials) => denials,
                Err(_) if policy.ignores_failures => continue,
                Err(why) => {
                    // What is set up wrongly refuses whatever the actions are.
                    let why = format!("failed to configure binding: {why}");
                    denied.get_or_insert((place, Denial::invalid(why)));
                    continue;
                }
            };
            for denial in denials {
                if acts(binding, "Warn") {
                    warnings.push(format!("Validation failed for {place}: {}", denial.message));
                }
                if acts(binding, "Deny") && denied.is_none() {
                    denied = Some((place.clone(), denial));
                }
            }
        }
    }
    match denied {
        None => Ok(warnings),
        Some((place, denial)) => Err(refusal(of, &place, &denial)),
    }
}

fn acts(binding: &Value, action: &str) -> bool {
    let actions = binding.pointer("/spec/validationActions").and_then(Value::as_array);
    actions.into_iter().flatten().any(|one| one == action)
}

fn refusal(of: &Attributes<'_>, place: &str, denial: &Denial) -> Status {
    let message = format!("{place} denied request: {}", denial.message);
    let name = of.name();
    let mut status = Status::forbidden(of.scope.info.group_resource(), name, &message);
    (status.code, status.reason) = match denial.reason.as_str() {
        "Unauthorized" => (401, "Unauthorized"),
        "Forbidden" => (403, "Forbidden"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        _ => (422, "Invalid"),
    };
    status.with_cause("", "", &message)
}

/// Runs a policy for one of its bindings, once for each of the parameters.
fn run_binding(
    policy: &Policy,
    binding: &Value,
    of: &Attributes<'_>,
    seen_as: &ResourceInfo,
) -> Result<Vec<Denial>, String> {
    if let Some(resources) = binding.pointer("/spec/matchResources") {
        let matching = Matching { value: resources, rules: "resourceRules", without_rules: true };
        if matching.find(of).is_none() {
            return Ok(Vec::new());
        }
    }
    let object = of.converted(of.object, seen_as);
    let old_object = of.converted(of.old, seen_as);
    let request = Value::Object(of.request(&of.scope.request.random.uuid(), seen_as));
    let view = View::new(&of.scope.core.store);
    let namespace = match of.is_namespace() || of.namespace().is_empty() {
        true => Value::Null,
        false => view.get("", "namespaces", "", of.namespace()).unwrap_or_default(),
    };
    let mut denials = Vec::new();
    for params in parameters(policy, binding, of)? {
        let values = Values {
            object: &object,
            old_object: &old_object,
            request: &request,
            params: &params,
            namespace: &namespace,
            variables: BTreeMap::new(),
            failed: BTreeMap::new(),
        };
        denials.extend(run(policy, values));
    }
    Ok(denials)
}

fn run(policy: &Policy, mut values: Values<'_>) -> Vec<Denial> {
    let mut budget = BUDGET;
    let failure = |why: String| (!policy.ignores_failures).then(|| Denial::invalid(why));
    match Condition::all_hold(&policy.conditions, &values, &mut budget) {
        Ok(true) => {}
        Ok(false) => return Vec::new(),
        Err(why) => return failure(why).into_iter().collect(),
    }
    for (name, program) in &policy.variables {
        values.compose(name, program, &mut budget);
    }
    let mut denials = Vec::new();
    for validation in &policy.validations {
        let outcome = match &validation.program {
            Ok(program) => values.run(program, &mut budget).map_err(|why| {
                format!("expression '{}' resulted in error: {why}", validation.expression)
            }),
            Err(why) => Err(format!("compilation error: {why}")),
        };
        match outcome.map(|value| value.as_bool()) {
            Ok(Some(true)) => {}
            Ok(_) => denials.push(Denial {
                message: message(validation, &values, &mut budget),
                reason: validation.reason.clone(),
            }),
            Err(why) => denials.extend(failure(why)),
        }
    }
    for annotation in &policy.annotations {
        // Their values go to an audit log, which there is not; their failures count.
        let outcome = match annotation {
            Ok(program) => values.run(program, &mut budget).map(|_| ()),
            Err(why) => Err(format!("compilation error: {why}")),
        };
        if let Err(why) = outcome {
            denials.extend(failure(why));
        }
    }
    denials
}

/// Returns what is said of a validation that failed: by its expression, its text, or itself.
fn message(validation: &Validation, values: &Values<'_>, budget: &mut u64) -> String {
    let made = validation.message_program.as_ref();
    let made = made.and_then(|program| values.run(program, budget).ok());
    let made = made.as_ref().and_then(|value| value.as_str()).unwrap_or_default().trim();
    if !made.is_empty() && made.len() <= MAX_MESSAGE && !made.contains('\n') {
        return made.to_owned();
    }
    match validation.message.as_str() {
        "" => format!("failed expression: {}", validation.expression.trim()),
        text => text.to_owned(),
    }
}

/// Returns the objects that a binding names as parameters; one without content if it names none.
fn parameters(policy: &Policy, binding: &Value, of: &Attributes<'_>) -> Result<Vec<Value>, String> {
    let reference = binding.pointer("/spec/paramRef").filter(|one| one.is_object());
    let (Some((api_version, kind)), Some(reference)) = (&policy.param_kind, reference) else {
        return Ok(vec![Value::Null]);
    };
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let resources = of.scope.core.registry.resources();
    let info = resources.by_kind(group, version, kind).ok_or_else(|| {
        format!("failed to find resource referenced by paramKind: '{api_version}, Kind={kind}'")
    })?;
    let namespace = match (info.is_namespaced(), meta::text(reference, "/namespace")) {
        (false, _) => "",
        (true, "") => of.namespace(),
        (true, own) => own,
    };
    if info.is_namespaced() && namespace.is_empty() {
        return Err(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped \
                    resources"
                .to_owned(),
        );
    }
    let store = &of.scope.core.store;
    let name = meta::text(reference, "/name");
    let found: Vec<Value> = match name {
        "" => {
            let selector = reference.get("selector").map(LabelSelector::from_value);
            let Some(Ok(selector)) = selector else { return Ok(vec![Value::Null]) };
            store
                .list(&info.storage, &crate::store::prefix(namespace))
                .iter()
                .map(|stored| crate::read::shown(info, stored))
                .filter(|one| selector.matches_map(one.pointer("/metadata/labels")))
                .collect()
        }
        name => {
            let stored = store.get(&info.storage, &crate::store::key(namespace, name));
            stored.iter().map(|stored| crate::read::shown(info, stored)).collect()
        }
    };
    if found.is_empty() && meta::text(reference, "/parameterNotFoundAction") == "Deny" {
        return Err(
            "no params found for policy binding with `Deny` parameterNotFoundAction".to_owned()
        );
    }
    Ok(found)
}
