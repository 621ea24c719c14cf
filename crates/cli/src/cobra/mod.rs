//! Commands, flags, help and completion as the original's libraries (cobra and pflag) have them.
//!
//! In: a [`Command`] tree, which is data, and arguments. Out: [`Matches`] or the library's own
//! words. Nothing here knows what a command does.

mod complete;
mod flag;
mod help;
mod parse;
mod scripts;
mod suggest;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use complete::{Asked, Completion, Directive, ask, print};
pub(crate) use flag::{Check, Complete, Flag, Type};
pub(crate) use help::help;
pub(crate) use parse::{Matches, Parsed, parse};
pub(crate) use scripts::{Shell, script};

/// How many arguments a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// Any number; the command itself says what it misses.
    Any,
    /// None: an argument is an unknown command.
    None,
    /// Exactly so many.
    Exactly(usize),
    /// At most so many.
    AtMost(usize),
}

/// A command and those below it.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    /// The word.
    pub(crate) name: &'static str,
    /// What follows the word in the usage line, such as `[name]`.
    pub(crate) operands: &'static str,
    /// Further words that mean the same.
    pub(crate) aliases: Vec<&'static str>,
    /// One line for the list of commands.
    pub(crate) short: String,
    /// What its own help begins with; `short` if empty.
    pub(crate) long: String,
    /// Command lines to learn from, each with a comment.
    pub(crate) example: String,
    /// Whether it can be run and is not only a group.
    pub(crate) runnable: bool,
    /// Whether help leaves it out.
    pub(crate) hidden: bool,
    /// How many arguments it takes.
    pub(crate) arity: Arity,
    /// What its arguments are, for completion.
    pub(crate) complete: Complete,
    /// Flags of this command alone.
    pub(crate) flags: Vec<Flag>,
    /// Flags of this command and all below it.
    pub(crate) persistent: Vec<Flag>,
    /// The commands below.
    pub(crate) children: Vec<Command>,
}

impl Command {
    fn new(name: &'static str, short: &str, runnable: bool) -> Self {
        Self {
            name,
            operands: "",
            aliases: Vec::new(),
            short: short.to_owned(),
            long: String::new(),
            example: String::new(),
            runnable,
            hidden: false,
            arity: Arity::Any,
            complete: Complete::Nothing,
            flags: Vec::new(),
            persistent: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Describes a command that only holds others.
    pub(crate) fn group(name: &'static str, short: &str) -> Self {
        Self::new(name, short, false)
    }

    /// Describes a command that can be run.
    pub(crate) fn leaf(name: &'static str, short: &str) -> Self {
        Self::new(name, short, true)
    }

    /// Says what follows the word.
    pub(crate) fn operands(mut self, operands: &'static str) -> Self {
        self.operands = operands;
        self
    }

    /// Adds words that mean the same.
    pub(crate) fn alias(mut self, aliases: &[&'static str]) -> Self {
        self.aliases.extend_from_slice(aliases);
        self
    }

    /// Says more than one line.
    pub(crate) fn long(mut self, long: &str) -> Self {
        self.long = long.to_owned();
        self
    }

    /// Shows how it is used: pairs of a sentence and a command line.
    pub(crate) fn example(mut self, example: &str) -> Self {
        self.example = example.to_owned();
        self
    }

    /// Leaves it out of help.
    #[expect(dead_code, reason = "for flags that are still to come")]
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Says how many arguments it takes.
    pub(crate) fn arity(mut self, arity: Arity) -> Self {
        self.arity = arity;
        self
    }

    /// Says what its arguments are.
    pub(crate) fn complete(mut self, complete: Complete) -> Self {
        self.complete = complete;
        self
    }

    /// Adds a flag.
    pub(crate) fn flag(mut self, flag: Flag) -> Self {
        self.flags.push(flag);
        self
    }

    /// Adds flags.
    pub(crate) fn flags(mut self, flags: impl IntoIterator<Item = Flag>) -> Self {
        self.flags.extend(flags);
        self
    }

    /// Adds flags that all commands below take as well.
    pub(crate) fn persistent(mut self, flags: impl IntoIterator<Item = Flag>) -> Self {
        self.persistent.extend(flags);
        self
    }

    /// Adds a command below.
    pub(crate) fn child(mut self, child: Command) -> Self {
        self.children.push(child);
        self
    }

    /// Adds commands below.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Command>) -> Self {
        self.children.extend(children);
        self
    }

    /// Tells whether the word, or one that means the same, names this command.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }

    /// Finds a command below.
    pub(crate) fn find(&self, word: &str) -> Option<&Command> {
        self.children.iter().find(|child| child.is(word))
    }

    /// Tells whether help lists it.
    pub(crate) fn is_available(&self) -> bool {
        !self.hidden && (self.runnable || self.children.iter().any(Command::is_available))
    }
}
