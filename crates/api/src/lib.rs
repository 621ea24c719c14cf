//! Types of the custom resources of Flux, and the definitions that an API server needs for them.
//!
//! In: JSON as an API server sends it. Out: typed resources with exactly the fields of the
//! upstream definitions, and those definitions as values. Never: I/O, the time of day,
//! validation beyond what the types say (that is the API server's task, from [`crds()`]).
//!
//! Start at [`Resource`], the envelope of every kind; `source`, `kustomize` and `helm` hold the
//! specs and statuses. [`conditions`] reads and writes status conditions by the rules of
//! upstream's runtime. Everything that other tools know by its text (labels, annotations,
//! condition types, reasons) is a constant in [`names`].

pub mod conditions;
mod crds;
mod duration;
mod helm;
mod kustomize;
mod meta;
pub mod names;
mod resource;
mod source;
mod time;

pub use crds::crds;
pub use duration::{Duration, ParseDurationError};
pub use helm::{HelmRelease, HelmReleaseSpec, HelmReleaseStatus};
pub use kustomize::{
    BuildMetadata, CommonMetadata, CustomHealthCheck, Decryption, DecryptionProvider,
    DeletionPolicy, DependencyReference, IgnoreRule, Image, Inventory, InventoryEntry,
    KubeConfigReference, Kustomization, KustomizationSpec, KustomizationStatus,
    ObjectKindReference, Patch, PostBuild, Selector, Snapshot, SourceReference,
    SubstituteReference, SubstituteReferenceKind, SubstituteStrategy,
};
pub use meta::{
    Condition, ConditionStatus, LocalReference, Metadata, ObjectReference, SecretKeyReference,
};
pub use resource::{Definition, Resource, ResourceStatus};
pub use source::{
    AccessFrom, Artifact, Bucket, BucketSpec, BucketStatus, BucketSts, ChartSourceReference,
    ExternalArtifact, ExternalArtifactSpec, ExternalArtifactStatus, ExternalSourceReference,
    GitInclude, GitReference, GitRepository, GitRepositorySpec, GitRepositoryStatus,
    GitVerification, HelmChart, HelmChartSpec, HelmChartStatus, HelmRepository, HelmRepositorySpec,
    HelmRepositoryStatus, LayerSelector, NamespaceSelector, OciReference, OciRepository,
    OciRepositorySpec, OciRepositoryStatus, OciVerification, OidcIdentity, SourceKind,
};
pub use time::{ParseTimeError, Time};
