//! The kinds that commands work on, and what differs between them.

use flux_manifest::GroupVersionKind;

/// One kind of Flux object as commands see it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// API group.
    pub(crate) group: &'static str,
    /// Served version that commands read and write.
    pub(crate) version: &'static str,
    /// Kind as in manifests.
    pub(crate) kind: &'static str,
    /// The word before the kind's own where there is one, such as `source`.
    pub(crate) family: Option<Family>,
    /// The kind's word on the command line in the singular, such as `git`.
    pub(crate) word: &'static str,
    /// The word of `get`, such as `kustomizations`.
    pub(crate) plural: &'static str,
    /// Further words that mean the same.
    pub(crate) aliases: &'static [&'static str],
    /// How messages call it, such as `source git`.
    pub(crate) human: &'static str,
    /// Columns of `get` behind the name.
    pub(crate) columns: &'static [Column],
    /// The line that tells what a reconciliation achieved.
    pub(crate) success: Success,
    /// Whether hashes in revisions and messages are shortened.
    pub(crate) short_hashes: bool,
}

/// A group of kinds that share a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `source`, in `get` also `sources`.
    Source,
    /// `image`, in `get` also `images`.
    Image,
    /// `artifact`, in `get` also `artifacts`.
    Artifact,
}

impl Family {
    /// Returns the word of all verbs but `get`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Image => "image",
            Self::Artifact => "artifact",
        }
    }

    /// Returns the word of `get`.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Source => "sources",
            Self::Image => "images",
            Self::Artifact => "artifacts",
        }
    }
}

/// A column of `get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// `REVISION`, a text at a JSON pointer.
    Revision(&'static str),
    /// `REVISION` of a Helm release: its newest chart version.
    ChartVersion,
    /// `SUSPENDED`, from `spec.suspend`.
    Suspended,
    /// `SUSPENDED`, from the annotation that switches reconciliation off.
    Disabled,
    /// `SOURCE` of an external artifact.
    ExternalSource,
    /// A time or text at a JSON pointer under a title of its own.
    At(&'static str, &'static str),
    /// `IMAGE` or `TAG` of an image policy.
    LatestRef(&'static str, &'static str),
    /// `READY` and `MESSAGE`, from the Ready condition.
    Ready,
    /// `READY` and `MESSAGE` of a kind that has no status: `True` and this text.
    Static(&'static str),
}

/// The line that tells what a reconciliation achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Success {
    /// These words and the text at a JSON pointer.
    Revision(&'static str, &'static str),
    /// Words without a revision.
    Words(&'static str),
}

impl Kind {
    /// Returns group, version and kind.
    pub(crate) fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(self.group, self.version, self.kind)
    }

    /// Returns the words of all verbs but `get`, such as `source git`.
    pub(crate) fn words(&self) -> String {
        let family = self.family.map_or_else(String::new, |it| format!("{} ", it.word()));
        format!("{family}{}", self.word)
    }
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";
const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";

const ARTIFACT: Column = Column::Revision("/status/artifact/revision");
const FETCHED: Success = Success::Revision("fetched revision", "/status/artifact/revision");

const fn source(kind: &'static str, word: &'static str, human: &'static str) -> Kind {
    Kind {
        group: SOURCE,
        version: "v1",
        kind,
        family: Some(Family::Source),
        word,
        plural: word,
        aliases: &[],
        human,
        columns: &[ARTIFACT, Column::Suspended, Column::Ready],
        success: FETCHED,
        short_hashes: true,
    }
}

/// GitRepository.
pub(crate) static GIT_REPOSITORY: Kind = source("GitRepository", "git", "source git");
/// OCIRepository.
pub(crate) static OCI_REPOSITORY: Kind = source("OCIRepository", "oci", "source oci");
/// Bucket.
pub(crate) static BUCKET: Kind = source("Bucket", "bucket", "source bucket");
/// HelmRepository.
pub(crate) static HELM_REPOSITORY: Kind = source("HelmRepository", "helm", "source helm");
/// HelmChart.
pub(crate) static HELM_CHART: Kind = source("HelmChart", "chart", "source chart");
/// ExternalArtifact.
pub(crate) static EXTERNAL_ARTIFACT: Kind = Kind {
    columns: &[ARTIFACT, Column::ExternalSource, Column::Ready],
    ..source("ExternalArtifact", "external", "source external")
};

/// Kustomization.
pub(crate) static KUSTOMIZATION: Kind = Kind {
    group: "kustomize.toolkit.fluxcd.io",
    version: "v1",
    kind: "Kustomization",
    family: None,
    word: "kustomization",
    plural: "kustomizations",
    aliases: &["ks"],
    human: "kustomization",
    columns: &[Column::Revision("/status/lastAppliedRevision"), Column::Suspended, Column::Ready],
    success: Success::Revision("applied revision", "/status/lastAppliedRevision"),
    short_hashes: true,
};

/// HelmRelease.
pub(crate) static HELM_RELEASE: Kind = Kind {
    group: "helm.toolkit.fluxcd.io",
    version: "v2",
    kind: "HelmRelease",
    family: None,
    word: "helmrelease",
    plural: "helmreleases",
    aliases: &["hr"],
    human: "helmrelease",
    columns: &[Column::ChartVersion, Column::Suspended, Column::Ready],
    success: Success::Revision("applied revision", "/status/history/0/chartVersion"),
    short_hashes: false,
};

/// ImageRepository.
pub(crate) static IMAGE_REPOSITORY: Kind = Kind {
    group: IMAGE,
    version: "v1",
    kind: "ImageRepository",
    family: Some(Family::Image),
    word: "repository",
    plural: "repository",
    aliases: &[],
    human: "image repository",
    columns: &[
        Column::At("LAST SCAN", "/status/lastScanResult/scanTime"),
        Column::Suspended,
        Column::Ready,
    ],
    success: Success::Revision("scan fetched", "/status/lastScanResult/tagCount"),
    short_hashes: false,
};

/// ImagePolicy.
pub(crate) static IMAGE_POLICY: Kind = Kind {
    kind: "ImagePolicy",
    word: "policy",
    plural: "policy",
    human: "image policy",
    columns: &[
        Column::LatestRef("IMAGE", "/status/latestRef/name"),
        Column::LatestRef("TAG", "/status/latestRef/tag"),
        Column::Ready,
    ],
    success: Success::Revision("selected ref", "/status/latestRef/tag"),
    ..IMAGE_REPOSITORY_SHAPE
};

/// ImageUpdateAutomation.
pub(crate) static IMAGE_UPDATE: Kind = Kind {
    kind: "ImageUpdateAutomation",
    word: "update",
    plural: "update",
    human: "image update automation",
    columns: &[
        Column::At("LAST RUN", "/status/lastAutomationRunTime"),
        Column::Suspended,
        Column::Ready,
    ],
    success: Success::Words("last run completed"),
    ..IMAGE_REPOSITORY_SHAPE
};

/// What the image kinds share.
const IMAGE_REPOSITORY_SHAPE: Kind = Kind {
    group: IMAGE,
    version: "v1",
    kind: "",
    family: Some(Family::Image),
    word: "",
    plural: "",
    aliases: &[],
    human: "",
    columns: &[],
    success: Success::Words(""),
    short_hashes: false,
};

/// Receiver.
pub(crate) static RECEIVER: Kind = Kind {
    group: NOTIFICATION,
    version: "v1",
    kind: "Receiver",
    family: None,
    word: "receiver",
    plural: "receivers",
    aliases: &[],
    human: "receiver",
    columns: &[Column::Suspended, Column::Ready],
    success: Success::Revision("generated webhook URL", "/status/webhookPath"),
    short_hashes: false,
};

/// Provider.
pub(crate) static PROVIDER: Kind = Kind {
    group: NOTIFICATION,
    version: "v1beta3",
    kind: "Provider",
    family: None,
    word: "alert-provider",
    plural: "alert-providers",
    aliases: &[],
    human: "alert provider",
    columns: &[Column::Static("Provider is Ready")],
    success: Success::Words("Provider is ready"),
    short_hashes: false,
};

/// Alert.
pub(crate) static ALERT: Kind = Kind {
    group: NOTIFICATION,
    version: "v1beta3",
    kind: "Alert",
    family: None,
    word: "alert",
    plural: "alerts",
    aliases: &[],
    human: "alert",
    columns: &[Column::Suspended, Column::Static("Alert is Ready")],
    success: Success::Words("Alert is ready"),
    short_hashes: false,
};

/// ArtifactGenerator.
pub(crate) static ARTIFACT_GENERATOR: Kind = Kind {
    group: "source.extensions.fluxcd.io",
    version: "v1beta1",
    kind: "ArtifactGenerator",
    family: Some(Family::Artifact),
    word: "generator",
    plural: "generators",
    aliases: &[],
    human: "artifact generator",
    columns: &[Column::Disabled, Column::Ready],
    success: Success::Words("reconciliation completed"),
    short_hashes: true,
};

/// Every kind that `get` knows, in the order of its help.
pub(crate) static KINDS: &[&Kind] = &[
    &OCI_REPOSITORY,
    &BUCKET,
    &GIT_REPOSITORY,
    &HELM_REPOSITORY,
    &HELM_CHART,
    &EXTERNAL_ARTIFACT,
    &IMAGE_REPOSITORY,
    &IMAGE_POLICY,
    &IMAGE_UPDATE,
    &HELM_RELEASE,
    &KUSTOMIZATION,
    &RECEIVER,
    &PROVIDER,
    &ALERT,
    &ARTIFACT_GENERATOR,
];
