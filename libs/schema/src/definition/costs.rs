//! What the rules of a schema may cost in the worst case.

use crate::field::{FieldError, Path};
use crate::schema::{Schema, Type};

/// What one expression may cost.
const EXPRESSION_LIMIT: u64 = 10_000_000;
/// What all expressions of a schema may cost together.
const SCHEMA_LIMIT: u64 = 100_000_000;
/// How many expressions are named that cost much.
const NAMED: usize = 4;

/// How often a value can occur in an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cardinality {
    AtMost(u64),
    Unbounded,
}

impl Cardinality {
    /// Returns how often values below a schema can occur.
    pub(super) fn inside(self, schema: &Schema) -> Self {
        let Self::AtMost(own) = self else { return self };
        let limit = |most: fn(&crate::schema::Limits) -> Option<i64>| {
            let most = schema.limits.as_deref().and_then(most);
            most.map(|most| u64::try_from(most).unwrap_or(0))
        };
        let factor = match schema.kind {
            Type::Object if schema.additional.is_some() => limit(|limits| limits.max_properties),
            Type::Array => limit(|limits| limits.max_items),
            _ => Some(1),
        };
        factor.map_or(Self::Unbounded, |factor| Self::AtMost(own.saturating_mul(factor)))
    }

    /// Returns what an expression costs that may run as often as its value occurs, which is at most
    /// `otherwise` times where no schema limits it.
    pub(super) fn cost(self, once: u64, otherwise: u64) -> u64 {
        match self {
            Self::AtMost(times) => once.saturating_mul(times),
            Self::Unbounded => once.saturating_mul(otherwise),
        }
    }
}

/// Tells that an expression costs too much.
pub(super) fn over_expression_limit(name: &str, cost: u64) -> Option<String> {
    (cost > EXPRESSION_LIMIT).then(|| message(name, cost, EXPRESSION_LIMIT))
}

/// The sum of costs.
#[derive(Default)]
pub(super) struct Costs {
    total: u64,
    expensive: Vec<(u64, String)>,
}

impl Costs {
    pub(super) fn add(&mut self, path: &Path<'_>, cost: u64) {
        self.total = self.total.saturating_add(cost);
        if cost < SCHEMA_LIMIT / 100 {
            return;
        }
        self.expensive.push((cost, path.to_text()));
        self.expensive.sort_by_key(|(cost, _)| std::cmp::Reverse(*cost));
        self.expensive.truncate(NAMED);
    }

    /// Tells whether all expressions together cost too much, and which of them do.
    pub(super) fn errors(&self, base: &Path<'_>) -> Vec<FieldError> {
        if self.total <= SCHEMA_LIMIT {
            return Vec::new();
        }
        let detail = "contributed to estimated rule cost total exceeding cost limit for entire \
                      OpenAPIv3 schema";
        let named = self.expensive.iter().map(|(_, path)| FieldError::forbidden(path, detail));
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        let total = FieldError::forbidden(base, message(name, self.total, SCHEMA_LIMIT));
        named.chain([total]).collect()
    }
}

#[allow(clippy::cast_precision_loss, reason = "the original converts the same way")]
fn message(name: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{name} exceeds budget by factor of {factor} (try simplifying the rule, or adding \
         maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}
