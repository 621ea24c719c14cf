//! What a template may know of the cluster and of Helm.

use flux_semver::Version;

/// The Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    /// As the cluster or the user gave it.
    pub version: String,
    /// Without suffix, for constraints; empty where the version itself counts.
    pub normalized: String,
    /// The first number, as the cluster reports it.
    pub major: String,
    /// The second number, as the cluster reports it, `33+` for instance.
    pub minor: String,
}

impl KubeVersion {
    /// Reads a version that a user gives: only its numbers count for constraints.
    ///
    /// Nothing if there are no two numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim_start();
        let numbers = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let end = numbers.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(numbers.len());
        let digits = numbers.get(..end)?.trim_end_matches('.');
        let parts: Vec<u64> = digits.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [major, minor, ..] = parts.as_slice() else { return None };
        let joined: Vec<_> = parts.iter().map(u64::to_string).collect();
        Some(Self {
            version: if text.starts_with('v') { text.to_owned() } else { format!("v{text}") },
            normalized: format!("v{}", joined.join(".")),
            major: major.to_string(),
            minor: minor.to_string(),
        })
    }

    /// Takes what a cluster reports as it is.
    pub fn reported(version: &str, major: &str, minor: &str) -> Self {
        Self {
            version: version.to_owned(),
            normalized: String::new(),
            major: major.to_owned(),
            minor: minor.to_owned(),
        }
    }

    /// The version that constraints are checked against.
    pub fn for_constraints(&self) -> &str {
        if self.normalized.is_empty() { &self.version } else { &self.normalized }
    }
}

/// What `.Capabilities` shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The Kubernetes version.
    pub kube_version: KubeVersion,
    /// `v1`, `apps/v1`, `apps/v1/Deployment` and so on.
    pub api_versions: Vec<String>,
    /// Helm's own version.
    pub helm_version: String,
}

/// What Helm 4.2 says of itself where no version was linked in, as in the original controller.
pub(crate) const HELM_VERSION: &str = "v4.2";
/// The version of Kubernetes whose client it has.
pub(crate) const KUBE_CLIENT_VERSION: &str = "v1.36";

impl Capabilities {
    /// Makes capabilities of a version and what it serves.
    pub fn new(kube_version: KubeVersion, api_versions: Vec<String>) -> Self {
        Self { kube_version, api_versions, helm_version: HELM_VERSION.to_owned() }
    }
}

/// Tells whether a version is in a range; neither is if it cannot be read.
pub(crate) fn is_compatible(range: &str, version: &str) -> bool {
    let Ok(version) = Version::parse(version) else { return false };
    flux_semver::Constraint::parse(range).is_ok_and(|range| range.matches(&version))
}
