//! What expressions cost: as they run, and at most before they run.

mod estimate;
mod range;
mod runtime;

pub(crate) use estimate::{Sizes, estimate};
pub use range::CostRange;
pub(crate) use runtime::{call_cost, equality_cost, pattern_cost};

/// What it costs to make a list.
pub(crate) const LIST: u64 = 10;
/// What it costs to make a map.
pub(crate) const MAP: u64 = 30;
/// What it costs to go over one character.
const CHARACTER: f64 = 0.1;
/// What one character of a pattern costs for each unit of text.
const PATTERN: f64 = 0.25;

/// The functions whose calls cost one by the API server's rules.
fn costs_one(function: &str) -> bool {
    matches!(
        function,
        "masked"
            | "prefixLength"
            | "family"
            | "isUnspecified"
            | "isLoopback"
            | "isLinkLocalMulticast"
            | "isLinkLocalUnicast"
            | "isGlobalUnicast"
            | "format.named"
            | "sign"
            | "asInteger"
            | "isInteger"
            | "asApproximateFloat"
            | "isGreaterThan"
            | "isLessThan"
            | "compareTo"
            | "add"
            | "sub"
            | "major"
            | "minor"
            | "patch"
            | "getScheme"
            | "getHostname"
            | "getHost"
            | "getPort"
            | "getEscapedPath"
            | "getQuery"
    )
}

/// The overloads that compare texts or bytes, and equality.
fn compares(overload: &str) -> bool {
    matches!(
        overload,
        "less_string"
            | "greater_string"
            | "less_equals_string"
            | "greater_equals_string"
            | "less_bytes"
            | "greater_bytes"
            | "less_equals_bytes"
            | "greater_equals_bytes"
            | "equals"
            | "not_equals"
    )
}

#[cfg(test)]
mod tests;
