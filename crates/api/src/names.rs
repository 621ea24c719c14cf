//! Texts that other tools know: labels, annotations, finalizers, condition types, reasons.

/// Annotation that asks for a reconciliation now; any new value counts.
pub const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";
/// Annotation that asks a HelmRelease for one forced install or upgrade.
pub const FORCE_AT: &str = "reconcile.fluxcd.io/forceAt";
/// Annotation that resets the failure counts of a HelmRelease.
pub const RESET_AT: &str = "reconcile.fluxcd.io/resetAt";
/// Label on ConfigMaps and Secrets whose changes start a reconciliation at once.
pub const WATCH: &str = "reconcile.fluxcd.io/watch";
/// The value of [`WATCH`].
pub const WATCH_ENABLED: &str = "Enabled";
/// The finalizer of all toolkit controllers.
pub const FINALIZER: &str = "finalizers.fluxcd.io";
/// Prefix of annotations that are copied into event metadata.
pub const EVENT_PREFIX: &str = "event.toolkit.fluxcd.io/";
/// Label by which shards choose their objects.
pub const SHARD_KEY: &str = "sharding.fluxcd.io/key";

/// Metadata key of the revision that an OCI artifact was made from.
pub const ORIGIN_REVISION: &str = "org.opencontainers.image.revision";

/// API groups.
pub mod group {
    /// Kustomizations.
    pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
    /// HelmReleases.
    pub const HELM: &str = "helm.toolkit.fluxcd.io";
    /// Sources.
    pub const SOURCE: &str = "source.toolkit.fluxcd.io";
    /// ArtifactGenerators.
    pub const SOURCE_EXTENSIONS: &str = "source.extensions.fluxcd.io";
    /// Alerts, Providers and Receivers.
    pub const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
    /// Image repositories, policies and automations.
    pub const IMAGE: &str = "image.toolkit.fluxcd.io";
}

/// Keys in `kustomize.toolkit.fluxcd.io` and the values that matter.
pub mod kustomize {
    /// Label: name of the Kustomization that applied the object.
    pub const NAME: &str = "kustomize.toolkit.fluxcd.io/name";
    /// Label: namespace of that Kustomization.
    pub const NAMESPACE: &str = "kustomize.toolkit.fluxcd.io/namespace";
    /// Keeps an object from being pruned when [`DISABLED`].
    pub const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";
    /// Keeps an object from being applied and pruned when [`DISABLED`].
    pub const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
    /// How an object is applied: `Override`, `Merge`, `IfNotPresent`, `Ignore`.
    pub const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
    /// Lets an object be recreated when [`ENABLED`].
    pub const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";
    /// Keeps a resource from substitution when [`DISABLED`].
    pub const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";
    /// Keeps a resource from decryption when [`DISABLED`].
    pub const DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";
    /// Annotation of old versions, removed on apply.
    pub const CHECKSUM: &str = "kustomize.toolkit.fluxcd.io/checksum";
    /// The value that switches something off.
    pub const DISABLED: &str = "disabled";
    /// The value that switches something on.
    pub const ENABLED: &str = "enabled";
    /// Annotation of ours: repair managed objects as soon as they drift.
    pub const DRIFT_CORRECTION: &str = "kustomize.toolkit.fluxcd.io/driftCorrection";
}

/// Keys of event metadata, without the group of the kind that they belong to.
pub mod event {
    /// The revision that the event speaks of.
    pub const REVISION: &str = "revision";
    /// The revision that an artifact was made from.
    pub const ORIGIN_REVISION: &str = "originRevision";
    /// The digest of an artifact.
    pub const DIGEST: &str = "digest";
    /// Asks the notification controller to update a commit status.
    pub const COMMIT_STATUS: &str = "commit_status";
    /// The value of [`COMMIT_STATUS`].
    pub const COMMIT_STATUS_UPDATE: &str = "update";
}

/// Condition types.
pub mod condition {
    /// The sum of all others.
    pub const READY: &str = "Ready";
    /// Work is going on.
    pub const RECONCILING: &str = "Reconciling";
    /// Nothing will change until a person changes something.
    pub const STALLED: &str = "Stalled";
    /// What was applied is healthy.
    pub const HEALTHY: &str = "Healthy";
    /// There is an artifact for the latest revision.
    pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
    /// A newer revision is known than the stored artifact's.
    pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
    /// The signature of the source was checked.
    pub const SOURCE_VERIFIED: &str = "SourceVerified";
    /// The source could not be fetched.
    pub const FETCH_FAILED: &str = "FetchFailed";
    /// The chart could not be built.
    pub const BUILD_FAILED: &str = "BuildFailed";
    /// An included repository has no artifact.
    pub const INCLUDE_UNAVAILABLE: &str = "IncludeUnavailable";
    /// Storage refused an operation.
    pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
    /// A Helm release is installed as wanted.
    pub const RELEASED: &str = "Released";
    /// The tests of a Helm release passed.
    pub const TEST_SUCCESS: &str = "TestSuccess";
    /// A failed Helm release was repaired.
    pub const REMEDIATED: &str = "Remediated";
}

/// Condition and event reasons that several controllers use.
pub mod reason {
    /// It worked.
    pub const SUCCEEDED: &str = "Succeeded";
    /// It did not.
    pub const FAILED: &str = "Failed";
    /// It is going on.
    pub const PROGRESSING: &str = "Progressing";
    /// It failed and will be tried again.
    pub const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";
    /// The object is suspended.
    pub const SUSPENDED: &str = "Suspended";
    /// A dependency is not ready.
    pub const DEPENDENCY_NOT_READY: &str = "DependencyNotReady";
    /// A reference is not allowed.
    pub const ACCESS_DENIED: &str = "AccessDenied";
    /// A CEL expression is wrong.
    pub const INVALID_CEL_EXPRESSION: &str = "InvalidCELExpression";
    /// A feature gate is off.
    pub const FEATURE_GATE_DISABLED: &str = "FeatureGateDisabled";

    /// A Kustomization is applied.
    pub const RECONCILIATION_SUCCEEDED: &str = "ReconciliationSucceeded";
    /// A Kustomization could not be applied.
    pub const RECONCILIATION_FAILED: &str = "ReconciliationFailed";
    /// The artifact could not be had.
    pub const ARTIFACT_FAILED: &str = "ArtifactFailed";
    /// The manifests could not be built.
    pub const BUILD_FAILED: &str = "BuildFailed";
    /// Stale objects could not be deleted.
    pub const PRUNE_FAILED: &str = "PruneFailed";
    /// What was applied is not healthy.
    pub const HEALTH_CHECK_FAILED: &str = "HealthCheckFailed";
    /// The wait for health was given up for something newer.
    pub const HEALTH_CHECK_CANCELED: &str = "HealthCheckCanceled";
    /// No temporary directory.
    pub const DIR_CREATION_FAILED: &str = "DirCreationFailed";

    /// A source has a new artifact.
    pub const NEW_ARTIFACT: &str = "NewArtifact";
    /// A source has nothing new.
    pub const ARTIFACT_UP_TO_DATE: &str = "ArtifactUpToDate";
    /// The credentials are wrong or missing.
    pub const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";
    /// The URL is wrong.
    pub const URL_INVALID: &str = "URLInvalid";
    /// A Git operation failed.
    pub const GIT_OPERATION_FAILED: &str = "GitOperationFailed";
    /// A Git operation worked.
    pub const GIT_OPERATION_SUCCEEDED: &str = "GitOperationSucceeded";
    /// The signature is missing or wrong.
    pub const VERIFICATION_FAILED: &str = "VerificationError";
    /// A stored artifact does not match its digest.
    pub const ARTIFACT_VERIFICATION_FAILED: &str = "ArtifactVerificationFailed";
    /// A directory could not be made.
    pub const DIRECTORY_CREATION_FAILED: &str = "DirectoryCreationFailed";
    /// A file could not be examined.
    pub const STAT_OPERATION_FAILED: &str = "StatOperationFailed";
    /// A file could not be read.
    pub const READ_OPERATION_FAILED: &str = "ReadOperationFailed";
    /// A file could not be copied.
    pub const COPY_OPERATION_FAILED: &str = "CopyOperationFailed";
    /// A lock could not be had.
    pub const ACQUIRE_LOCK_FAILED: &str = "AcquireLockFailed";
    /// An archive could not be written.
    pub const ARCHIVE_OPERATION_FAILED: &str = "ArchiveOperationFailed";
    /// The link to the latest artifact could not be set.
    pub const SYMLINK_UPDATE_FAILED: &str = "SymlinkUpdateFailed";
    /// Old artifacts were removed.
    pub const GARBAGE_COLLECTION_SUCCEEDED: &str = "GarbageCollectionSucceeded";
    /// Old artifacts could not be removed.
    pub const GARBAGE_COLLECTION_FAILED: &str = "GarbageCollectionFailed";
    /// A newer revision is known.
    pub const NEW_REVISION: &str = "NewRevision";
    /// The ignore rules, includes or other settings changed.
    pub const SOURCE_CONFIG_CHANGED: &str = "SourceConfigChanged";
    /// A source that a chart is made from has no artifact.
    pub const NO_SOURCE_ARTIFACT: &str = "NoSourceArtifact";
}
