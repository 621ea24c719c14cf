//! Mistakes in a text before they are worded for the user.

use std::borrow::Cow;

use super::token::Mark;
use crate::Error;

/// Which of the two libraries is followed where they differ: in the line that an error names, in
/// how far the scanner reads ahead, and in whether comments are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    V2,
    V3,
}

/// Who found the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Reader,
    Scanner,
    Parser,
}

/// A mistake with the places that go-yaml notes for it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) stage: Stage,
    /// Where the construct that is being read began.
    pub(crate) context: Option<Mark>,
    /// Where reading stopped.
    pub(crate) place: Mark,
    pub(crate) problem: Cow<'static, str>,
}

impl Fault {
    /// Words the mistake, with the line that the library would name.
    ///
    /// The libraries prefer different places, leave out a line that they count as zero, and
    /// forget to add one to lines that the parser noted.
    pub(crate) fn into_error(self, dialect: Dialect) -> Error {
        let shift = u32::from(self.stage == Stage::Scanner);
        let context = self.context.map_or(0, |mark| mark.line);
        let place = self.place.line;
        let line = match dialect {
            Dialect::V3 if context != 0 => context + shift,
            Dialect::V2 if place == 0 => context,
            _ if place != 0 => place + shift,
            _ => 0,
        };
        Error::Yaml { line: (line != 0).then_some(line), problem: self.problem.into_owned() }
    }
}
