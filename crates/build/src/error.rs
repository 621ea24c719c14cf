//! Why a Kustomization could not be built, and at which stage.

use std::fmt;

use flux_kustomize::Cause;

/// The stages of a build, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `spec.path` is looked for. Its failure is one of the artifact.
    Path,
    /// The kustomization file is made.
    Generate,
    /// Encrypted files and objects are decrypted.
    Decrypt,
    /// kustomize builds.
    Build,
    /// The objects' kinds and names are read.
    Decode,
    /// Variables are replaced.
    PostBuild,
    /// An object takes its place after decryption or substitution.
    Replace,
    /// The text is read into objects.
    Objects,
}

impl Stage {
    /// Returns what the controller puts in front of the text of this stage.
    fn prefix(self) -> &'static str {
        match self {
            Self::Path => "kustomization path not found: ",
            Self::Build => "kustomize build failed: ",
            Self::Generate
            | Self::Decrypt
            | Self::Decode
            | Self::PostBuild
            | Self::Replace
            | Self::Objects => "",
        }
    }
}

/// Why a Kustomization could not be built, in the words of the original.
///
/// Prints as the Ready condition has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    stage: Stage,
    text: String,
    cause: Cause,
}

impl BuildError {
    pub(crate) fn new(stage: Stage, text: impl Into<String>) -> Self {
        Self { stage, text: text.into(), cause: Cause::Content }
    }

    pub(crate) fn from_kustomize(error: &flux_kustomize::BuildError) -> Self {
        let text = match error.cause() {
            Cause::Crash => format!("recovered from kustomize build panic: {error}"),
            Cause::Content | Cause::Remote | Cause::RemoteRefused => error.to_string(),
        };
        Self { stage: Stage::Build, text, cause: error.cause() }
    }

    /// Returns the stage that failed.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns the text without what the controller puts in front of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reports whether the same tree may build later: something on the network was missing.
    pub fn is_remote(&self) -> bool {
        self.cause == Cause::Remote
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.stage.prefix(), self.text)
    }
}

impl std::error::Error for BuildError {}
