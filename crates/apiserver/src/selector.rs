//! Field selectors, as text and against objects.

mod fields;
#[cfg(test)]
mod tests;

pub(crate) use fields::{FieldSelector, Operator as FieldOperator};
