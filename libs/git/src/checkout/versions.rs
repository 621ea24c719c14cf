//! Chooses among tags the highest version of a range.

use super::Session;
use crate::reference::Wanted;
use crate::refs::Advertised;
use crate::{Checked, GitError};

/// A range of versions.
pub(super) struct Range;

/// Reads the range, if one is wanted.
pub(super) fn parse(_wanted: Wanted<'_>) -> Result<Option<Range>, GitError> {
    Ok(None)
}

impl Session<'_> {
    pub(super) fn range(
        &mut self,
        _advertised: &mut Advertised,
        text: &str,
        _range: &Range,
    ) -> Result<Checked, GitError> {
        Err(GitError::NoMatch(text.to_owned()))
    }
}
