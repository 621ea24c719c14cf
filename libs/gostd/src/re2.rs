//! Regular expressions in the syntax of Go's `regexp` (RE2), with Go's meaning and error texts.
//!
//! The parser is our own, as the syntaxes of Rust and Go disagree in what they accept and mean; the
//! search is `regex-automata`'s, linear in the length of the text. Matching is leftmost-first.

use std::fmt;
use std::ops::Range;

use regex_automata::meta;
use regex_automata::util::captures::Captures as Slots;
use regex_automata::{Anchored, Input};

mod class;
mod parse;

use parse::Parsed;

/// Bytes of compiled program above which a pattern counts as too large.
const PROGRAM_LIMIT: usize = 16 << 20;

/// A compiled regular expression.
#[derive(Clone)]
pub struct Regexp {
    source: String,
    names: Vec<Option<String>>,
    program: meta::Regex,
}

/// Why a pattern is not accepted, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {problem}: `{part}`")]
pub struct RegexpError {
    problem: Problem,
    part: String,
}

/// The kinds of errors that `regexp/syntax` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("invalid character class range")]
    CharRange,
    #[error("invalid escape sequence")]
    Escape,
    #[error("invalid named capture")]
    NamedCapture,
    #[error("invalid or unsupported Perl syntax")]
    PerlOp,
    #[error("invalid nested repetition operator")]
    RepeatOp,
    #[error("invalid repeat count")]
    RepeatSize,
    #[error("missing closing ]")]
    MissingBracket,
    #[error("missing closing )")]
    MissingParen,
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    #[error("unexpected )")]
    UnexpectedParen,
    #[error("expression nests too deeply")]
    NestingDepth,
    #[error("expression too large")]
    Large,
}

/// Where the whole match and each group matched; group 0 is the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    groups: Vec<Option<Range<usize>>>,
}

impl Captures {
    /// Returns the range of the whole match.
    pub fn range(&self) -> Range<usize> {
        self.get(0).unwrap_or(0..0)
    }

    /// Returns the range of a group, `None` if there is no such group or it took no part.
    pub fn get(&self, group: usize) -> Option<Range<usize>> {
        self.groups.get(group).cloned().flatten()
    }

    /// Returns the ranges of all groups.
    pub fn groups(&self) -> &[Option<Range<usize>>] {
        &self.groups
    }
}

impl Regexp {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// In Go's words; a pattern whose groups nest more than 64 deep, or whose program needs more
    /// than 16 MiB, is refused sooner than Go would.
    pub fn new(pattern: &str) -> Result<Self, RegexpError> {
        let Parsed { hir, names } = parse::parse(pattern)?;
        let config = meta::Config::new()
            .nfa_size_limit(Some(PROGRAM_LIMIT))
            .which_captures(regex_automata::nfa::thompson::WhichCaptures::All);
        let program = meta::Builder::new()
            .configure(config)
            .build_from_hir(&hir)
            .map_err(|_| RegexpError { problem: Problem::Large, part: pattern.to_owned() })?;
        Ok(Self { source: pattern.to_owned(), names, program })
    }

    /// Returns the pattern.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Returns the names of the groups, the first being that of the whole match: none.
    pub fn group_names(&self) -> &[Option<String>] {
        &self.names
    }

    /// Tells whether the pattern matches anywhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.program.is_match(text)
    }

    /// Finds the first match.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        self.program.find(text).map(|found| found.range())
    }

    /// Finds the first match with its groups.
    pub fn captures(&self, text: &str) -> Option<Captures> {
        self.captures_from(text, 0)
    }

    /// Returns the text of the first match.
    pub fn find_str<'t>(&self, text: &'t str) -> Option<&'t str> {
        self.find(text).and_then(|range| text.get(range))
    }

    fn captures_from(&self, text: &str, start: usize) -> Option<Captures> {
        let mut slots: Slots = self.program.create_captures();
        let input = Input::new(text).range(start..).anchored(Anchored::No);
        self.program.search_captures(&input, &mut slots);
        if !slots.is_match() {
            return None;
        }
        let groups = (0..self.names.len()).map(|index| Some(slots.get_group(index)?.range()));
        Some(Captures { groups: groups.collect() })
    }

    fn find_from(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let found = self.program.find(Input::new(text).range(start..));
        found.map(|found| found.range())
    }

    /// Finds all matches that do not overlap, at most `limit`; an empty match right after another
    /// match does not count.
    pub fn find_all(&self, text: &str, limit: Option<usize>) -> Vec<Range<usize>> {
        self.all(text, limit, |start| self.find_from(text, start), Clone::clone)
    }

    /// Finds all matches with their groups, as [`Regexp::find_all`] does.
    pub fn captures_all(&self, text: &str, limit: Option<usize>) -> Vec<Captures> {
        self.all(text, limit, |start| self.captures_from(text, start), Captures::range)
    }

    fn all<T>(
        &self,
        text: &str,
        limit: Option<usize>,
        search: impl Fn(usize) -> Option<T>,
        range: impl Fn(&T) -> Range<usize>,
    ) -> Vec<T> {
        let limit = limit.unwrap_or(usize::MAX);
        let (mut start, mut last_end, mut found) = (0, None, Vec::new());
        while found.len() < limit && start <= text.len() {
            let Some(hit) = search(start) else { break };
            let span = range(&hit);
            let adjacent_empty = span.end == start && last_end == Some(span.start);
            start = if span.end == start { next_start(text, start) } else { span.end };
            last_end = Some(span.end);
            if !adjacent_empty {
                found.push(hit);
            }
        }
        found
    }

    /// Replaces every match by `template`, in which `$1`, `$name` and `${name}` stand for groups.
    pub fn replace_all(&self, text: &str, template: &str) -> String {
        self.replace_all_with(text, |found, out| self.expand(template, text, found, out))
    }

    /// Replaces every match by `literal` as it is.
    pub fn replace_all_literal(&self, text: &str, literal: &str) -> String {
        self.replace_all_with(text, |_, out| out.push_str(literal))
    }

    /// Replaces every match by what `replacement` appends.
    pub fn replace_all_with(
        &self,
        text: &str,
        mut replacement: impl FnMut(&Captures, &mut String),
    ) -> String {
        let (mut out, mut copied, mut start) = (String::new(), 0, 0);
        while start <= text.len() {
            let Some(found) = self.captures_from(text, start) else { break };
            let span = found.range();
            out.push_str(text.get(copied..span.start).unwrap_or_default());
            // No replacement for an empty match right after another match.
            if span.end > copied || span.start == 0 {
                replacement(&found, &mut out);
            }
            copied = span.end;
            start = if span.end > start { span.end } else { next_start(text, start) };
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    /// Appends `template` with the groups of a match in `text` put in.
    pub fn expand(&self, template: &str, text: &str, found: &Captures, out: &mut String) {
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            rest = after;
            if let Some(after) = rest.strip_prefix('$') {
                out.push('$');
                rest = after;
                continue;
            }
            let Some((name, after)) = group_reference(rest) else {
                out.push('$');
                continue;
            };
            rest = after;
            if let Some(range) = self.group(name, found) {
                out.push_str(text.get(range).unwrap_or_default());
            }
        }
        out.push_str(rest);
    }

    /// Finds what a group, named or numbered, matched.
    fn group(&self, name: &str, found: &Captures) -> Option<Range<usize>> {
        let numbered =
            name.bytes().all(|b| b.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
        if numbered && name.len() < 10 {
            return found.get(name.parse().ok()?);
        }
        let named = (0..).zip(&self.names).filter(|(_, own)| own.as_deref() == Some(name));
        named.into_iter().find_map(|(index, _)| found.get(index))
    }

    /// Splits `text` at the matches into at most `limit` pieces.
    pub fn split<'t>(&self, text: &'t str, limit: Option<usize>) -> Vec<&'t str> {
        if limit == Some(0) {
            return Vec::new();
        }
        if !self.source.is_empty() && text.is_empty() {
            return vec![""];
        }
        let (mut pieces, mut begin, mut end) = (Vec::new(), 0, 0);
        for found in self.find_all(text, limit) {
            if limit.is_some_and(|limit| pieces.len() + 1 >= limit) {
                break;
            }
            end = found.start;
            if found.end != 0 {
                pieces.push(text.get(begin..end).unwrap_or_default());
            }
            begin = found.end;
        }
        if end != text.len() {
            pieces.push(text.get(begin..).unwrap_or_default());
        }
        pieces
    }
}

impl fmt::Debug for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Regexp").field(&self.source).finish()
    }
}

impl fmt::Display for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl std::str::FromStr for Regexp {
    type Err = RegexpError;

    fn from_str(pattern: &str) -> Result<Self, RegexpError> {
        Self::new(pattern)
    }
}

/// Escapes everything that has a meaning in a pattern (`regexp.QuoteMeta`).
pub fn quote_meta(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn next_start(text: &str, start: usize) -> usize {
    let next = text.get(start..).and_then(|rest| rest.chars().next());
    start + next.map_or(1, char::len_utf8)
}

/// Reads `name` or `{name}` and returns the name and what follows.
fn group_reference(text: &str) -> Option<(&str, &str)> {
    let (braced, inner) = match text.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let is_word = |c: char| c == '_' || c.is_alphabetic() || c.is_numeric();
    let len = inner.find(|c| !is_word(c)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(len);
    if name.is_empty() {
        return None;
    }
    Some((name, if braced { rest.strip_prefix('}')? } else { rest }))
}

#[cfg(test)]
mod tests;
