//! Chooses what a pass does. Every early exit is here.

use flux_api::names::condition;
use flux_api::{Artifact, GitInclude, GitRepository, conditions};

use super::observe::{Access, Observed, Presence};
use super::outcome::{Outcome, Stage};

/// What a pass does.
pub(super) enum Decision<'a> {
    /// Nothing but telling how it ended.
    Settle(Outcome),
    /// Removes the artifacts of a deleted object.
    Finalize,
    /// Looks at the repository, and stores what is new.
    Fetch(Fetch<'a>),
}

/// What to fetch.
pub(super) struct Fetch<'a> {
    /// From where.
    pub(super) access: &'a Access,
    /// The revision that need not be fetched again.
    pub(super) known: Option<String>,
    /// The artifacts to include.
    pub(super) includes: &'a [Artifact],
    /// Whether an artifact of the same revision would have other content.
    pub(super) content: Content,
}

/// Whether the settings that shape the content are those of the stored artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// They are.
    Same,
    /// They are not, or there is no stored artifact.
    Changed,
}

/// Chooses what the pass does.
pub(super) fn decide(seen: &Observed) -> Decision<'_> {
    if seen.object.is_deleting() {
        return Decision::Finalize;
    }
    if seen.object.spec.suspend {
        return Decision::Settle(Outcome::Suspended);
    }
    let failed = |failure: &super::outcome::Failure| {
        Decision::Settle(Outcome::Failed { failure: failure.clone(), stage: Stage::Before })
    };
    let access = match &seen.access {
        Ok(access) => access,
        Err(failure) => return failed(failure),
    };
    let includes = match &seen.includes {
        Ok(includes) => includes,
        Err(failure) => return failed(failure),
    };
    let content = content(seen, includes);
    let is_stored = matches!(seen.artifact, Presence::Stored)
        && conditions::is_true(&seen.object.status.conditions, condition::ARTIFACT_IN_STORAGE);
    let stored = seen.object.status.artifact.as_ref().filter(|_| is_stored);
    let known =
        stored.filter(|_| content == Content::Same).map(|artifact| artifact.revision.clone());
    Decision::Fetch(Fetch { access, known, includes, content })
}

/// Compares the settings that shape the content with those of the stored artifact.
fn content(seen: &Observed, includes: &[Artifact]) -> Content {
    let GitRepository { spec, status, .. } = &seen.object;
    let same_includes = spec.include.len() == status.observed_include.len()
        && spec.include.iter().zip(&status.observed_include).all(|(a, b)| is_same_include(a, b));
    let is_same = matches!(seen.artifact, Presence::Stored)
        && spec.ignore == status.observed_ignore
        && spec.recurse_submodules == status.observed_recurse_submodules
        && spec.sparse_checkout == status.observed_sparse_checkout
        && same_includes
        && !differ(includes, &status.included_artifacts)
        && !needs_verification(seen);
    if is_same { Content::Same } else { Content::Changed }
}

fn is_same_include(a: &GitInclude, b: &GitInclude) -> bool {
    a.repository == b.repository
        && a.from_path.as_deref().unwrap_or_default() == b.from_path.as_deref().unwrap_or_default()
        && a.to_path.as_deref().unwrap_or_default() == b.to_path.as_deref().unwrap_or_default()
}

/// Reports whether included artifacts are other ones than those recorded.
pub(super) fn differ(now: &[Artifact], recorded: &[Artifact]) -> bool {
    let same = |a: &Artifact, b: &Artifact| a.revision == b.revision && a.digest == b.digest;
    now.len() != recorded.len() || now.iter().zip(recorded).any(|(a, b)| !same(a, b))
}

/// Reports whether signatures must be checked that were not, or not as strictly.
fn needs_verification(seen: &Observed) -> bool {
    let object = &seen.object;
    let Some(verification) = &object.spec.verify else { return false };
    if matches!(seen.access, Ok(Access::Local(_))) {
        return false;
    }
    let observed = object.status.source_verification_mode.as_deref();
    match (observed, mode(verification.mode.as_deref())) {
        (None, _) => true,
        (Some("Tag"), wanted) => wanted != "Tag",
        (Some("HEAD"), wanted) => wanted != "HEAD",
        (Some(_), _) => false,
    }
}

/// Returns the mode of verification, its old spelling replaced.
pub(super) fn mode(mode: Option<&str>) -> &str {
    match mode {
        None | Some("head" | "") => "HEAD",
        Some(mode) => mode,
    }
}
