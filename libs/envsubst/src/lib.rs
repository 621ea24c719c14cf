//! Substitutes variables in built manifests, in the dialect that Flux documents as bash-like.
//!
//! In: a text and the variables. Out: the text with every `${…}` replaced.
//! Never: the process environment, commands, recursion into values. Only references in braces
//! count: `$name` stays, `$$` is an escaped `$`.
//!
//! Start at [`expand`]. Parsing is in `parse`, the operators are in `operator`, glob patterns in
//! `glob`.
//!
//! # Upstream
//! The dialect is fluxcd/pkg's envsubst. `:+` and `:?` do the same as `:-`, offsets and lengths
//! count bytes, and a reference that the dialect cannot read is an error, not text.
#![forbid(unsafe_code)]

mod glob;
mod operator;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use parse::{Part, Reference};

/// The most bytes that one expansion may produce.
const MAX_BYTES: usize = 256 << 20;

/// What a reference to a variable that is not among the given ones means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// An error, unless the reference brings a default.
    Refuse,
    /// The empty text.
    Empty,
}

/// Why a text could not be expanded.
///
/// # Upstream
/// The texts are the original's; the last three have no counterpart there, since it crashes or
/// exhausts the machine instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An operator was not followed by what it needs.
    #[error("bad substitution")]
    BadSubstitution,
    /// A name was followed by something that is neither an operator nor the end.
    #[error("missing closing brace")]
    MissingClosingBrace,
    /// No name behind the opening brace.
    #[error("unable to parse variable name")]
    VariableName,
    /// An operator's argument is missing or unfinished.
    #[error("unable to parse substitution within function")]
    Argument,
    /// An operator that begins with a colon is none.
    #[error("unable to parse default function")]
    Default,
    /// A variable is not set and the reference has no default.
    #[error("variable not set (strict mode): {0:?}")]
    NotSet(String),
    /// A substring has a negative length.
    #[error("negative length in a substring of variable {0:?}")]
    NegativeLength(String),
    /// References are nested too deeply.
    #[error("substitutions are nested too deeply")]
    TooDeep,
    /// The result would be too large, or a pattern takes too long on a value.
    #[error("substitution of variable {0:?} exceeds the limits of time or size")]
    TooExpensive(String),
}

/// Replaces the references in `text` by what they make of `variables`.
///
/// The result is bytes, since a substring may end inside a character.
///
/// # Errors
/// The whole text is read before anything is replaced: a malformed reference is reported even
/// where an undefined variable stands before it.
pub fn expand(
    text: &str,
    variables: &BTreeMap<String, String>,
    undefined: Undefined,
) -> Result<Vec<u8>, Error> {
    let parts = parse::parse(text)?;
    let mut out = Vec::with_capacity(text.len());
    Expansion { variables, undefined }.parts(&parts, &mut out)?;
    Ok(out)
}

struct Expansion<'a> {
    variables: &'a BTreeMap<String, String>,
    undefined: Undefined,
}

impl Expansion<'_> {
    fn parts(&self, parts: &[Part], out: &mut Vec<u8>) -> Result<(), Error> {
        parts.iter().try_for_each(|part| self.part(part, out))
    }

    fn part(&self, part: &Part, out: &mut Vec<u8>) -> Result<(), Error> {
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Reference(reference) => {
                let value = self.reference(reference)?;
                if out.len().saturating_add(value.len()) > MAX_BYTES {
                    return Err(Error::TooExpensive(reference.name.clone()));
                }
                out.extend_from_slice(&value);
            }
        }
        Ok(())
    }

    fn reference(&self, reference: &Reference) -> Result<Vec<u8>, Error> {
        let mut arguments = Vec::with_capacity(reference.arguments.len());
        for part in &reference.arguments {
            let mut argument = Vec::new();
            self.part(part, &mut argument)?;
            arguments.push(argument);
        }
        let value = match (self.variables.get(&reference.name), self.undefined) {
            (Some(value), _) => value.as_str(),
            (None, Undefined::Refuse) if !reference.operator.brings_default() => {
                return Err(Error::NotSet(reference.name.clone()));
            }
            (None, _) => "",
        };
        operator::apply(reference, value, &arguments)
    }
}
