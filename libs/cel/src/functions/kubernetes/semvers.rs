//! Semantic versions, strict or after normalization.

use flux_gostd::quote::quote;
use flux_semver::Version;

use super::super::{Function, function, no_overload};
use super::opaque;
use crate::error::EvalError;
use crate::opaque::Opaque;
use crate::value::{Outcome, Value};

pub(in super::super) const FUNCTIONS: &[Function] = &[
    function(
        "semver",
        &[
            ("string_to_semver", "(string) -> kubernetes.Semver"),
            ("string_bool_to_semver", "(string, bool) -> kubernetes.Semver"),
        ],
        |args| read(args).map(|version| opaque(Opaque::Semver(version))),
    ),
    function(
        "isSemver",
        &[
            ("is_semver_string", "(string) -> bool"),
            ("is_semver_string_bool", "(string, bool) -> bool"),
        ],
        |args| match args {
            [Value::String(_)] | [Value::String(_), Value::Bool(_)] => {
                Ok(Value::Bool(read(args).is_ok()))
            }
            _ => no_overload(),
        },
    ),
    function(
        "isGreaterThan",
        &[("semver_is_greater_than", "kubernetes.Semver.(kubernetes.Semver) -> bool")],
        |args| compare(args, |order| Value::Bool(order.is_gt())),
    ),
    function(
        "isLessThan",
        &[("semver_is_less_than", "kubernetes.Semver.(kubernetes.Semver) -> bool")],
        |args| compare(args, |order| Value::Bool(order.is_lt())),
    ),
    function(
        "compareTo",
        &[("semver_compare_to", "kubernetes.Semver.(kubernetes.Semver) -> int")],
        |args| compare(args, |order| Value::Int(order as i64)),
    ),
    function("major", &[("semver_major", "kubernetes.Semver.() -> int")], |args| {
        number(args, Version::major)
    }),
    function("minor", &[("semver_minor", "kubernetes.Semver.() -> int")], |args| {
        number(args, Version::minor)
    }),
    function("patch", &[("semver_patch", "kubernetes.Semver.() -> int")], |args| {
        number(args, Version::patch)
    }),
];

fn semver_of<'a>(value: Option<&'a Value<'_>>) -> Result<&'a Version, EvalError> {
    match value {
        Some(Value::Opaque(value)) => match &**value {
            Opaque::Semver(version) => Ok(version),
            _ => Err(EvalError::no_such_overload()),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn compare<'v>(
    args: &[Value<'v>],
    result: impl Fn(std::cmp::Ordering) -> Value<'v>,
) -> Outcome<'v> {
    let (one, other) = (semver_of(args.first())?, semver_of(args.get(1))?);
    Ok(result(one.cmp(other)))
}

fn number<'v>(args: &[Value<'v>], read: impl Fn(&Version) -> u64) -> Outcome<'v> {
    let value = read(semver_of(args.first())?);
    Ok(Value::Int(i64::try_from(value).unwrap_or(i64::MAX)))
}

fn read(args: &[Value<'_>]) -> Result<Version, EvalError> {
    let (text, normalized) = match args {
        [Value::String(text)] => (text, false),
        [Value::String(text), Value::Bool(normalized)] => (text, *normalized),
        _ => return Err(EvalError::no_such_overload()),
    };
    let text = if normalized { normalize(text)? } else { (**text).to_owned() };
    match problem(&text) {
        Some(problem) => Err(EvalError::new(problem)),
        None => Version::parse_strict(&text).map_err(|error| EvalError::new(error.to_string())),
    }
}

/// Drops a `v` and leading zeros, and adds missing numbers.
fn normalize(text: &str) -> Result<String, EvalError> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text
        .splitn(3, '.')
        .map(|part| {
            if part.len() < 2 {
                return part.to_owned();
            }
            let trimmed = part.trim_start_matches('0');
            let digit = trimmed.starts_with(|c: char| c.is_ascii_digit());
            if digit { trimmed.to_owned() } else { format!("0{trimmed}") }
        })
        .collect();
    if parts.len() < 3 {
        if parts.last().is_some_and(|part| part.contains(['+', '-'])) {
            let message = "short version cannot contain PreRelease/Build meta data";
            return Err(EvalError::new(message));
        }
        parts.resize(3, "0".to_owned());
    }
    Ok(parts.join("."))
}

/// Says why a text is no version, in the words of blang/semver.
fn problem(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Version string empty".to_owned());
    }
    let mut parts = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Some("No Major.Minor.Patch elements found".to_owned());
    };
    let (rest, build) = rest.split_once('+').map_or((rest, None), |(a, b)| (a, Some(b)));
    let (patch, pre) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
    for (name, number) in [("major", major), ("minor", minor), ("patch", patch)] {
        if !number.bytes().all(|b| b.is_ascii_digit()) {
            return Some(format!("Invalid character(s) found in {name} number {}", quote(number)));
        }
        if number.len() > 1 && number.starts_with('0') {
            let name = name[..1].to_uppercase() + &name[1..];
            return Some(format!(
                "{name} number must not contain leading zeroes {}",
                quote(number)
            ));
        }
        if number.is_empty() {
            return Some("strconv.ParseUint: parsing \"\": invalid syntax".to_owned());
        }
    }
    pre.and_then(|pre| pre.split('.').find_map(bad_prerelease))
        .or_else(|| build.and_then(|build| build.split('.').find_map(bad_build)))
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric())
}

fn bad_prerelease(part: &str) -> Option<String> {
    if part.is_empty() {
        return Some("Prerelease is empty".to_owned());
    }
    if part.bytes().all(|b| b.is_ascii_digit()) {
        let leading = part.len() > 1 && part.starts_with('0');
        return leading.then(|| {
            format!("Numeric PreRelease version must not contain leading zeroes {}", quote(part))
        });
    }
    (!is_word(part)).then(|| format!("Invalid character(s) found in prerelease {}", quote(part)))
}

fn bad_build(part: &str) -> Option<String> {
    if part.is_empty() {
        return Some("Build meta data is empty".to_owned());
    }
    (!is_word(part))
        .then(|| format!("Invalid character(s) found in build meta data {}", quote(part)))
}
