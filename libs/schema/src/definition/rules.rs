//! The rules of a definition: their texts, their expressions, their costs.

use std::sync::Arc;

use flux_cel::SchemaPlace;

use super::costs::{Cardinality, Costs, over_expression_limit};
use super::keywords::{Found, Part, Place};
use super::structural;
use super::text::rule_text;
use crate::field::{FieldError, Path};
use crate::rules::{Compiled, Compiler, resolve, rule_place};
use crate::schema::{Rule, Schema};

const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

pub(super) fn check(
    path: &Path<'_>,
    part: Part<'_>,
    place: Place<'_>,
    found: &mut Found,
    costs: &mut Costs,
) {
    if part.schema.rules.is_empty() {
        return;
    }
    let path = path.child("x-kubernetes-validations");
    for (at, rule) in part.schema.rules.iter().enumerate() {
        texts(&path.index(at), rule, &mut found.schema);
        field_path(&path.index(at), rule, part.schema, &mut found.schema);
    }
    // Expressions about a schema that is wrong would be blamed for what is not theirs.
    let Some(cardinality) = place.cardinality.filter(|_| found.schema.is_empty()) else { return };
    let view_place = match place.is_root {
        true => SchemaPlace::Resource,
        false => rule_place(part.schema),
    };
    let Some(view) = flux_cel::Schema::from_openapi(part.json, view_place) else {
        let detail = "internal error: failed to construct type information for \
                      x-kubernetes-validations rules: unable to convert structural schema to CEL \
                      declarations";
        found.rules.push(FieldError::internal(path, detail));
        return;
    };
    let occurrences = view.max_cardinality();
    let compiler = Compiler::new(Arc::new(view));
    for (at, rule) in part.schema.rules.iter().enumerate() {
        let compiled = compiler.compile(rule, part.schema);
        let site = Site { path: path.index(at), rule, place, cardinality, occurrences };
        site.expressions(&compiled, &mut found.rules, costs);
    }
}

fn texts(path: &Path<'_>, rule: &Rule, errors: &mut Vec<FieldError>) {
    let breaks = |text: &str| text.contains(['\n', '\r']);
    let (trimmed, message) = (rule.rule.trim(), rule.message.trim());
    if trimmed.is_empty() {
        errors.push(FieldError::required(path.child("rule"), "rule is not specified"));
    } else if !rule.message.is_empty() && message.is_empty() {
        let value = rule.message.as_str().into();
        let detail = "must be non-empty if specified";
        errors.push(FieldError::invalid(path.child("message"), &value, detail));
    } else if breaks(message) {
        let value = rule.message.as_str().into();
        let detail = "must not contain line breaks";
        errors.push(FieldError::invalid(path.child("message"), &value, detail));
    } else if breaks(trimmed) && message.is_empty() {
        let detail = "message must be specified if rule contains line breaks";
        errors.push(FieldError::required(path.child("message"), detail));
    }
    if !rule.message_expression.is_empty() && rule.message_expression.trim().is_empty() {
        let detail = "messageExpression must be non-empty if specified";
        errors.push(FieldError::required(path.child("messageExpression"), detail));
    }
    if let Some(reason) = rule.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
        errors.push(FieldError::not_supported(path.child("reason"), &reason.into(), &REASONS));
    }
}

fn field_path(path: &Path<'_>, rule: &Rule, schema: &Schema, errors: &mut Vec<FieldError>) {
    let text = rule.field_path.as_str();
    let mut wrong = |detail: &str| {
        errors.push(FieldError::invalid(path.child("fieldPath"), &text.into(), detail))
    };
    if text.is_empty() {
        return;
    }
    if text.trim().is_empty() {
        wrong("must be non-empty if specified");
    }
    if text.contains(['\n', '\r']) {
        wrong("must not contain line breaks");
    }
    if structural::unreadable(schema).is_none() && resolve(text, schema).is_err() {
        wrong("must be a valid path");
    }
}

/// A rule where it stands.
struct Site<'a> {
    path: Path<'a>,
    rule: &'a Rule,
    place: Place<'a>,
    cardinality: Cardinality,
    /// How often such a value fits into a request.
    occurrences: u64,
}

impl Site<'_> {
    fn expressions(&self, compiled: &Compiled, errors: &mut Vec<FieldError>, costs: &mut Costs) {
        let field = self.path.child("rule");
        let once = match &compiled.program {
            Some(Ok(program)) => program.estimated_cost().max,
            _ => 0,
        };
        let cost = self.cardinality.cost(once, self.occurrences);
        if let Some(detail) = over_expression_limit("estimated rule cost", cost) {
            errors.push(FieldError::forbidden(field, detail));
        }
        costs.add(&field, cost);
        if let Some(Err(detail)) = &compiled.program {
            errors.push(FieldError::invalid_showing(field, rule_text(self.rule), detail.as_str()));
        }
        self.message(compiled, errors, costs);
        if compiled.uses_old_self() {
            if let Some(place) = self.place.uncorrelatable {
                let detail = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within {}",
                    place.to_text()
                );
                let value = self.rule.rule.as_str().into();
                errors.push(FieldError::invalid(field, &value, detail));
            }
        } else if let Some(is_optional) = self.rule.optional_old_self {
            let field = self.path.child("optionalOldSelf");
            let detail = "may not be set if oldSelf is not used in rule";
            errors.push(FieldError::invalid(field, &is_optional.into(), detail));
        }
    }

    fn message(&self, compiled: &Compiled, errors: &mut Vec<FieldError>, costs: &mut Costs) {
        let field = self.path.child("messageExpression");
        match &compiled.message {
            None => {}
            Some(Err(detail)) => {
                let shown = rule_text(self.rule);
                errors.push(FieldError::invalid_showing(field, shown, detail.as_str()));
            }
            Some(Ok(program)) => {
                let cost = program.estimated_cost().max;
                let name = "estimated messageExpression cost";
                if let Some(detail) = over_expression_limit(name, cost) {
                    errors.push(FieldError::forbidden(field, detail));
                }
                costs.add(&field, cost);
            }
        }
    }
}
