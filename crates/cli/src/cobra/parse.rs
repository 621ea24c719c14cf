//! From arguments to a command and its values.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::flag::{Flag, Type};
use super::suggest::unknown_command;
use super::{Arity, Command, value};

/// Why arguments do not fit, in the library's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// What arguments ask for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command with its values.
    Run(Matches),
    /// The help of the command at the end of this path.
    Help(Vec<&'static str>),
    /// The version.
    Version,
}

/// A command and what it was given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches {
    /// The words of the command below the root, without aliases.
    pub(crate) path: Vec<&'static str>,
    /// What is no flag.
    pub(crate) arguments: Vec<String>,
    /// Warnings about flags that nobody should use any more.
    pub(crate) warnings: Vec<String>,
    values: BTreeMap<&'static str, Vec<String>>,
    defaults: BTreeMap<&'static str, String>,
    given: BTreeSet<&'static str>,
}

impl Matches {
    /// Returns the value of a flag that takes one, empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        let value = self.values.get(name).and_then(|values| values.last());
        value.or_else(|| self.defaults.get(name)).map_or("", String::as_str)
    }

    /// Returns the value of a flag unless it is empty.
    pub(crate) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Tells whether a flag is on.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.text(name) == "true"
    }

    /// Returns the values of a flag that takes several.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        if let Some(values) = self.values.get(name) {
            return values.clone();
        }
        let default = self.defaults.get(name).map_or("", String::as_str);
        let inner = default.trim_start_matches('[').trim_end_matches(']');
        inner.split(',').filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }

    /// Returns the pairs of a flag that takes pairs.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<String, String> {
        let pairs = self.list(name);
        let split = |pair: &String| {
            let (key, value) = pair.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        };
        pairs.iter().filter_map(split).collect()
    }

    /// Returns a duration.
    pub(crate) fn duration(&self, name: &str) -> Duration {
        value::parse_duration(self.text(name)).unwrap_or_default()
    }

    /// Returns a number.
    pub(crate) fn int(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Tells whether a flag stands among the arguments.
    pub(crate) fn given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// Returns the first argument.
    pub(crate) fn name(&self) -> Option<&str> {
        self.arguments.first().map(String::as_str)
    }
}

/// Finds the command that arguments ask for and reads its flags.
///
/// # Errors
/// The library's words.
pub(crate) fn parse(root: &Command, arguments: &[String]) -> Result<Parsed, UsageError> {
    let (chain, rest) = descend(root, arguments);
    let command = chain.last().copied().unwrap_or(root);
    let below = chain.iter().skip(1);
    let path: Vec<&'static str> = below.map(|command| command.name).collect();
    let flags = Flags::of(&chain);
    if path.is_empty()
        && command.arity == Arity::Any
        && let Some(word) = operands(&rest, &flags).first()
    {
        return Err(UsageError(unknown_command(root, word)));
    }
    let mut matches = Matches { path, ..Matches::default() };
    for flag in &flags.0 {
        matches.defaults.insert(flag.name, flag.default.clone());
    }
    flags.read(&rest, &mut matches)?;
    if matches.is_on("help") {
        return Ok(Parsed::Help(matches.path));
    }
    if matches.path.is_empty() && matches.is_on("version") {
        return Ok(Parsed::Version);
    }
    if !command.runnable {
        return Ok(Parsed::Help(matches.path));
    }
    check_arity(command, &command_path(&chain), &matches.arguments)?;
    Ok(Parsed::Run(matches))
}

fn command_path(chain: &[&Command]) -> String {
    chain.iter().map(|command| command.name).collect::<Vec<_>>().join(" ")
}

fn check_arity(command: &Command, path: &str, arguments: &[String]) -> Result<(), UsageError> {
    let count = arguments.len();
    let text = match command.arity {
        Arity::None if count > 0 => {
            let word = flux_gostd::quote::quote(arguments.first().map_or("", String::as_str));
            format!("unknown command {word} for {}", flux_gostd::quote::quote(path))
        }
        Arity::Exactly(wanted) if count != wanted => {
            format!("accepts {wanted} arg(s), received {count}")
        }
        Arity::AtMost(most) if count > most => {
            format!("accepts at most {most} arg(s), received {count}")
        }
        Arity::Any | Arity::None | Arity::Exactly(_) | Arity::AtMost(_) => return Ok(()),
    };
    Err(UsageError(text))
}

/// Follows the words of commands; returns the commands from the root on and what is left.
pub(super) fn descend<'a>(
    root: &'a Command,
    arguments: &[String],
) -> (Vec<&'a Command>, Vec<String>) {
    let mut chain = vec![root];
    let mut rest = arguments.to_vec();
    loop {
        let flags = Flags::of(&chain);
        let at = flags.first_operand(&rest);
        let next = at.and_then(|at| {
            let word = rest.get(at)?;
            Some((at, chain.last()?.find(word)?))
        });
        let Some((at, child)) = next else { return (chain, rest) };
        rest.remove(at);
        chain.push(child);
    }
}

fn operands(rest: &[String], flags: &Flags<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let mut left = rest.to_vec();
    while let Some(at) = flags.first_operand(&left) {
        words.push(left.remove(at));
    }
    words
}

/// The flags that a command knows.
pub(super) struct Flags<'a>(pub(super) Vec<&'a Flag>);

impl<'a> Flags<'a> {
    /// Collects a command's own flags and those that its ancestors hand down.
    pub(super) fn of(chain: &[&'a Command]) -> Self {
        let own = chain.last().into_iter().flat_map(|command| &command.flags);
        let inherited = chain.iter().rev().flat_map(|command| &command.persistent);
        let mut flags: Vec<&Flag> = Vec::new();
        for flag in own.chain(inherited) {
            if !flags.iter().any(|it| it.name == flag.name) {
                flags.push(flag);
            }
        }
        Self(flags)
    }

    pub(super) fn long(&self, name: &str) -> Option<&'a Flag> {
        self.0.iter().copied().find(|flag| flag.name == name)
    }

    pub(super) fn short(&self, letter: char) -> Option<&'a Flag> {
        self.0.iter().copied().find(|flag| flag.short == Some(letter))
    }

    /// Finds the first argument that is neither a flag nor the value of one.
    fn first_operand(&self, arguments: &[String]) -> Option<usize> {
        let mut at = 0;
        while let Some(argument) = arguments.get(at) {
            if argument == "--" {
                return None;
            }
            if !argument.starts_with('-') || argument.len() == 1 {
                if !argument.is_empty() {
                    return Some(at);
                }
            } else if self.takes_next(argument) {
                at += 1;
            }
            at += 1;
        }
        None
    }

    /// Tells whether the argument behind a flag is its value.
    fn takes_next(&self, argument: &str) -> bool {
        let takes = |flag: Option<&Flag>| !flag.is_some_and(|it| matches!(it.kind, Type::Bool));
        if argument.contains('=') {
            return false;
        }
        match argument.strip_prefix("--") {
            Some(name) => takes(self.long(name)),
            None => {
                let mut letters = argument.chars().skip(1);
                match (letters.next(), letters.next()) {
                    (Some(letter), None) => takes(self.short(letter)),
                    _ => false,
                }
            }
        }
    }

    /// Reads all arguments.
    fn read(&self, arguments: &[String], matches: &mut Matches) -> Result<(), UsageError> {
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                matches.arguments.extend(rest.by_ref().cloned());
            } else if let Some(name) = argument.strip_prefix("--") {
                self.read_long(name, &mut rest, matches)?;
            } else if argument.len() > 1 && argument.starts_with('-') {
                self.read_short(argument, &mut rest, matches)?;
            } else {
                matches.arguments.push(argument.clone());
            }
        }
        Ok(())
    }

    fn read_long(
        &self,
        argument: &str,
        rest: &mut std::slice::Iter<'_, String>,
        matches: &mut Matches,
    ) -> Result<(), UsageError> {
        if argument.starts_with('-') || argument.starts_with('=') {
            return Err(UsageError(format!("bad flag syntax: --{argument}")));
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        let flag = self.long(name);
        let flag = flag.ok_or_else(|| UsageError(format!("unknown flag: --{name}")))?;
        let value = match (value, flag.kind) {
            (Some(value), _) => value.to_owned(),
            (None, Type::Bool) => "true".to_owned(),
            (None, _) => {
                let missing = || UsageError(format!("flag needs an argument: --{name}"));
                rest.next().ok_or_else(missing)?.clone()
            }
        };
        set(flag, &value, matches)
    }

    fn read_short(
        &self,
        argument: &str,
        rest: &mut std::slice::Iter<'_, String>,
        matches: &mut Matches,
    ) -> Result<(), UsageError> {
        let group = argument.get(1..).unwrap_or_default();
        let mut letters = group;
        while let Some(letter) = letters.chars().next() {
            letters = letters.get(letter.len_utf8()..).unwrap_or_default();
            let unknown = || UsageError(format!("unknown shorthand flag: '{letter}' in -{group}"));
            let flag = self.short(letter).ok_or_else(unknown)?;
            let value = if let Some(value) = letters.strip_prefix('=') {
                letters = "";
                value.to_owned()
            } else if matches!(flag.kind, Type::Bool) {
                "true".to_owned()
            } else if !letters.is_empty() {
                std::mem::take(&mut letters).to_owned()
            } else {
                let missing =
                    || UsageError(format!("flag needs an argument: '{letter}' in -{group}"));
                rest.next().ok_or_else(missing)?.clone()
            };
            set(flag, &value, matches)?;
        }
        Ok(())
    }
}

/// Gives a flag a value.
fn set(flag: &Flag, text: &str, matches: &mut Matches) -> Result<(), UsageError> {
    let values = flag.check(text).map_err(|error| {
        let name = match flag.short {
            Some(short) => format!("-{short}, --{}", flag.name),
            None => format!("--{}", flag.name),
        };
        let text = flux_gostd::quote::quote(text);
        UsageError(format!("invalid argument {text} for \"{name}\" flag: {error}"))
    })?;
    if !flag.deprecated.is_empty() && !matches.given.contains(flag.name) {
        let warning = format!("Flag --{} has been deprecated, {}", flag.name, flag.deprecated);
        matches.warnings.push(warning);
    }
    matches.given.insert(flag.name);
    let kept = matches.values.entry(flag.name).or_default();
    if !matches!(flag.kind, Type::List | Type::Repeated | Type::Map) {
        kept.clear();
    }
    kept.extend(values);
    Ok(())
}
