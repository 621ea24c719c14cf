//! Texts into trees, one per document.

use crate::{Error, Limits, Node};

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
/// After an error there are no further documents.
#[derive(Debug)]
pub struct Documents<'a> {
    text: &'a [u8],
    limits: Limits,
}

impl<'a> Documents<'a> {
    /// Begins to read a text within the default limits.
    pub fn new(text: &'a [u8]) -> Self {
        Self::with_limits(text, &Limits::default())
    }

    /// Begins to read a text within limits of the caller's choice.
    pub fn with_limits(text: &'a [u8], limits: &Limits) -> Self {
        Self { text, limits: limits.clone() }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Node, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = std::mem::take(&mut self.text);
        let whole = text.len() <= self.limits.bytes && !text.is_empty();
        whole.then(|| Err(Error::problem("reading is not built yet")))
    }
}
