//! The words of the command line that name kinds: `source git`, `kustomization`, `ks`.

use crate::cobra::{Command, Complete, Matches};
use crate::kind::{Family, KINDS, Kind};

/// Adds one sub-command for each kind, those of a family below the family's word.
///
/// `build` makes the sub-command of one kind from its word; `about` describes a family.
pub(crate) fn with_kinds(
    command: Command,
    kinds: &[&'static Kind],
    plural: Words,
    build: impl Fn(&'static Kind, &'static str) -> Command,
) -> Command {
    let mut command = command;
    let verb = command.name;
    for family in [Family::Source, Family::Image, Family::Artifact] {
        let members: Vec<_> = kinds.iter().filter(|kind| kind.family == Some(family)).collect();
        if members.is_empty() {
            continue;
        }
        let short = format!("{} {} objects", capitalized(verb), family.word());
        let mut group = Command::group(plural.family(family), &short);
        if plural == Words::Plural {
            group = group.alias(&[family.word()]);
        }
        for kind in members {
            let word = plural.kind(kind);
            let mut it = build(kind, word).complete(names_of(kind));
            if word != kind.word {
                it = it.alias(&[kind.word]);
            }
            group = group.child(it);
        }
        command = command.child(group);
    }
    for kind in kinds.iter().filter(|kind| kind.family.is_none()) {
        let word = plural.kind(kind);
        let mut it = build(kind, word).complete(names_of(kind)).alias(kind.aliases);
        if word != kind.word {
            it = it.alias(&[kind.word]);
        }
        command = command.child(it);
    }
    command
}

/// Returns a word with its first letter in upper case.
fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Says that arguments are names of objects of a kind.
pub(crate) fn names_of(kind: &Kind) -> Complete {
    Complete::Names(kind.group, kind.version, kind.kind)
}

/// Which words a verb uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// `sources git`, `kustomizations`: the words of `get`.
    Plural,
    /// `source git`, `kustomization`: the words of all other verbs.
    Singular,
}

impl Words {
    fn family(self, family: Family) -> &'static str {
        match self {
            Self::Plural => family.plural(),
            Self::Singular => family.word(),
        }
    }

    fn kind(self, kind: &'static Kind) -> &'static str {
        match self {
            Self::Plural => kind.plural,
            Self::Singular => kind.word,
        }
    }

    /// Finds the kind that the words behind the verb name.
    pub(crate) fn find(self, matches: &Matches) -> Option<&'static Kind> {
        let words = matches.path.get(1..)?;
        let (family, word) = match words {
            [family, word] => (Some(*family), *word),
            [word] => (None, *word),
            _ => return None,
        };
        KINDS
            .iter()
            .copied()
            .find(|kind| kind.family.map(|it| self.family(it)) == family && self.kind(kind) == word)
    }
}
