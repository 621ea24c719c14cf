//! Which files an artifact leaves out: `.sourceignore` files, `spec.ignore` and the defaults.
//!
//! The syntax looks like that of `.gitignore` and is not: a pattern that matches a directory
//! matches everything below it by itself, so that a later `!` pattern brings single files back.
//!
//! # Upstream
//! Behaves as `fluxcd/pkg/sourceignore` does.

use std::borrow::Cow;

use crate::{Kind, Tree, TreeError, path};

mod glob;
#[cfg(test)]
mod tests;

/// The name of the files that hold patterns.
pub const FILE_NAME: &str = ".sourceignore";

/// What belongs to version control and is never part of an artifact.
const VERSION_CONTROL: &[&str] = &[".git/", ".gitignore", ".gitmodules", ".gitattributes"];

/// What is left out as long as nobody gives a pattern.
const DEFAULTS: &[&str] = &[
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// A line this long, in bytes, ends the reading of a file.
const MAX_LINE: usize = 64 * 1024;

/// What a pattern says about a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    NoMatch,
    /// It is left out.
    Exclude,
    /// It is kept, whatever earlier patterns say.
    Include,
}

/// One pattern, valid below the directory that it was found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    domain: Vec<String>,
    segments: Vec<String>,
    verdict: Verdict,
    directories_only: bool,
}

impl Pattern {
    /// Reads one pattern; `domain` is the directory, component by component, that it is valid in.
    pub fn parse(text: &str, domain: &[&str]) -> Self {
        let (text, verdict) = match text.strip_prefix('!') {
            Some(rest) => (rest, Verdict::Include),
            None => (text, Verdict::Exclude),
        };
        let text = if text.ends_with("\\ ") { text } else { text.trim_end_matches(' ') };
        let (text, directories_only) = match text.strip_suffix('/') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        Self {
            domain: domain.iter().map(|&part| part.to_owned()).collect(),
            segments: text.split('/').map(str::to_owned).collect(),
            verdict,
            directories_only,
        }
    }

    /// Returns what the pattern says about the components of a path at which a `kind` stands.
    pub fn judge(&self, components: &[&str], kind: Kind) -> Verdict {
        let Some((scope, below)) = components.split_at_checked(self.domain.len()) else {
            return Verdict::NoMatch;
        };
        if below.is_empty() || scope.iter().zip(&self.domain).any(|(a, b)| a != b) {
            return Verdict::NoMatch;
        }
        let is_match = match self.segments.as_slice() {
            [name] => self.matches_any_component(name, below, kind),
            _ => self.matches_from_domain(below, kind),
        };
        if is_match { self.verdict } else { Verdict::NoMatch }
    }

    /// A pattern without a slash matches any component, and thereby everything below it.
    fn matches_any_component(&self, pattern: &str, path: &[&str], kind: Kind) -> bool {
        let Some(at) = path.iter().position(|name| glob::matches(pattern, name)) else {
            return false;
        };
        let is_last = at + 1 == path.len();
        !(self.directories_only && is_last && kind != Kind::Directory)
    }

    /// A pattern with a slash matches component by component from the directory it is valid in.
    fn matches_from_domain(&self, path: &[&str], kind: Kind) -> bool {
        let mut rest = path;
        let mut matched = false;
        let mut any_depth = false;
        for (at, segment) in self.segments.iter().enumerate() {
            match segment.as_str() {
                "" => any_depth = false,
                "**" if at + 1 == self.segments.len() => break,
                "**" => any_depth = true,
                other if other.contains("**") => return false,
                other if any_depth => {
                    any_depth = false;
                    // Nothing left at all is a mismatch; nothing found leaves what was matched so far.
                    if rest.is_empty() {
                        return false;
                    }
                    match rest.iter().position(|name| glob::matches(other, name)) {
                        Some(found) => {
                            matched = true;
                            rest = rest.get(found + 1..).unwrap_or_default();
                        }
                        None if !glob::is_valid(other) => return false,
                        None => {
                            matched = false;
                            rest = &[];
                        }
                    }
                }
                other => {
                    let Some((first, others)) = rest.split_first() else { return false };
                    if !glob::matches(other, first) {
                        return false;
                    }
                    matched = true;
                    rest = others;
                }
            }
        }
        let ends_here = rest.is_empty();
        matched && !(self.directories_only && ends_here && kind != Kind::Directory)
    }
}

/// Patterns in order of priority: the last one that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matcher {
    patterns: Vec<Pattern>,
}

impl Matcher {
    /// Returns a matcher of just these patterns.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self { patterns }
    }

    /// Returns a matcher with all default patterns of `domain` in front of these.
    pub fn with_defaults(patterns: Vec<Pattern>, domain: &[&str]) -> Self {
        let defaults = VERSION_CONTROL.iter().chain(DEFAULTS);
        let mut all: Vec<_> = defaults.map(|text| Pattern::parse(text, domain)).collect();
        all.extend(patterns);
        Self { patterns: all }
    }

    /// Returns the rules of an artifact: version control is always left out, and the other
    /// defaults count only if `patterns` is empty.
    pub fn for_artifact(patterns: Vec<Pattern>) -> Self {
        if patterns.is_empty() {
            return Self::with_defaults(patterns, &[]);
        }
        let mut all: Vec<_> =
            VERSION_CONTROL.iter().map(|text| Pattern::parse(text, &[])).collect();
        all.extend(patterns);
        Self { patterns: all }
    }

    /// Reports whether the path, at which a `kind` stands, is left out.
    pub fn is_ignored(&self, path: &str, kind: Kind) -> bool {
        let components: Vec<&str> = path.split('/').collect();
        self.ignores(&components, kind)
    }

    /// As [`Matcher::is_ignored`], with the path already taken apart.
    pub fn ignores(&self, components: &[&str], kind: Kind) -> bool {
        let mut verdicts = self.patterns.iter().rev().map(|p| p.judge(components, kind));
        verdicts.find(|verdict| *verdict != Verdict::NoMatch) == Some(Verdict::Exclude)
    }
}

/// Returns the patterns of a `.sourceignore` text, valid below `domain`.
pub fn parse(text: &str, domain: &[&str]) -> Vec<Pattern> {
    let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    lines
        .take_while(|line| line.len() < MAX_LINE)
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| Pattern::parse(line, domain))
        .collect()
}

/// Returns the patterns of every `.sourceignore` in the tree, each valid below its directory.
///
/// # Errors
/// What reading the tree reports; a file that is missing or not readable as a file is no error.
pub fn load(tree: &dyn Tree) -> Result<Vec<Pattern>, TreeError> {
    let mut patterns = Vec::new();
    let mut pending = vec![String::new()];
    while let Some(dir) = pending.pop() {
        let entries = tree.directory(&dir)?;
        if entries.iter().any(|entry| entry.name == FILE_NAME) {
            let domain: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
            patterns.extend(parse(&read(tree, &path::child(&dir, FILE_NAME))?, &domain));
        }
        let below = entries
            .iter()
            .rev()
            .filter(|entry| entry.kind == Kind::Directory && entry.name != ".git");
        pending.extend(below.map(|entry| path::child(&dir, &entry.name)));
    }
    Ok(patterns)
}

fn read(tree: &dyn Tree, file: &str) -> Result<String, TreeError> {
    match tree.read(file) {
        Ok(Cow::Borrowed(content)) => Ok(String::from_utf8_lossy(content).into_owned()),
        Ok(Cow::Owned(content)) => Ok(String::from_utf8_lossy(&content).into_owned()),
        Err(failed @ TreeError::Io { .. }) => Err(failed),
        Err(_) => Ok(String::new()),
    }
}

/// Returns what an artifact of `tree` leaves out, the object's own `spec.ignore` last.
///
/// # Errors
/// What [`load`] reports.
pub fn artifact_rules(tree: &dyn Tree, spec_ignore: Option<&str>) -> Result<Matcher, TreeError> {
    let mut patterns = load(tree)?;
    patterns.extend(parse(spec_ignore.unwrap_or_default(), &[]));
    Ok(Matcher::for_artifact(patterns))
}
