//! Chooses among tags the highest version of a range.

use std::sync::Arc;

use flux_semver::{Constraint, Version};

use super::{Session, Target, object_id};
use crate::commit;
use crate::fetch::History;
use crate::reference::{Wanted, tag_ref};
use crate::refs::{Advertised, RemoteRef};
use crate::store::Objects;
use crate::{Checked, GitError};

/// Reads the range, if one is wanted.
pub(super) fn parse(wanted: Wanted<'_>) -> Result<Option<Constraint>, GitError> {
    let Wanted::Range(text) = wanted else { return Ok(None) };
    let parsed = Constraint::parse(text);
    parsed.map(Some).map_err(|error| GitError::Range(error.to_string()))
}

/// Returns the tags of the highest version: several only where build metadata tells them apart.
fn highest<'a>(refs: &'a [RemoteRef], range: &Constraint) -> Vec<&'a RemoteRef> {
    let tags = refs.iter().filter_map(|found| found.name.strip_prefix("refs/tags/"));
    let versions = flux_semver::sort_descending(Some(range), tags);
    let Some(top) = versions.first() else { return Vec::new() };
    let equal = versions.iter().take_while(|version| *version == top).map(Version::original);
    equal.filter_map(|tag| refs.iter().find(|found| found.name == tag_ref(tag))).collect()
}

impl Session<'_> {
    /// Fetches the highest tag of a range. Of equal versions the one with the latest commit counts.
    pub(super) fn range(
        &mut self,
        advertised: &mut Advertised,
        text: &str,
        range: &Constraint,
    ) -> Result<Checked, GitError> {
        let tags: Vec<_> = highest(&advertised.refs, range).into_iter().cloned().collect();
        match tags.as_slice() {
            [] => Err(GitError::NoMatch(text.to_owned())),
            [tag] => self.target(advertised, &Target { found: tag, reference: &tag.name }),
            tags => {
                let objects = Arc::new(Objects::create(&self.options.scratch)?);
                let wants = tags.iter().map(|tag| object_id(&tag.target));
                let wants = wants.collect::<Result<_, _>>()?;
                self.fetch(advertised, wants, History::None, &objects)?;
                let mut latest = None;
                for tag in tags {
                    let id = object_id(tag.commit())?;
                    let parsed = commit::read(&objects, &id, &tag.name)?;
                    let rank = (parsed.commit.committer.seconds, &tag.name);
                    if latest.as_ref().is_none_or(|(known, _, _)| *known < rank) {
                        latest = Some((rank, tag, parsed));
                    }
                }
                let (_, tag, mut parsed) =
                    latest.ok_or_else(|| GitError::NoMatch(text.to_owned()))?;
                if let Some(unchanged) = self.unchanged(&tag.name, tag.commit()) {
                    return Ok(unchanged);
                }
                let target = Target { found: tag, reference: &tag.name };
                parsed.commit.tag = super::tag(&objects, &target)?;
                self.checked(objects, parsed)
            }
        }
    }
}
