//! Ranges of versions: `>=1.2 <2`, `^1.2`, `~1.2.3`, `1.x`, `1.2 - 1.4`, alternatives with `||`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use flux_gostd::Regexp;
use flux_gostd::quote::quote;

use crate::version::{Version, compare_prereleases};

/// The longest text that is tried as a constraint.
const LENGTH_LIMIT: usize = 512;
/// The largest number of alternatives.
const GROUP_LIMIT: usize = 32;

/// A set of versions.
#[derive(Clone, Debug)]
pub struct Constraint {
    groups: Vec<Group>,
    prereleases: Prereleases,
}

/// Whether pre-releases are admitted where the constraint does not name one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prereleases {
    /// Only alternatives that name a pre-release admit pre-releases.
    #[default]
    WhereNamed,
    /// Every alternative admits pre-releases.
    Everywhere,
}

/// Conditions that must all hold.
#[derive(Clone, Debug)]
struct Group {
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
struct Condition {
    operator: Operator,
    /// How the operator was written.
    symbol: String,
    version: Version,
    /// How the version was written.
    text: String,
    wildcard: Wildcard,
}

/// The first number of a version that was left out or written as `x` or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wildcard {
    None,
    Major,
    Minor,
    Patch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

/// Why a text is no constraint, in the words of Masterminds/semver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseConstraintError {
    /// The text does not follow the grammar.
    #[error("improper constraint: {}", quote(.0))]
    Improper(String),
    /// The text is longer than any constraint.
    #[error("constraint string is too long (max 512 bytes)")]
    TooLong,
    /// There are too many alternatives.
    #[error("too many constraint groups (max 32)")]
    TooManyGroups,
    /// A version in it cannot be read, such as one with huge numbers.
    #[error("constraint parser error")]
    Version,
}

/// Why a version is outside a constraint, in the words of Masterminds/semver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Mismatch(String);

struct Patterns {
    one: Regexp,
    range: Regexp,
    find: Regexp,
    valid: Regexp,
}

/// The grammar, stated in the words of the original since its corners are what users rely on.
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let number = r"[0-9|x|X|\*]+";
    let words = r"[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*";
    let parts = format!(r"v?({number})(\.{number})?(\.{number})?(-{words})?(?:\+{words})?");
    let version = format!(r"v?{number}(?:\.{number})?(?:\.{number})?(?:-{words})?(?:\+{words})?");
    let operator = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^";
    let compile = |pattern: String| Regexp::new(&pattern).expect("the grammar is constant");
    Patterns {
        one: compile(format!(r"^\s*({operator})\s*({parts})\s*$")),
        range: compile(format!(r"\s*({version})\s+-\s+({version})\s*")),
        find: compile(format!(r"(?:{operator})\s*(?:{version})")),
        valid: compile(format!(
            r"^(?:\s*(?:{operator})\s*(?:{version})\s*)(?:(?:\s+|,\s*)(?:{operator})\s*(?:{version})\s*)*$"
        )),
    }
});

impl Constraint {
    /// Reads a constraint; `*` admits every release, an empty text is none.
    ///
    /// # Errors
    /// In the words of `semver.NewConstraint`.
    pub fn parse(text: &str) -> Result<Self, ParseConstraintError> {
        if text.len() > LENGTH_LIMIT {
            return Err(ParseConstraintError::TooLong);
        }
        let text = expand_ranges(text);
        let groups: Vec<_> = text.split("||").collect();
        if groups.len() > GROUP_LIMIT {
            return Err(ParseConstraintError::TooManyGroups);
        }
        let groups = groups.into_iter().map(Group::parse).collect::<Result<_, _>>()?;
        Ok(Self { groups, prereleases: Prereleases::default() })
    }

    /// Returns the same constraint with another rule for pre-releases.
    #[must_use]
    pub fn with_prereleases(mut self, prereleases: Prereleases) -> Self {
        self.prereleases = prereleases;
        self
    }

    /// Tells whether a version is within.
    pub fn matches(&self, version: &Version) -> bool {
        self.groups.iter().any(|group| {
            let admitted = self.admits_prereleases(group) || version.prerelease().is_empty();
            admitted && group.conditions.iter().all(|condition| condition.check(version).is_ok())
        })
    }

    /// Says why a version is not within; `Ok` if it is.
    ///
    /// # Errors
    /// All reasons, in the order of the conditions.
    pub fn validate(&self, version: &Version) -> Result<(), Vec<Mismatch>> {
        let mut reasons = Vec::new();
        let mut prerelease_told = false;
        for group in &self.groups {
            if !version.prerelease().is_empty() && !self.admits_prereleases(group) {
                if !prerelease_told && !group.conditions.is_empty() {
                    reasons.push(Mismatch(format!(
                        "{} is a prerelease version and the constraint is only looking for release versions",
                        quote(&version.to_string())
                    )));
                    prerelease_told = true;
                }
                continue;
            }
            let failed: Vec<_> =
                group.conditions.iter().filter_map(|one| one.check(version).err()).collect();
            if failed.is_empty() {
                return Ok(());
            }
            reasons.extend(failed);
        }
        Err(reasons)
    }

    fn admits_prereleases(&self, group: &Group) -> bool {
        self.prereleases == Prereleases::Everywhere
            || group.conditions.iter().any(|one| !one.version.prerelease().is_empty())
    }
}

/// Rewrites `1.2 - 1.4` into two comparisons.
fn expand_ranges(text: &str) -> String {
    let mut out = text.to_owned();
    for found in PATTERNS.range.captures_all(text, None) {
        let part = |group| found.get(group).and_then(|range| text.get(range)).unwrap_or_default();
        let both = format!(">= {}, <= {} ", part(1), part(2));
        out = out.replacen(part(0), &both, 1);
    }
    out
}

impl Group {
    fn parse(text: &str) -> Result<Self, ParseConstraintError> {
        if !PATTERNS.valid.is_match(text) {
            return Err(ParseConstraintError::Improper(text.to_owned()));
        }
        let found = PATTERNS.find.find_all(text, None);
        let conditions = found
            .into_iter()
            .map(|range| Condition::parse(text.get(range).unwrap_or_default()))
            .collect::<Result<_, _>>()?;
        Ok(Self { conditions })
    }
}

impl Condition {
    fn parse(text: &str) -> Result<Self, ParseConstraintError> {
        let improper = || ParseConstraintError::Improper(text.to_owned());
        let found = PATTERNS.one.captures(text).ok_or_else(improper)?;
        let part = |group| found.get(group).and_then(|range| text.get(range)).unwrap_or_default();
        let symbol = part(1);
        let (major, minor, patch, prerelease) = (part(3), part(4), part(5), part(6));
        let is_open =
            |segment: &str| matches!(segment.trim_start_matches('.'), "" | "x" | "X" | "*");
        let (wildcard, version) = if is_open(major) {
            (Wildcard::Major, format!("0.0.0{prerelease}"))
        } else if is_open(minor) {
            (Wildcard::Minor, format!("{major}.0.0{prerelease}"))
        } else if is_open(patch) {
            (Wildcard::Patch, format!("{major}{minor}.0{prerelease}"))
        } else {
            (Wildcard::None, part(2).to_owned())
        };
        Ok(Self {
            operator: Operator::of(symbol).ok_or_else(improper)?,
            symbol: symbol.to_owned(),
            version: Version::parse(&version).map_err(|_| ParseConstraintError::Version)?,
            text: part(2).to_owned(),
            wildcard,
        })
    }

    fn check(&self, version: &Version) -> Result<(), Mismatch> {
        match self.operator {
            Operator::TildeOrEqual if self.wildcard != Wildcard::None => self.tilde(version),
            Operator::TildeOrEqual => {
                self.require(*version == self.version, version, "is not equal to")
            }
            Operator::NotEqual => self.require(!self.equals(version), version, "is equal to"),
            Operator::Greater => {
                self.require(self.is_below(version), version, "is less than or equal to")
            }
            Operator::Less => {
                self.require(*version < self.version, version, "is greater than or equal to")
            }
            Operator::GreaterEqual => {
                self.require(*version >= self.version, version, "is less than")
            }
            Operator::LessEqual => {
                self.require(self.is_at_least(version), version, "is greater than")
            }
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    fn require(&self, holds: bool, version: &Version, problem: &str) -> Result<(), Mismatch> {
        if holds { Ok(()) } else { Err(self.mismatch(version, problem, "")) }
    }

    fn mismatch(&self, version: &Version, problem: &str, addition: &str) -> Mismatch {
        let (version, text) = (quote(&version.to_string()), quote(&self.text));
        Mismatch(format!("{version} {problem} {text}{addition}"))
    }

    /// Equality for `!=`, where a wildcard covers everything below it.
    fn equals(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.wildcard {
            // `!= *` reads as `!= 0.0.0`.
            Wildcard::None | Wildcard::Major => version == own,
            Wildcard::Minor => version.major() == own.major(),
            Wildcard::Patch => {
                (version.major(), version.minor()) == (own.major(), own.minor())
                    && compare_prereleases(version.prerelease(), own.prerelease())
                        == Ordering::Equal
            }
        }
    }

    /// Tells whether this condition's version, wildcard included, lies below `version`.
    fn is_below(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.wildcard {
            Wildcard::None => version > own,
            _ if version.major() != own.major() => version.major() > own.major(),
            Wildcard::Minor => false,
            Wildcard::Patch => version.minor() > own.minor(),
            Wildcard::Major => version > own,
        }
    }

    /// Tells whether `version` is not above this condition's version, wildcard included.
    fn is_at_least(&self, version: &Version) -> bool {
        let own = &self.version;
        match (self.wildcard, version.major().cmp(&own.major())) {
            (Wildcard::None, _) => version <= own,
            (_, Ordering::Greater) => false,
            (_, Ordering::Less) | (Wildcard::Minor, _) => true,
            (_, Ordering::Equal) => version.minor() <= own.minor(),
        }
    }

    fn tilde(&self, version: &Version) -> Result<(), Mismatch> {
        let own = &self.version;
        self.require(version >= own, version, "is less than")?;
        let zero = (own.major(), own.minor(), own.patch()) == (0, 0, 0);
        if zero && matches!(self.wildcard, Wildcard::None | Wildcard::Major) {
            return Ok(());
        }
        let same_major = version.major() == own.major();
        self.require(same_major, version, "does not have same major version as")?;
        let same_minor = version.minor() == own.minor() || self.wildcard == Wildcard::Minor;
        self.require(same_minor, version, "does not have same major and minor version as")
    }

    fn caret(&self, version: &Version) -> Result<(), Mismatch> {
        let own = &self.version;
        self.require(version >= own, version, "is less than")?;
        let same_major = version.major() == own.major();
        self.require(same_major, version, "does not have same major version as")?;
        if own.major() > 0 || self.wildcard == Wildcard::Minor {
            return Ok(());
        }
        let same_minor = version.minor() == own.minor();
        if own.minor() > 0 || self.wildcard == Wildcard::Patch {
            return if same_minor {
                Ok(())
            } else {
                let addition =
                    ". Expected minor versions to match when constraint major version is 0";
                Err(self.mismatch(version, "does not have same minor version as", addition))
            };
        }
        self.require(same_minor, version, "does not have same minor version as")?;
        if version.patch() == own.patch() {
            return Ok(());
        }
        let addition =
            ". Expect version and constraint to equal when major and minor versions are 0";
        Err(self.mismatch(version, "does not equal", addition))
    }
}

impl Operator {
    fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "" | "=" => Self::TildeOrEqual,
            "!=" => Self::NotEqual,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" | "=>" => Self::GreaterEqual,
            "<=" | "=<" => Self::LessEqual,
            "~" | "~>" => Self::Tilde,
            "^" => Self::Caret,
            _ => return None,
        })
    }
}

/// Prints the conditions as written, alternatives joined by ` || `.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, group) in self.groups.iter().enumerate() {
            if index > 0 {
                f.write_str(" || ")?;
            }
            for (index, condition) in group.conditions.iter().enumerate() {
                let space = if index > 0 { " " } else { "" };
                write!(f, "{space}{}{}", condition.symbol, condition.text)?;
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Constraint {
    type Err = ParseConstraintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests;
