//! What a server is started with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::authn::User;
use crate::clock::{Clock, SystemClock};

/// A static token and whose it is.
#[derive(Clone, Debug)]
pub struct TokenUser {
    /// The bearer token.
    pub token: String,
    /// Who it stands for, without `system:authenticated`.
    pub user: User,
}

/// The controllers of the cluster that run inside the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Controllers {
    /// Empties and removes namespaces that were deleted.
    pub namespace_lifecycle: Toggle,
    /// Removes objects whose owners are gone.
    pub garbage_collection: Toggle,
    /// Makes the `default` service account and the root CA ConfigMap of each namespace.
    pub service_accounts: Toggle,
    /// Fills cluster roles that aggregate others.
    pub role_aggregation: Toggle,
    /// Counts what is used of resource quotas.
    pub resource_quotas: Toggle,
    /// Sets the status of workloads as if they ran.
    pub workload_simulator: Toggle,
}

/// Whether a part runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toggle {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// A name that is none of a controller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no controller of the cluster is called `{0}`; there are: {list}", list = Controllers::NAMES.join(", "))]
pub struct UnknownController(String);

impl std::str::FromStr for Controllers {
    type Err = UnknownController;

    /// Reads names separated by commas, or `all`, or `none`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => return Ok(Self::ALL),
            "none" => return Ok(Self::NONE),
            _ => {}
        }
        let mut wanted = Self::NONE;
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let toggle = match name {
                "namespace-lifecycle" => &mut wanted.namespace_lifecycle,
                "garbage-collection" => &mut wanted.garbage_collection,
                "service-accounts" => &mut wanted.service_accounts,
                "role-aggregation" => &mut wanted.role_aggregation,
                "resource-quotas" => &mut wanted.resource_quotas,
                "workload-simulator" => &mut wanted.workload_simulator,
                other => return Err(UnknownController(other.to_owned())),
            };
            *toggle = Toggle::On;
        }
        Ok(wanted)
    }
}

impl Controllers {
    /// The names of the controllers, as lists of them are written.
    pub const NAMES: [&str; 6] = [
        "namespace-lifecycle",
        "garbage-collection",
        "service-accounts",
        "role-aggregation",
        "resource-quotas",
        "workload-simulator",
    ];

    /// All of them.
    pub const ALL: Self = Self {
        namespace_lifecycle: Toggle::On,
        garbage_collection: Toggle::On,
        service_accounts: Toggle::On,
        role_aggregation: Toggle::On,
        resource_quotas: Toggle::On,
        workload_simulator: Toggle::On,
    };

    /// None: an API server alone, as the recorded answers were taken.
    pub const NONE: Self = Self {
        namespace_lifecycle: Toggle::Off,
        garbage_collection: Toggle::Off,
        service_accounts: Toggle::Off,
        role_aggregation: Toggle::Off,
        resource_quotas: Toggle::Off,
        workload_simulator: Toggle::Off,
    };
}

/// What a server is started with.
#[derive(Clone)]
pub struct Options {
    /// Users beside the bootstrap administrator; see [`crate::authn::parse_token_file`].
    pub token_users: Vec<TokenUser>,
    /// Where objects, keys and certificates are kept over restarts; `None` keeps them in memory.
    pub data_dir: Option<PathBuf>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A seed makes names, uids and tokens repeatable; `None` takes one from the system.
    pub seed: Option<u64>,
    /// What runs beside the API.
    pub controllers: Controllers,
    /// How often old states are forgotten; twice this is how long a chunked list may take.
    pub compaction_interval: Duration,
    /// DNS names and addresses for the serving certificate beside localhost.
    pub host_names: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token_users: Vec::new(),
            data_dir: None,
            clock: Arc::new(SystemClock),
            seed: None,
            controllers: Controllers::ALL,
            compaction_interval: Duration::from_secs(300),
            host_names: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_are_named_or_all_or_none() {
        assert_eq!("all".parse(), Ok(Controllers::ALL));
        assert_eq!(Controllers::NAMES.join(",").parse(), Ok(Controllers::ALL));
        let some: Controllers = "garbage-collection, role-aggregation".parse().unwrap();
        assert_eq!(
            (some.garbage_collection, some.role_aggregation, some.workload_simulator),
            (Toggle::On, Toggle::On, Toggle::Off)
        );
        let error = "scheduler".parse::<Controllers>().unwrap_err().to_string();
        assert!(error.starts_with("no controller of the cluster is called `scheduler`"), "{error}");
    }
}
