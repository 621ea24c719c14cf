//! What the scanner hands to the parser.

use std::borrow::Cow;

use crate::Style;

/// A place in the text; all zero-based, `index` in bytes and `column` in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) index: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A token and where it begins.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) start: Mark,
    /// The end, where it matters: of indicators.
    pub(crate) width: u32,
    pub(crate) payload: Payload<'a>,
}

impl Token<'_> {
    /// The place behind an indicator.
    pub(crate) fn end(&self) -> Mark {
        let Mark { index, line, column } = self.start;
        Mark { index: index + self.width as usize, line, column: column + self.width }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    StreamEnd,
    VersionDirective,
    TagDirective,
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar,
}

/// What a token carries.
#[derive(Debug, Default)]
pub(crate) enum Payload<'a> {
    #[default]
    None,
    /// The name of an anchor or of an alias' anchor.
    Name(&'a str),
    Scalar(Cow<'a, str>, Style),
    /// Handle and suffix of a tag, or handle and prefix of a `%TAG` directive.
    Tag(Box<(String, String)>),
    /// Whether a `%YAML` directive says 1.1.
    Version(bool),
}
