//! Sources: Git and OCI repositories, buckets, Helm repositories and charts, foreign artifacts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::meta::{is_false, is_zero};
use crate::names::group::SOURCE;
use crate::resource::resource_status;
use crate::{Condition, Definition, Duration, LocalReference, Resource, ResourceStatus, Time};

/// The kinds that a Kustomization can take its manifests from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum SourceKind {
    /// A Git repository.
    #[default]
    GitRepository,
    /// An OCI repository.
    #[serde(rename = "OCIRepository")]
    OciRepository,
    /// A bucket.
    Bucket,
    /// An artifact that another controller stores.
    ExternalArtifact,
}

impl SourceKind {
    /// Returns the kind as it stands in objects.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitRepository => GitRepositorySpec::KIND,
            Self::OciRepository => OciRepositorySpec::KIND,
            Self::Bucket => BucketSpec::KIND,
            Self::ExternalArtifact => ExternalArtifactSpec::KIND,
        }
    }
}

/// A stored archive of a source at one revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Digest of the archive, `algorithm:hex`.
    pub digest: String,
    /// When the archive was stored.
    pub last_update_time: Time,
    /// Annotations of an OCI artifact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Path below the storage root.
    pub path: String,
    /// The revision that the archive holds.
    pub revision: String,
    /// Length of the archive in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Where to fetch it.
    pub url: String,
}

/// A Git repository.
pub type GitRepository = Resource<GitRepositorySpec>;

/// What to fetch from a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitRepositorySpec {
    /// Ignore rules instead of the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Artifacts of other repositories to copy in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<GitInclude>,
    /// How often to look.
    pub interval: Duration,
    /// Where credentials come from: `generic`, `aws`, `azure`, `github`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Secret with a proxy's address and credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalReference>,
    /// Whether submodules are fetched too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub recurse_submodules: bool,
    /// What to check out; `master` without it.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<GitReference>,
    /// Secret with credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Service account for cloud credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Directories to check out, all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sparse_checkout: Vec<String>,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Limit of one Git operation; the server's default is 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// `http`, `https` or `ssh` address.
    pub url: String,
    /// Signatures to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<GitVerification>,
}

/// Copies another repository's artifact into this one's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitInclude {
    /// Path inside the other artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_path: Option<String>,
    /// The other GitRepository.
    pub repository: LocalReference,
    /// Path inside this artifact; the other's name without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_path: Option<String>,
}

/// What to check out. Precedence: commit, name, semver, tag, branch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitReference {
    /// A branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// A full reference name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A range that the highest tag is chosen from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// A tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Which Git objects must be signed, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GitVerification {
    /// `HEAD`, `Tag` or `TagAndHEAD` (`head` counts as `HEAD`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Secret with the public keys.
    pub secret_ref: LocalReference,
}

/// What was found in a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GitRepositoryStatus {
    /// The stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The included artifacts, in the order of the spec.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub included_artifacts: Vec<Artifact>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Ignore rules of the stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Includes of the stored archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed_include: Vec<GitInclude>,
    /// Whether the stored archive has submodules.
    #[serde(skip_serializing_if = "is_false")]
    pub observed_recurse_submodules: bool,
    /// Directories of the stored archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed_sparse_checkout: Vec<String>,
    /// What was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_verification_mode: Option<String>,
}
resource_status!(GitRepositoryStatus);

impl Definition for GitRepositorySpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "GitRepository";
    const PLURAL: &'static str = "gitrepositories";
    type Status = GitRepositoryStatus;
}

/// An OCI repository.
pub type OciRepository = Resource<OciRepositorySpec>;

/// What to fetch from an OCI repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OciRepositorySpec {
    /// Secret with TLS certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalReference>,
    /// Ignore rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Whether plain HTTP is allowed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// How often to look.
    pub interval: Duration,
    /// Which layer to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_selector: Option<LayerSelector>,
    /// Where credentials come from: `generic`, `aws`, `azure`, `gcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Secret with a proxy's address and credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalReference>,
    /// What to pull; `latest` without it.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<OciReference>,
    /// Secret with registry credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Service account for pull secrets or cloud credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Limit of one registry operation; the server's default is 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// `oci://` address.
    pub url: String,
    /// Signatures to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<OciVerification>,
}

/// Chooses a layer and what becomes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerSelector {
    /// Media type of the layer; the first layer without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// `extract` or `copy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
}

/// What to pull. Precedence: digest, semver, tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OciReference {
    /// A digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// A range that the highest tag is chosen from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver: Option<String>,
    /// A regular expression on the tags that count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semver_filter: Option<String>,
    /// A tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// Which signatures an OCI artifact must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OciVerification {
    /// Identities that may have signed without a key.
    #[serde(default, rename = "matchOIDCIdentity", skip_serializing_if = "Vec::is_empty")]
    pub match_oidc_identity: Vec<OidcIdentity>,
    /// `cosign` or `notation`.
    pub provider: String,
    /// Secret with public keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Secret with a trusted root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_root_secret_ref: Option<LocalReference>,
}

/// Regular expressions on who signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcIdentity {
    /// On the issuer.
    pub issuer: String,
    /// On the subject.
    pub subject: String,
}

/// What was found in an OCI repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OciRepositoryStatus {
    /// The stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Ignore rules of the stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Layer of the stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_layer_selector: Option<LayerSelector>,
    /// Where to fetch the latest archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
resource_status!(OciRepositoryStatus);

impl Definition for OciRepositorySpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "OCIRepository";
    const PLURAL: &'static str = "ocirepositories";
    type Status = OciRepositoryStatus;
}

/// A bucket of an object store.
pub type Bucket = Resource<BucketSpec>;

/// What to fetch from a bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketSpec {
    /// The bucket.
    pub bucket_name: String,
    /// Secret with TLS certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalReference>,
    /// Address of the store.
    pub endpoint: String,
    /// Ignore rules instead of the defaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
    /// Whether plain HTTP is allowed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// How often to look.
    pub interval: Duration,
    /// Only objects whose key begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// `generic`, `aws`, `gcp`, `azure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Secret with a proxy's address and credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_secret_ref: Option<LocalReference>,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Secret with credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Service account for cloud credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_name: Option<String>,
    /// A service that gives temporary credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts: Option<BucketSts>,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Limit of one fetch; the server's default is 60s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// A service that gives temporary credentials for a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketSts {
    /// Secret with TLS certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalReference>,
    /// Its address.
    pub endpoint: String,
    /// `aws` or `ldap`.
    pub provider: String,
    /// Secret with the credentials to show there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
}

/// What was found in a bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BucketStatus {
    /// The stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Ignore rules of the stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_ignore: Option<String>,
    /// Where to fetch the latest archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
resource_status!(BucketStatus);

impl Definition for BucketSpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Bucket";
    const PLURAL: &'static str = "buckets";
    type Status = BucketStatus;
}

/// A Helm repository.
pub type HelmRepository = Resource<HelmRepositorySpec>;

/// Where charts are found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmRepositorySpec {
    /// Not in use upstream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_from: Option<AccessFrom>,
    /// Secret with TLS certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<LocalReference>,
    /// Whether plain HTTP is allowed with an OCI registry.
    #[serde(default, skip_serializing_if = "is_false")]
    pub insecure: bool,
    /// How often to look; not needed for OCI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Duration>,
    /// Whether credentials go to other hosts too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pass_credentials: bool,
    /// Where credentials come from, OCI only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Secret with credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<LocalReference>,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Limit of one fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// `default` or `oci`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The address.
    pub url: String,
}

/// Not in use upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessFrom {
    /// Which namespaces.
    pub namespace_selectors: Vec<NamespaceSelector>,
}

/// Not in use upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels of the namespaces.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
}

/// What was found in a Helm repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmRepositoryStatus {
    /// The stored index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Where to fetch the latest index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
resource_status!(HelmRepositoryStatus);

impl Definition for HelmRepositorySpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "HelmRepository";
    const PLURAL: &'static str = "helmrepositories";
    type Status = HelmRepositoryStatus;
}

/// A chart that is fetched or packaged.
pub type HelmChart = Resource<HelmChartSpec>;

/// Which chart, from where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartSpec {
    /// Name, or path inside the source.
    pub chart: String,
    /// Whether missing values files are passed over.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ignore_missing_values_files: bool,
    /// How often to look.
    pub interval: Duration,
    /// `ChartVersion` or `Revision`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconcile_strategy: Option<String>,
    /// The source.
    pub source_ref: ChartSourceReference,
    /// Whether nothing happens until this is taken back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub suspend: bool,
    /// Files to merge into the default values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_files: Vec<String>,
    /// Signatures to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<OciVerification>,
    /// Version range; the server's default is `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Names the source of a chart in its own namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChartSourceReference {
    /// Group and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// `HelmRepository`, `GitRepository` or `Bucket`.
    pub kind: String,
    /// The name.
    pub name: String,
}

/// What became of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HelmChartStatus {
    /// The stored chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The request that was handled last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// Name in the stored chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_chart_name: Option<String>,
    /// The generation that this speaks of.
    #[serde(skip_serializing_if = "is_zero")]
    pub observed_generation: i64,
    /// Revision of the source of the stored chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_source_artifact_revision: Option<String>,
    /// Values files of the stored chart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed_values_files: Vec<String>,
    /// Where to fetch the latest chart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}
resource_status!(HelmChartStatus);

impl Definition for HelmChartSpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "HelmChart";
    const PLURAL: &'static str = "helmcharts";
    type Status = HelmChartStatus;
}

/// An artifact that another controller stores.
pub type ExternalArtifact = Resource<ExternalArtifactSpec>;

/// Who stores it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalArtifactSpec {
    /// The object that it is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ref: Option<ExternalSourceReference>,
}

/// Names the object that an artifact is made for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSourceReference {
    /// Group and version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExternalArtifactStatus {
    /// The stored archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Artifact>,
    /// Conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

impl ResourceStatus for ExternalArtifactStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
    fn observed_generation(&self) -> Option<i64> {
        None
    }
    fn observe_generation(&mut self, _generation: i64) {}
    fn last_handled_reconcile_at(&self) -> Option<&str> {
        None
    }
    fn handle_reconcile_at(&mut self, _requested_at: &str) {}
}

impl Definition for ExternalArtifactSpec {
    const GROUP: &'static str = SOURCE;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ExternalArtifact";
    const PLURAL: &'static str = "externalartifacts";
    type Status = ExternalArtifactStatus;
}
