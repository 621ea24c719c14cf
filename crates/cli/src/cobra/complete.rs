//! The protocol between a shell and the hidden command `__complete`.
//!
//! The shell calls `flux __complete WORDS… WORD`; the answer is one candidate a line, a tab before
//! its description, and at the end a colon and a number that tells the shell what to do.

use super::flag::{Complete, Flag, Type};
use super::parse::{Flags, descend};
use super::{Command, Matches};

/// What a shell is to do with the candidates, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directive(pub(crate) u8);

impl Directive {
    /// Something went wrong; candidates are void.
    pub(crate) const ERROR: Self = Self(1);
    /// Names of files are no candidates.
    pub(crate) const NO_FILES: Self = Self(4);
    /// Whatever the shell does by itself.
    pub(crate) const DEFAULT: Self = Self(0);
}

/// A word that would fit, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The word.
    pub(crate) word: String,
    /// What it means; may be empty.
    pub(crate) about: String,
}

impl Completion {
    /// Makes a candidate without a description.
    pub(crate) fn word(word: impl Into<String>) -> Self {
        Self { word: word.into(), about: String::new() }
    }
}

/// What a shell asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// These words, and nothing else can be known here.
    Words(Vec<Completion>, Directive),
    /// Something that the cluster or the kubeconfig knows; those that begin with the text.
    Outside(Box<Matches>, Complete, String),
}

/// Finds out what fits behind `words`, of which the last one is not complete.
pub(crate) fn ask(root: &Command, words: &[String]) -> Asked {
    let (last, before) = match words.split_last() {
        Some((last, before)) => (last.as_str(), before),
        None => ("", words),
    };
    let (chain, rest) = descend(root, before);
    let command = chain.last().copied().unwrap_or(root);
    let flags = Flags::of(&chain);
    if let Some((name, value)) = last.strip_prefix("--").and_then(|it| it.split_once('=')) {
        return match flags.long(name) {
            Some(flag) => value_of(root, flag, before, value),
            None => Asked::Words(Vec::new(), Directive::NO_FILES),
        };
    }
    if last.starts_with('-') {
        return Asked::Words(flag_words(&flags, last), Directive::NO_FILES);
    }
    if let Some(flag) = rest.last().and_then(|word| awaiting(&flags, word)) {
        return value_of(root, flag, before.split_last().map_or(before, |it| it.1), last);
    }
    let mut found: Vec<Completion> = Vec::new();
    let has_arguments = rest.iter().any(|word| !word.starts_with('-'));
    if !has_arguments || command.children.is_empty() {
        let children = command.children.iter().filter(|child| child.is_available());
        let fitting = children.filter(|child| child.name.starts_with(last));
        found.extend(
            fitting.map(|it| Completion { word: it.name.to_owned(), about: it.short.clone() }),
        );
        found.sort_by(|one, other| one.word.cmp(&other.word));
    }
    match command.complete {
        Complete::Nothing if command.children.is_empty() => Asked::Words(found, Directive::DEFAULT),
        Complete::Nothing => Asked::Words(found, Directive::NO_FILES),
        Complete::Words(words) => Asked::Words(fitting(words, last), Directive::NO_FILES),
        outside => Asked::Outside(Box::new(lenient(root, before)), outside, last.to_owned()),
    }
}

fn value_of(root: &Command, flag: &Flag, before: &[String], text: &str) -> Asked {
    match flag.complete {
        Complete::Nothing => Asked::Words(Vec::new(), Directive::DEFAULT),
        Complete::Words(words) => Asked::Words(fitting(words, text), Directive::NO_FILES),
        outside => Asked::Outside(Box::new(lenient(root, before)), outside, text.to_owned()),
    }
}

/// Reads as much of the flags as can be read.
fn lenient(root: &Command, words: &[String]) -> Matches {
    match super::parse(root, words) {
        Ok(super::Parsed::Run(matches)) => matches,
        Ok(super::Parsed::Help(_) | super::Parsed::Version) | Err(_) => Matches::default(),
    }
}

fn fitting(words: &[&str], text: &str) -> Vec<Completion> {
    words.iter().filter(|it| it.starts_with(text)).map(|it| Completion::word(*it)).collect()
}

/// Returns the flag that waits for its value.
fn awaiting<'a>(flags: &Flags<'a>, word: &str) -> Option<&'a Flag> {
    let flag = match word.strip_prefix("--") {
        Some(name) => flags.long(name)?,
        None => {
            let mut letters = word.strip_prefix('-')?.chars().rev();
            flags.short(letters.next()?)?
        }
    };
    (!matches!(flag.kind, Type::Bool)).then_some(flag)
}

fn flag_words(flags: &Flags<'_>, text: &str) -> Vec<Completion> {
    let mut shown: Vec<&Flag> = flags.0.iter().copied().filter(|flag| !flag.hidden).collect();
    shown.sort_by_key(|flag| flag.name);
    let mut found = Vec::new();
    for flag in shown {
        let equals = if matches!(flag.kind, Type::Bool) { "" } else { "=" };
        let mut forms = vec![format!("--{}", flag.name)];
        if !equals.is_empty() {
            forms.push(format!("--{}=", flag.name));
        }
        forms.extend(flag.short.map(|short| format!("-{short}")));
        let fitting = forms.into_iter().filter(|form| form.starts_with(text));
        found.extend(
            fitting.map(|word| Completion { word, about: flag.unquoted().1.replace('\n', " ") }),
        );
    }
    found
}

/// Writes an answer; without descriptions if the shell cannot show them.
pub(crate) fn print(found: &[Completion], directive: Directive, described: bool) -> String {
    let mut text = String::new();
    for Completion { word, about } in found {
        text.push_str(word);
        let first = about.lines().next().unwrap_or_default();
        if described && !first.is_empty() {
            text.push('\t');
            text.push_str(first);
        }
        text.push('\n');
    }
    text.push_str(&format!(":{}\n", directive.0));
    text
}
