//! Clusters that are reached by an identity instead of a kubeconfig.
//!
//! A ConfigMap names the provider and the address. The provider `generic` needs nobody: a token of
//! a service account, made for the other cluster, is shown to it. What clouds do is behind
//! [`CloudIdentity`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flux_cluster::{Cluster, Target, TokenAccess};
use flux_manifest::{GroupVersionKind, Object};
use futures::future::BoxFuture;
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::options::{Options, gate};

/// What a ConfigMap says of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteCluster {
    /// `aws`, `azure` or `gcp`.
    pub provider: String,
    /// The cloud's name of the cluster.
    pub cluster: String,
    /// The address of the API server, where the cloud is not asked.
    pub address: String,
    /// The authority of its certificate.
    pub authority: String,
    /// Who a token is made for.
    pub audiences: Vec<String>,
    /// Namespace and name of the service account whose identity is used; empty for the process's.
    pub account: (String, String),
}

/// Reaches clusters by the identity that a cloud gives.
pub trait CloudIdentity: Send + Sync + 'static {
    /// Returns address, authority and a token of a cluster.
    ///
    /// # Errors
    /// Why there are none, for the user.
    fn access<'a>(
        &'a self,
        remote: &'a RemoteCluster,
    ) -> BoxFuture<'a, Result<TokenAccess, String>>;
}

/// A place without a cloud.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCloud;

impl CloudIdentity for NoCloud {
    fn access<'a>(
        &'a self,
        remote: &'a RemoteCluster,
    ) -> BoxFuture<'a, Result<TokenAccess, String>> {
        let message = format!("provider '{}' is not available in this build", remote.provider);
        Box::pin(std::future::ready(Err(message)))
    }
}

/// Tokens by what they were made for, until shortly before they end.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    known: Mutex<BTreeMap<String, (String, Instant)>>,
}

/// How long a token is asked for, and how long it is used.
const LIFETIME: Duration = Duration::from_secs(3600);
const USED: Duration = Duration::from_secs(2700);
/// No more than so many are kept.
const MOST: usize = 100;

impl Tokens {
    fn get(&self, key: &str) -> Option<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > Instant::now());
        known.get(key).map(|(token, _)| token.clone())
    }

    fn put(&self, key: String, token: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(key, (token.to_owned(), Instant::now() + USED));
        }
    }
}

/// What is needed to reach clusters by identity.
pub(crate) struct Identities<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) options: &'a Options,
    pub(crate) cloud: &'a dyn CloudIdentity,
    pub(crate) tokens: &'a Tokens,
}

impl Identities<'_> {
    /// Connects to the cluster that a ConfigMap describes.
    pub(crate) async fn connect(&self, namespace: &str, name: &str) -> Result<Cluster, String> {
        let kind = GroupVersionKind::new("", "v1", "ConfigMap");
        let found = self.cluster.get(&Target::new(kind, namespace, name)).await;
        let found =
            found.map_err(|e| format!("failed to get ConfigMap '{namespace}/{name}': {e}"))?;
        let remote = self.read(&found)?;
        let access = match remote.provider.as_str() {
            "generic" => self.generic(&remote).await?,
            _ => self.cloud.access(&remote).await?,
        };
        Cluster::from_token(&access).await.map_err(|error| error.to_string())
    }

    fn read(&self, map: &Object) -> Result<RemoteCluster, String> {
        let subject = format!("'{}/{}'", map.namespace(), map.name());
        let data = |key: &str| {
            let value = map.as_value().get("data")?.get(key)?.as_str()?;
            Some(value.to_owned()).filter(|it| !it.is_empty())
        };
        let Some(provider) = data("provider") else {
            return Err(format!("missing provider in ConfigMap {subject}"));
        };
        if !["aws", "azure", "gcp", "generic"].contains(&provider.as_str()) {
            return Err(format!("unsupported provider '{provider}' in ConfigMap {subject}"));
        }
        let default = &self.options.default_kubeconfig_service_account;
        let account = data("serviceAccountName");
        if account.is_some() && !self.options.gates.is_on(gate::WORKLOAD_IDENTITY) {
            return Err(format!(
                "to use serviceAccountName in ConfigMap {subject} please enable the {} feature \
                 gate in the controller",
                gate::WORKLOAD_IDENTITY.name
            ));
        }
        let account = account.unwrap_or_else(|| default.clone());
        let audiences = data("audiences").unwrap_or_default();
        let audiences = audiences.lines().map(str::trim).filter(|it| !it.is_empty());
        Ok(RemoteCluster {
            provider,
            cluster: data("cluster").unwrap_or_default(),
            address: data("address").unwrap_or_default(),
            authority: data("ca.crt").unwrap_or_default(),
            audiences: audiences.map(str::to_owned).collect(),
            account: (map.namespace().to_owned(), account),
        })
    }

    /// Makes a token of a service account of this cluster for the other one.
    async fn generic(&self, remote: &RemoteCluster) -> Result<TokenAccess, String> {
        let (namespace, account) = &remote.account;
        if remote.address.is_empty() {
            return Err("address is required for the provider 'generic'".to_owned());
        }
        if account.is_empty() {
            return Err("serviceAccountName is required for the provider 'generic'".to_owned());
        }
        let audiences = match remote.audiences.is_empty() {
            true => std::slice::from_ref(&remote.address),
            false => &remote.audiences,
        };
        let key = format!("{namespace}/{account} {}", audiences.join(" "));
        let token = match self.tokens.get(&key) {
            Some(token) => token,
            None => {
                let token = self.request_token(namespace, account, audiences).await?;
                self.tokens.put(key, &token);
                token
            }
        };
        let (address, authority) = (remote.address.clone(), remote.authority.clone());
        Ok(TokenAccess { address, authority, token })
    }

    async fn request_token(
        &self,
        namespace: &str,
        account: &str,
        audiences: &[String],
    ) -> Result<String, String> {
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": { "audiences": audiences, "expirationSeconds": LIFETIME.as_secs() },
        });
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let failed = |error: &dyn std::fmt::Display| {
            format!("failed to create token for service account '{namespace}/{account}': {error}")
        };
        let answer = self.cluster.raw(Method::POST, &path, Some(request)).await;
        let answer = answer.map_err(|e| failed(&e))?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|e| failed(&e))?;
        let token = answer.pointer("/status/token").and_then(Value::as_str);
        token.map(str::to_owned).ok_or_else(|| failed(&"the answer holds no token"))
    }
}
