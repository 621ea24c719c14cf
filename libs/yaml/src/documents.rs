//! Texts into trees, one per document.

use std::borrow::Cow;

use crate::compose::Composer;
use crate::scanner::Dialect;
use crate::{Error, Limits, Node, input};

/// Reads every document of a text; the root node of each is returned.
///
/// # Errors
/// The first mistake in the text, as yaml.v3 reports it.
pub fn parse(text: &[u8]) -> Result<Vec<Node>, Error> {
    parse_with(text, &Limits::default())
}

/// Reads every document of a text within limits of the caller's choice.
///
/// # Errors
/// The first mistake in the text, as yaml.v3 reports it, or the limit that was passed.
pub fn parse_with(text: &[u8], limits: &Limits) -> Result<Vec<Node>, Error> {
    Documents::with_limits(text, limits).collect()
}

/// The documents of a text, read one at a time.
///
/// After an error there are no further documents. Anchors are known in their document only.
#[derive(Debug)]
pub struct Documents<'a> {
    source: Source<'a>,
}

#[derive(Debug)]
enum Source<'a> {
    Text(Box<Composer<'a>>),
    /// What has been read already, in reverse order.
    Read(Vec<Result<Node, Error>>),
}

impl<'a> Documents<'a> {
    /// Begins to read a text within the default limits.
    pub fn new(text: &'a [u8]) -> Self {
        Self::with_limits(text, &Limits::default())
    }

    /// Begins to read a text within limits of the caller's choice.
    pub fn with_limits(text: &'a [u8], limits: &Limits) -> Self {
        Self::with_dialect(text, limits, Dialect::V3)
    }

    pub(crate) fn with_dialect(text: &'a [u8], limits: &Limits, dialect: Dialect) -> Self {
        if text.len() > limits.bytes {
            let problem = format!("exceeded max size of {} bytes", limits.bytes);
            return Self { source: Source::Read(vec![Err(Error::problem(problem))]) };
        }
        let input = input::decode(text);
        let source = match input.text {
            Cow::Borrowed(text) => {
                Source::Text(Box::new(Composer::new(text, input.trouble, dialect, limits)))
            }
            Cow::Owned(text) => {
                let composer = Composer::new(&text, input.trouble, dialect, limits);
                let mut read: Vec<_> =
                    Documents { source: Source::Text(Box::new(composer)) }.collect();
                read.reverse();
                Source::Read(read)
            }
        };
        Self { source }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Read(read) => read.pop(),
            Source::Text(composer) => {
                let document = composer.document().transpose();
                if !matches!(document, Some(Ok(_))) {
                    self.source = Source::Read(Vec::new());
                }
                document
            }
        }
    }
}
