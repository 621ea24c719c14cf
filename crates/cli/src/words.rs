//! The words of the command line that name kinds: `source git`, `kustomization`, `ks`.

use clap::{ArgMatches, Command};

use crate::kind::{Family, Kind};

/// Adds one sub-command for each kind, those of a family below the family's word.
///
/// `build` makes the sub-command of one kind from its word.
pub(crate) fn with_kinds(
    command: Command,
    kinds: &[&'static Kind],
    plural: Words,
    build: impl Fn(&'static Kind, &'static str) -> Command,
) -> Command {
    let mut command = command.subcommand_required(true).arg_required_else_help(true);
    for family in [Family::Source, Family::Image, Family::Artifact] {
        let members: Vec<_> = kinds.iter().filter(|kind| kind.family == Some(family)).collect();
        if members.is_empty() {
            continue;
        }
        let mut group = Command::new(plural.family(family))
            .about(format!("{} objects", family.plural()))
            .subcommand_required(true)
            .arg_required_else_help(true);
        if plural == Words::Plural {
            group = group.visible_alias(family.word());
        }
        for kind in members {
            group = group.subcommand(build(kind, plural.kind(kind)));
        }
        command = command.subcommand(group);
    }
    for kind in kinds.iter().filter(|kind| kind.family.is_none()) {
        let word = plural.kind(kind);
        let mut it = build(kind, word).visible_aliases(kind.aliases);
        if word != kind.word {
            it = it.visible_alias(kind.word);
        }
        command = command.subcommand(it);
    }
    command
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

    /// Finds the kind that the sub-commands name, and the arguments behind it.
    pub(crate) fn find<'a>(
        self,
        kinds: &[&'static Kind],
        matches: &'a ArgMatches,
    ) -> Option<(&'static Kind, &'a ArgMatches)> {
        let (word, rest) = matches.subcommand()?;
        let find = |family: Option<Family>, word: &str| {
            kinds.iter().copied().find(|kind| kind.family == family && self.kind(kind) == word)
        };
        let families = [Family::Source, Family::Image, Family::Artifact];
        match families.into_iter().find(|family| self.family(*family) == word) {
            Some(family) => {
                let (word, rest) = rest.subcommand()?;
                Some((find(Some(family), word)?, rest))
            }
            None => Some((find(None, word)?, rest)),
        }
    }
}
