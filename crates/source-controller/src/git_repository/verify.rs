//! Whether a commit, and the tag that led to it, are signed as the spec demands.

use flux_git::signature::{self, Signed, TrustedKeys};
use flux_git::{Commit, Tag};

use super::decide::mode;
use super::outcome::{Failure, Verified};

/// What is demanded.
pub(super) struct Check<'a> {
    /// Which objects must be signed.
    pub(super) mode: Option<&'a str>,
    /// By whom.
    pub(super) keys: TrustedKeys,
    /// The time of day, in seconds since 1970.
    pub(super) now: i64,
}

/// Checks the signatures; the message lists what they prove.
pub(super) fn verify(commit: &Commit, check: &Check<'_>) -> Result<Verified, Failure> {
    let mode = mode(check.mode);
    let mut proven = String::from("verified signature of");
    if matches!(mode, "Tag" | "TagAndHEAD") {
        let (tag, key) = verify_tag(commit.tag.as_ref(), check)?;
        proven += &format!("\n\t- tag '{tag}' with key '{key}'");
    }
    if matches!(mode, "HEAD" | "TagAndHEAD") {
        let signed = (commit.signature.as_str(), commit.encoded.as_slice());
        let key = signature::verify(Signed::Commit, signed, &check.keys, check.now);
        let hash = &commit.hash;
        let key = key.map_err(|why| {
            let message = format!("signature verification of commit '{hash}' failed: {why}");
            Failure::unverified("InvalidCommitSignature", message)
        })?;
        proven += &format!("\n\t- commit '{hash}' with key '{key}'");
    }
    Ok(Verified { mode: mode.to_owned(), message: proven })
}

/// Returns the tag that was proven to be signed, and the key.
fn verify_tag<'a>(tag: Option<&'a Tag>, check: &Check<'_>) -> Result<(&'a Tag, String), Failure> {
    let Some(tag) = tag else {
        let message = "cannot verify tag object's signature if a tag reference is not specified";
        return Err(Failure::unverified("InvalidVerificationMode", message.to_owned()).stalled());
    };
    if tag.signature.is_empty() {
        let message = format!("cannot verify signature of tag '{tag}' since it is not signed");
        return Err(Failure::unverified("InvalidGitObject", message));
    }
    let signed = (tag.signature.as_str(), tag.encoded.as_slice());
    match signature::verify(Signed::Tag, signed, &check.keys, check.now) {
        Ok(key) => Ok((tag, key)),
        Err(why) => {
            let message = format!("signature verification of tag '{tag}' failed: {why}");
            Err(Failure::unverified("InvalidTagSignature", message))
        }
    }
}
