//! Admission policies, their bindings, and configurations of webhooks: defaults and checks. What
//! they do to requests is in `crate::admission`.

use std::collections::HashSet;

use flux_cel::{Env, Type};
use serde_json::{Value, json};

use super::strategy::{Generation, Rules};
use super::value::{
    Check, check_selector, each, fill, inside, int, is_set, items, make, text, texts,
};
use crate::admission::{compile_error, environment};
use crate::names;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrorKind, FieldErrors};

const FAILURE_POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCH_POLICIES: [&str; 2] = ["Equivalent", "Exact"];
/// How many conditions may stand before a policy or webhook.
const MAX_CONDITIONS: usize = 64;

/// A policy of admission, validating or mutating.
pub(super) struct Policy {
    pub(super) is_mutating: bool,
}

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
        let spec = &object["spec"];
        let policy = text(spec, "failurePolicy");
        check.one_of("spec.failurePolicy", policy, &FAILURE_POLICIES);
        if is_set(spec, "paramKind") {
            check_param_kind(&mut check, &spec["paramKind"]);
        }
        if is_set(spec, "matchConstraints") {
            let constraints = &spec["matchConstraints"];
            check_match(&mut check, "spec.matchConstraints", constraints);
            if items(constraints, "resourceRules").is_empty() {
                check.required("spec.matchConstraints.resourceRules", "");
            }
        } else {
            check.required("spec.matchConstraints", "");
        }
        let env = environment(is_set(spec, "paramKind"));
        check_conditions(&mut check, "spec.matchConditions", spec, &env);
        for (at, variable) in items(spec, "variables").iter().enumerate() {
            check_variable(&mut check, &format!("spec.variables[{at}]"), variable, &env);
        }
        if !self.is_mutating {
            check_validations(&mut check, spec, &env);
        }
        check.done()
    }

    fn validate_update(&self, ctx: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        match object["spec"] == old["spec"] {
            true => FieldErrors::new(),
            false => self.validate(ctx, object),
        }
    }
}

fn check_param_kind(check: &mut Check, kind: &Value) {
    let version = text(kind, "apiVersion");
    if version.is_empty() {
        check.required("spec.paramKind.apiVersion", "");
    } else if version.matches('/').count() > 1 {
        let why = format!("unexpected GroupVersion string: {version}");
        check.invalid("spec.paramKind.apiVersion", version, &why);
    }
    if text(kind, "kind").is_empty() {
        check.required("spec.paramKind.kind", "");
    }
}

fn check_match(check: &mut Check, path: &str, resources: &Value) {
    check.one_of(format!("{path}.matchPolicy"), text(resources, "matchPolicy"), &MATCH_POLICIES);
    for selector in ["namespaceSelector", "objectSelector"] {
        if is_set(resources, selector) {
            check_selector(check, &format!("{path}.{selector}"), &resources[selector]);
        } else {
            check.required(format!("{path}.{selector}"), "");
        }
    }
    for list in ["resourceRules", "excludeResourceRules"] {
        for (at, rule) in items(resources, list).iter().enumerate() {
            let path = format!("{path}.{list}[{at}]");
            let mut seen = HashSet::new();
            for (at, name) in texts(rule, "resourceNames").into_iter().enumerate() {
                let path = format!("{path}.resourceNames[{at}]");
                check.all(&path, name, names::path_segment_errors(name, None));
                if !seen.insert(name) {
                    check.push(FieldError::duplicate(path, name));
                }
            }
            check_rule(check, &path, rule);
        }
    }
}

fn check_rule(check: &mut Check, path: &str, rule: &Value) {
    const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    let lists = [
        ("operations", "*", "operations"),
        ("apiGroups", "*", "API groups"),
        ("apiVersions", "*", "API versions"),
        ("resources", "*/*", "resources"),
    ];
    for (key, all, noun) in lists {
        let list = texts(rule, key);
        if list.is_empty() {
            check.required(format!("{path}.{key}"), "");
        }
        if list.len() > 1 && list.contains(&all) {
            let why = format!("if '{all}' is present, must not specify other {noun}");
            check.invalid(format!("{path}.{key}"), rule[key].clone(), &why);
        }
        for (at, one) in list.into_iter().enumerate() {
            let path = format!("{path}.{key}[{at}]");
            match key {
                "operations" => check.one_of(path, one, &OPERATIONS),
                "apiVersions" | "resources" if one.is_empty() => check.required(path, ""),
                _ => {}
            }
        }
    }
    if is_set(rule, "scope") {
        let scopes = ["*", "Cluster", "Namespaced"];
        check.one_of(format!("{path}.scope"), text(rule, "scope"), &scopes);
    }
}

fn check_conditions(check: &mut Check, path: &str, value: &Value, env: &Env) {
    let conditions = items(value, "matchConditions");
    if conditions.len() > MAX_CONDITIONS {
        let detail = format!("must have at most {MAX_CONDITIONS} items");
        let count = Some(conditions.len().into());
        check.push(FieldError::new(FieldErrorKind::TooMany, path, count, &detail));
    }
    let mut seen = HashSet::new();
    for (at, condition) in conditions.iter().enumerate() {
        let path = format!("{path}[{at}]");
        match text(condition, "expression").trim() {
            "" => check.required(format!("{path}.expression"), ""),
            expression => {
                check_expression(
                    check,
                    &format!("{path}.expression"),
                    expression,
                    env,
                    &[Type::Bool],
                );
            }
        }
        match text(condition, "name") {
            "" => check.required(format!("{path}.name"), ""),
            name => {
                check.all(format!("{path}.name"), name, names::qualified_name_errors(name));
                if !seen.insert(name) {
                    check.push(FieldError::duplicate(format!("{path}.name"), name));
                }
            }
        }
    }
}

/// Reports what keeps an expression from running. What asks the authorizer is left to run time.
fn check_expression(check: &mut Check, path: &str, expression: &str, env: &Env, types: &[Type]) {
    if expression.contains("authorizer") {
        return;
    }
    if let Some(why) = compile_error(env, expression, types) {
        check.invalid(path, expression, &why);
    }
}

fn check_variable(check: &mut Check, path: &str, variable: &Value, env: &Env) {
    let name = text(variable, "name");
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.trim().is_empty() {
        check.required(format!("{path}.name"), "name is not specified");
    } else if !name.chars().all(is_letter) || name.starts_with(|c: char| c.is_ascii_digit()) {
        check.invalid(format!("{path}.name"), name, "name is not a valid CEL identifier");
    }
    let expression = text(variable, "expression");
    if expression.trim().is_empty() {
        check.required(format!("{path}.expression"), "expression is not specified");
    } else {
        check_expression(check, &format!("{path}.expression"), expression, env, &[]);
    }
}

fn check_validations(check: &mut Check, spec: &Value, env: &Env) {
    const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
    let (validations, annotations) = (items(spec, "validations"), items(spec, "auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        for key in ["validations", "auditAnnotations"] {
            let why = "validations or auditAnnotations must contain at least one item";
            check.required(format!("spec.{key}"), why);
        }
    }
    for (at, validation) in validations.iter().enumerate() {
        let path = format!("spec.validations[{at}]");
        let expression = text(validation, "expression");
        match expression.trim() {
            "" => check.required(format!("{path}.expression"), "expression is not specified"),
            _ => {
                let path = format!("{path}.expression");
                check_expression(check, &path, expression, env, &[Type::Bool]);
            }
        }
        let made = text(validation, "messageExpression");
        if !made.is_empty() && made.trim().is_empty() {
            let why = "must be non-empty if specified";
            check.invalid(format!("{path}.messageExpression"), made, why);
        } else if !made.is_empty() {
            let path = format!("{path}.messageExpression");
            check_expression(check, &path, made, env, &[Type::String]);
        }
        let message = text(validation, "message");
        if !message.is_empty() && message.trim().is_empty() {
            let why = "message must be non-empty if specified";
            check.invalid(format!("{path}.message"), message, why);
        } else if message.trim().contains('\n') {
            let why = "message must not contain line breaks";
            check.invalid(format!("{path}.message"), message, why);
        } else if message.is_empty() && expression.trim().contains('\n') {
            let why = "message must be specified if expression contains line breaks";
            check.required(format!("{path}.message"), why);
        }
        if is_set(validation, "reason") {
            check.one_of(format!("{path}.reason"), text(validation, "reason"), &REASONS);
        }
    }
    let mut seen = HashSet::new();
    for (at, annotation) in annotations.iter().enumerate() {
        let path = format!("spec.auditAnnotations[{at}]");
        let key = text(annotation, "key");
        match key.trim() {
            "" => check.required(format!("{path}.key"), "key is not specified"),
            key => check.all(format!("{path}.key"), key, names::qualified_name_errors(key)),
        }
        match text(annotation, "valueExpression") {
            "" => {
                check.required(
                    format!("{path}.valueExpression"),
                    "valueExpression is not specified",
                );
            }
            expression => {
                let types = [Type::String, Type::Null];
                check_expression(
                    check,
                    &format!("{path}.valueExpression"),
                    expression,
                    env,
                    &types,
                );
            }
        }
        if !seen.insert(key) {
            check.push(FieldError::duplicate(format!("{path}.key"), key));
        }
    }
}

/// A binding of a policy.
pub(super) struct PolicyBinding {
    pub(super) is_mutating: bool,
}

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
        let spec = &object["spec"];
        match text(spec, "policyName") {
            "" => check.required("spec.policyName", ""),
            name => check.all("spec.policyName", name, names::dns_subdomain_errors(name, None)),
        }
        if is_set(spec, "paramRef") {
            check_param_reference(&mut check, &spec["paramRef"]);
        }
        if is_set(spec, "matchResources") {
            check_match(&mut check, "spec.matchResources", &spec["matchResources"]);
        }
        if !self.is_mutating {
            check_actions(&mut check, spec);
        }
        check.done()
    }
}

fn check_param_reference(check: &mut Check, reference: &Value) {
    let (name, selector) = (text(reference, "name"), is_set(reference, "selector"));
    if !name.is_empty() {
        check.all("spec.paramRef.name", name, names::path_segment_errors(name, None));
        if selector {
            check.forbidden("spec.paramRef.name", "name and selector are mutually exclusive");
        }
    }
    if selector {
        check_selector(check, "spec.paramRef.selector", &reference["selector"]);
    }
    if name.is_empty() && !selector {
        check.required("spec.paramRef", "one of name or selector must be specified");
    }
    match text(reference, "parameterNotFoundAction") {
        "" => check.required("spec.paramRef.parameterNotFoundAction", ""),
        action => {
            let field = "spec.paramRef.parameterNotFoundAction";
            check.one_of(field, action, &["Deny", "Allow"]);
        }
    }
}

fn check_actions(check: &mut Check, spec: &Value) {
    let actions = texts(spec, "validationActions");
    let mut seen = HashSet::new();
    for (at, action) in actions.iter().enumerate() {
        let path = format!("spec.validationActions[{at}]");
        check.one_of(&path, action, &["Audit", "Deny", "Warn"]);
        if !seen.insert(*action) {
            check.push(FieldError::duplicate(path, *action));
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure \
                   information in the API response and headers serves no purpose)";
        check.invalid("spec.validationActions", spec["validationActions"].clone(), why);
    }
    if actions.is_empty() {
        check.required("spec.validationActions", "at least one validation action is required");
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
        let mut seen = HashSet::new();
        for (at, webhook) in items(object, "webhooks").iter().enumerate() {
            let path = format!("webhooks[{at}]");
            check_webhook(&mut check, &path, webhook);
            if self.is_mutating {
                let policy = text(webhook, "reinvocationPolicy");
                check.one_of(format!("{path}.reinvocationPolicy"), policy, &["IfNeeded", "Never"]);
            }
            if !seen.insert(text(webhook, "name")) {
                let name = text(webhook, "name");
                check.push(FieldError::duplicate(format!("{path}.name"), name));
            }
        }
        check.done()
    }
}

fn check_webhook(check: &mut Check, path: &str, webhook: &Value) {
    check_versions(check, &format!("{path}.admissionReviewVersions"), webhook);
    let name = text(webhook, "name");
    if name.is_empty() {
        check.required(format!("{path}.name"), "");
    } else {
        let wrong = names::dns_subdomain_errors(name, None);
        if !wrong.is_empty() {
            check.invalid(format!("{path}.name"), name, &wrong.join(","));
        }
        if name.split('.').count() < 3 {
            let why = "should be a domain with at least three segments separated by dots";
            check.invalid(format!("{path}.name"), name, why);
        }
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        check_selector(check, &format!("{path}.{selector}"), &webhook[selector]);
    }
    for (at, rule) in items(webhook, "rules").iter().enumerate() {
        check_rule(check, &format!("{path}.rules[{at}]"), rule);
    }
    check.one_of(
        format!("{path}.failurePolicy"),
        text(webhook, "failurePolicy"),
        &FAILURE_POLICIES,
    );
    check.one_of(format!("{path}.matchPolicy"), text(webhook, "matchPolicy"), &MATCH_POLICIES);
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
    check_client(check, &format!("{path}.clientConfig"), &webhook["clientConfig"]);
    check_conditions(check, &format!("{path}.matchConditions"), webhook, &environment(false));
}

fn check_versions(check: &mut Check, path: &str, webhook: &Value) {
    let versions = texts(webhook, "admissionReviewVersions");
    if versions.is_empty() {
        check.required(path, "must specify one of v1, v1beta1");
        return;
    }
    let mut seen = HashSet::new();
    for (at, version) in versions.iter().enumerate() {
        if !seen.insert(*version) {
            check.push(FieldError::duplicate(format!("{path}[{at}]"), *version));
        }
    }
    if !versions.iter().any(|version| matches!(*version, "v1" | "v1beta1")) {
        let shown = webhook["admissionReviewVersions"].clone();
        check.invalid(path, shown, "must include at least one of v1, v1beta1");
    }
}

fn check_client(check: &mut Check, path: &str, config: &Value) {
    if is_set(config, "url") == is_set(config, "service") {
        check.required(path, "exactly one of url or service is required");
        return;
    }
    if is_set(config, "url") {
        check_url(check, &format!("{path}.url"), text(config, "url"));
        return;
    }
    let service = &config["service"];
    for key in ["name", "namespace"] {
        if text(service, key).is_empty() {
            check.required(format!("{path}.service.{key}"), &format!("service {key} is required"));
        }
    }
    if let Some(port) = int(service, "port").filter(|port| !(1..=65535).contains(port)) {
        let why = "port is not valid: must be between 1 and 65535, inclusive";
        check.invalid(format!("{path}.service.port"), port, why);
    }
}

fn check_url(check: &mut Check, path: &str, url: &str) {
    const FORM: &str = "; desired format: https://host[/path]";
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if scheme != "https" {
        check.invalid(path, scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if scheme.is_empty() || authority.is_empty() {
        check.invalid(path, "", &format!("host must be specified{FORM}"));
    }
    if let Some((user, _)) = authority.rsplit_once('@') {
        check.invalid(path, user, "user information is not permitted in the URL");
    }
    let (tail, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    if !fragment.is_empty() {
        check.invalid(path, fragment, "fragments are not permitted in the URL");
    }
    if let Some((_, query)) = tail.split_once('?').filter(|(_, query)| !query.is_empty()) {
        check.invalid(path, query, "query parameters are not permitted in the URL");
    }
}
