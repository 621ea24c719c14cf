//! Versions and ranges as Flux accepts them: the dialect of Masterminds/semver v3.
//!
//! In: text. Out: [`Version`]s that order by precedence, and [`Constraint`]s that admit some of them.
//! Never: lists of tags fetched, dates compared. Which of several equal versions wins is the
//! caller's choice.
//!
//! Start at [`Constraint::parse`] and [`sort_descending`].

mod constraint;
mod version;

pub use constraint::{Constraint, Mismatch, ParseConstraintError, Prereleases};
pub use version::{ParseVersionError, Version};

/// Keeps the texts that are versions of three parts and within `constraint`, highest first.
///
/// Versions of the same precedence keep their order.
pub fn sort_descending<'t>(
    constraint: Option<&Constraint>,
    texts: impl IntoIterator<Item = &'t str>,
) -> Vec<Version> {
    let parsed = texts.into_iter().filter_map(|text| Version::parse_three_parts(text).ok());
    let mut versions: Vec<_> = parsed
        .filter(|version| constraint.is_none_or(|constraint| constraint.matches(version)))
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions
}
