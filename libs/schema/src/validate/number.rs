//! Numbers against their limits.

use serde_json::{Number, Value};

use super::outcome::{Outcome, Problem};
use crate::field::Path;
use crate::number::{GoNumber, float_text, is_json_integer};
use crate::schema::{Schema, Type};

/// The first float beyond int64.
const INT64_END: f64 = 9_223_372_036_854_775_808.0;

/// What the schema says about the range of numbers.
#[derive(Clone, Copy)]
struct Range<'a> {
    type_name: &'static str,
    format: &'a str,
}

pub(super) fn check(schema: &Schema, number: &Number, path: &Path<'_>) -> Outcome {
    let value = GoNumber::of(number);
    let range = Range::of(schema);
    let mut outcome = Outcome::default();
    if let Some(problem) = range.problem(value, "Checked", path) {
        outcome.push(problem);
    }
    if let Some(limits) = schema.limits.as_deref() {
        if let Some(factor) = limits.multiple_of {
            outcome.merge(multiple_of(value, factor, range, path));
        }
        // The original reports the lower bound before the upper one.
        if let Some(least) = limits.minimum {
            let bound =
                Bound { value: least, exclusive: limits.exclusive_minimum, side: Side::Lower };
            outcome.merge(bound.check(value, range, path));
        }
        if let Some(most) = limits.maximum {
            let bound =
                Bound { value: most, exclusive: limits.exclusive_maximum, side: Side::Upper };
            outcome.merge(bound.check(value, range, path));
        }
    }
    outcome.count();
    outcome
}

impl<'a> Range<'a> {
    fn of(schema: &'a Schema) -> Self {
        let format = schema.format.as_deref().unwrap_or_default();
        if schema.int_or_string {
            return Self { type_name: "", format: "" };
        }
        match schema.kind {
            Type::Integer if matches!(format, "int32" | "int64") => {
                Self { type_name: "integer", format }
            }
            Type::Integer => Self { type_name: "integer", format: "" },
            Type::Number if matches!(format, "float" | "double") => {
                Self { type_name: "number", format }
            }
            Type::Number => Self { type_name: "number", format: "" },
            _ => Self { type_name: "", format: "" },
        }
    }

    fn holds(self, value: GoNumber) -> bool {
        match (self.type_name, self.format, value) {
            ("integer", "int32", GoNumber::Int(int)) => i32::try_from(int).is_ok(),
            ("integer", "int32", GoNumber::Float(float)) => {
                float.fract() == 0.0 && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float)
            }
            ("integer", _, GoNumber::Float(float)) => {
                float.fract() == 0.0 && (-INT64_END..INT64_END).contains(&float)
            }
            (_, "float", number) => number.as_f64().abs() <= f64::from(f32::MAX),
            _ => true,
        }
    }

    fn problem(self, value: GoNumber, prefix: &str, path: &Path<'_>) -> Option<Problem> {
        if self.holds(value) {
            return None;
        }
        let Self { type_name, format } = self;
        let text = path.to_text();
        let format = match format {
            "" => "(default format)".to_owned(),
            format => format!("with format {format}"),
        };
        Some(Problem::whole(format!(
            "{prefix} value must be of type {type_name} {format} in {text}"
        )))
    }
}

fn multiple_of(value: GoNumber, factor: f64, range: Range<'_>, path: &Path<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let unsound = range.problem(GoNumber::Float(factor), "MultipleOf", path);
    let as_integer = match value {
        GoNumber::Int(int) if unsound.is_none() => Some(int),
        _ => None,
    };
    outcome.merge(unsound.map(Outcome::from).unwrap_or_default());
    #[allow(clippy::cast_possible_truncation, reason = "the original converts the same way")]
    let whole_factor = factor as i64;
    let shown_factor = match as_integer {
        Some(_) => whole_factor.to_string(),
        None => float_text(factor),
    };
    let positive = if as_integer.is_some() { whole_factor > 0 } else { factor > 0.0 };
    if !positive {
        let message = format!(
            "factor MultipleOf declared for {} must be positive: {shown_factor}",
            path.to_text()
        );
        outcome.push(Problem::invalid(path, Value::from(factor), message));
        return outcome;
    }
    let fits = match as_integer {
        Some(int) => int.checked_rem(whole_factor) == Some(0),
        None if factor < 1.0 => is_json_integer(1.0 / factor * value.as_f64()),
        None => is_json_integer(value.as_f64() / factor),
    };
    if !fits {
        let message = format!("{} in body should be a multiple of {shown_factor}", path.to_text());
        outcome.push(Problem::invalid(path, shown(value), message));
    }
    outcome
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Lower,
    Upper,
}

#[derive(Clone, Copy)]
struct Bound {
    value: f64,
    exclusive: bool,
    side: Side,
}

impl Bound {
    fn check(self, value: GoNumber, range: Range<'_>, path: &Path<'_>) -> Outcome {
        let (prefix, words) = match (self.side, self.exclusive) {
            (Side::Upper, false) => ("Maximum boundary", "less than or equal to"),
            (Side::Upper, true) => ("Maximum boundary", "less than"),
            (Side::Lower, false) => ("Minimum boundary", "greater than or equal to"),
            (Side::Lower, true) => ("Minimum boundary", "greater than"),
        };
        let mut outcome = Outcome::default();
        let unsound = range.problem(GoNumber::Float(self.value), prefix, path);
        let native = unsound.is_none();
        outcome.merge(unsound.map(Outcome::from).unwrap_or_default());
        let (ordering, shown_bound) = match value {
            GoNumber::Int(int) if native => {
                #[allow(clippy::cast_possible_truncation, reason = "as the original does")]
                let bound = self.value as i64;
                (Some(int.cmp(&bound)), bound.to_string())
            }
            _ => (value.as_f64().partial_cmp(&self.value), float_text(self.value)),
        };
        let beyond = match self.side {
            Side::Upper => ordering.is_some_and(std::cmp::Ordering::is_gt),
            Side::Lower => ordering.is_some_and(std::cmp::Ordering::is_lt),
        };
        if beyond || self.exclusive && ordering.is_some_and(std::cmp::Ordering::is_eq) {
            let message = format!("{} in body should be {words} {shown_bound}", path.to_text());
            outcome.push(Problem::invalid(path, shown(value), message));
        }
        outcome
    }
}

fn shown(value: GoNumber) -> Value {
    match value {
        GoNumber::Int(int) => Value::from(int),
        GoNumber::Float(float) => Value::from(float),
    }
}
