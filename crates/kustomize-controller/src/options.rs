//! What the operator decides: flags and feature gates under upstream's names.

use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, Command};
use flux_cluster::Trust;
use flux_plan::CustomStage;
use flux_runtime::flags::{self, Shared};
use flux_runtime::{Gates, UnknownGate};

use crate::remote::{CloudIdentity, NoCloud};

/// The feature gates of this controller.
pub mod gate {
    use flux_runtime::Gate;

    /// Secrets and ConfigMaps may be cached. Accepted; they are not cached here.
    pub const CACHE_CONFIGS: Gate = Gate { name: "CacheSecretsAndConfigMaps", default: false };
    /// Health is read without a cache. Accepted; it always is here.
    pub const NO_STATUS_CACHE: Gate = Gate { name: "DisableStatusPollerCache", default: true };
    /// One failed object does not end the wait for the others.
    pub const NO_FAIL_FAST: Gate = Gate { name: "DisableFailFastBehavior", default: false };
    /// Undefined variables are errors.
    pub const STRICT_SUBSTITUTION: Gate =
        Gate { name: "StrictPostBuildSubstitutions", default: true };
    /// Change logs are grouped. Accepted; log lines are short here anyway.
    pub const GROUP_CHANGE_LOG: Gate = Gate { name: "GroupChangeLog", default: false };
    /// A `readyExpr` adds to the built-in check instead of replacing it.
    pub const ADDITIVE_CHECK: Gate = Gate { name: "AdditiveCELDependencyCheck", default: false };
    /// ExternalArtifacts may be sources.
    pub const EXTERNAL_ARTIFACT: Gate = Gate { name: "ExternalArtifact", default: false };
    /// A new revision ends the wait for the health of the old one.
    pub const CANCEL_HEALTH_CHECK: Gate =
        Gate { name: "CancelHealthCheckOnNewRevision", default: false };
    /// Changed ConfigMaps and Secrets start nothing.
    pub const NO_CONFIG_WATCHERS: Gate = Gate { name: "DisableConfigWatchers", default: false };
    /// Sources are read from the server each time.
    pub const DIRECT_SOURCE_FETCH: Gate = Gate { name: "DirectSourceFetch", default: false };
    /// Managed fields follow the API version of what is applied.
    pub const MIGRATE_API_VERSION: Gate = Gate { name: "MigrateAPIVersion", default: false };
    /// Service accounts of objects get cloud identities.
    pub const WORKLOAD_IDENTITY: Gate =
        Gate { name: "ObjectLevelWorkloadIdentity", default: false };
}

/// All feature gates of this controller.
pub const GATES: &[flux_runtime::Gate] = &[
    gate::CACHE_CONFIGS,
    gate::NO_STATUS_CACHE,
    gate::NO_FAIL_FAST,
    gate::STRICT_SUBSTITUTION,
    gate::GROUP_CHANGE_LOG,
    gate::ADDITIVE_CHECK,
    gate::EXTERNAL_ARTIFACT,
    gate::CANCEL_HEALTH_CHECK,
    gate::NO_CONFIG_WATCHERS,
    gate::DIRECT_SOURCE_FETCH,
    gate::MIGRATE_API_VERSION,
    gate::WORKLOAD_IDENTITY,
];

/// How clouds are asked for other clusters, cheap to clone.
#[derive(Clone)]
pub struct Cloud(pub Arc<dyn CloudIdentity>);

impl Default for Cloud {
    fn default() -> Self {
        Self(Arc::new(NoCloud))
    }
}

impl std::fmt::Debug for Cloud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cloud")
    }
}

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct Options {
    /// What all controllers have.
    pub shared: Shared,
    /// How many objects of a stage are looked at at once.
    pub concurrent_ssa: usize,
    /// Whether kustomize bases must come from the source itself.
    pub no_remote_bases: bool,
    /// How often a failed download is repeated.
    pub http_retry: u32,
    /// Whose rights are used where a Kustomization names nobody; empty for the controller's.
    pub default_service_account: String,
    /// The account that stands for a Kustomization before key services; empty for none.
    pub default_decryption_service_account: String,
    /// A Secret in the controller's namespace with age keys for Kustomizations that name none.
    pub sops_age_secret: String,
    /// A ConfigMap in the controller's namespace with the Vault servers that may be trusted.
    pub sops_vault_configmap: String,
    /// Whether sources must be in the namespace of the Kustomization.
    pub no_cross_namespace_refs: bool,
    /// Field managers whose changes are undone.
    pub override_managers: Vec<String>,
    /// Kinds with a stage of their own.
    pub custom_stages: Vec<CustomStage>,
    /// Whether managed objects are watched and repaired at once, unless a Kustomization says
    /// otherwise by its annotation `kustomize.toolkit.fluxcd.io/driftCorrection`.
    pub drift_correction: bool,
    /// What kubeconfigs of users may do.
    pub trust: Trust,
    /// Whose identity reaches other clusters where a ConfigMap names nobody; empty for nobody's.
    pub default_kubeconfig_service_account: String,
    /// How clouds are asked for other clusters.
    pub cloud: Cloud,
    /// The feature gates.
    pub gates: Gates,
    /// Directory that build errors name; nothing is written there.
    pub temp_dir: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            shared: Shared::default(),
            concurrent_ssa: 4,
            no_remote_bases: false,
            http_retry: 9,
            default_service_account: String::new(),
            default_decryption_service_account: String::new(),
            sops_age_secret: String::new(),
            sops_vault_configmap: String::new(),
            no_cross_namespace_refs: false,
            override_managers: Vec::new(),
            custom_stages: Vec::new(),
            drift_correction: false,
            trust: Trust::default(),
            default_kubeconfig_service_account: String::new(),
            cloud: Cloud::default(),
            gates: Gates::default(),
            temp_dir: String::new(),
        }
    }
}

/// Why the controller cannot start as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A flag has a wrong value.
    #[error(transparent)]
    Flag(#[from] flags::InvalidFlag),
    /// A feature gate is wrong.
    #[error("unable to load feature gates: {0}")]
    Gate(#[from] UnknownGate),
    /// A flag needs workload identity for objects.
    #[error(
        "to use the --{0} flag please enable the {name} feature gate",
        name = gate::WORKLOAD_IDENTITY.name
    )]
    NeedsGate(&'static str),
}

impl Options {
    /// Returns the command with all flags that upstream's binary has.
    pub fn command() -> Command {
        let command = Command::new(crate::CONTROLLER)
            .about("Applies Kustomizations")
            .arg(flags::number("concurrent-ssa", "4", "The number of concurrent apply operations."))
            .arg(flags::switch("no-remote-bases", "false", "Disallow remote bases."))
            .arg(flags::number("http-retry", "9", "How often a failed download is repeated."))
            .arg(flags::text("default-service-account", "", "Default account for impersonation."))
            .arg(flags::switch(
                "no-cross-namespace-refs",
                "false",
                "Refuse sources in other namespaces.",
            ))
            .arg(flags::texts(
                "override-manager",
                "Field manager disallowed to perform changes on managed resources.",
            ))
            .arg(flags::text(
                "custom-apply-stage-kinds",
                "",
                "Kinds (group/Kind, comma-separated) applied before all others but definitions.",
            ));
        let command = command
            .arg(flags::switch(
                "drift-correction",
                "false",
                "Watch managed objects and repair them at once (not in upstream).",
            ))
            .arg(flags::switch(
                "insecure-kubeconfig-exec",
                "false",
                "Allow use of the user.exec section in kubeconfigs.",
            ))
            .arg(flags::switch(
                "insecure-kubeconfig-tls",
                "false",
                "Allow that kubeconfigs switch off the check of certificates.",
            ))
            .arg(flags::text(
                "default-kubeconfig-service-account",
                "",
                "Default account for remote clusters by identity.",
            ))
            .arg(flags::text(
                "default-decryption-service-account",
                "",
                "Default service account used for decryption.",
            ))
            .arg(flags::text(
                "sops-age-secret",
                "",
                "Secret in the controller's namespace with age keys for fallback.",
            ))
            .arg(flags::text(
                "sops-vault-configmap",
                "",
                "ConfigMap in the controller's namespace with the trusted Vault servers.",
            ));
        flags::add(command, "4", "30s")
    }

    /// Reads what the command has parsed. `temp_dir` is only shown in messages.
    ///
    /// # Errors
    /// A flag or feature gate that is wrong.
    pub fn from_matches(matches: &ArgMatches, temp_dir: &str) -> Result<Self, OptionsError> {
        let text = |name| matches.get_one::<String>(name).cloned().unwrap_or_default();
        let is_on = |name| matches.get_one::<bool>(name).copied().unwrap_or_default();
        let number = |name| matches.get_one::<usize>(name).copied().unwrap_or_default();
        let overrides = matches.get_many::<String>("override-manager").into_iter().flatten();
        let shared = Shared::from_matches(matches)?;
        let gates = Gates::parse(GATES, &shared.feature_gates)?;
        let default_kubeconfig_service_account = text("default-kubeconfig-service-account");
        let needs_identity =
            ["default-decryption-service-account", "default-kubeconfig-service-account"];
        if let Some(flag) = needs_identity.into_iter().find(|flag| !text(flag).is_empty())
            && !gates.is_on(gate::WORKLOAD_IDENTITY)
        {
            return Err(OptionsError::NeedsGate(flag));
        }
        Ok(Self {
            shared,
            concurrent_ssa: number("concurrent-ssa"),
            no_remote_bases: is_on("no-remote-bases"),
            http_retry: u32::try_from(number("http-retry")).unwrap_or(u32::MAX),
            default_service_account: text("default-service-account"),
            default_decryption_service_account: text("default-decryption-service-account"),
            sops_age_secret: text("sops-age-secret"),
            sops_vault_configmap: text("sops-vault-configmap"),
            no_cross_namespace_refs: is_on("no-cross-namespace-refs"),
            override_managers: overrides.cloned().collect(),
            custom_stages: CustomStage::parse_list(&text("custom-apply-stage-kinds")),
            drift_correction: is_on("drift-correction"),
            trust: Trust {
                programs: is_on("insecure-kubeconfig-exec"),
                unchecked_certificates: is_on("insecure-kubeconfig-tls"),
            },
            default_kubeconfig_service_account,
            cloud: Cloud::default(),
            gates,
            temp_dir: temp_dir.to_owned(),
        })
    }

    /// Returns the pause before a missing dependency is looked for again.
    pub(crate) fn requeue_dependency(&self) -> Duration {
        self.shared.requeue_dependency
    }
}
