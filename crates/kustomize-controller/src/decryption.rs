//! The keys with which a Kustomization's files are decrypted.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flux_api::Kustomization;
use flux_build::Decryptor;
use flux_cluster::{Cluster, Target};
use flux_keys::{KeyRing, Services, VaultLogin, VaultTokens};
use flux_manifest::{GroupVersionKind, Object};
use flux_runtime::Context;
use flux_tree::Tree;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::options::Options;

/// The only format of encrypted files.
const PROVIDER: &str = "sops";
/// The entry of the ConfigMap that lists Vault servers.
const VAULT_CONFIG: &str = "config.yaml";

/// Why there are no keys. A build learns of it when it would first decrypt something.
#[derive(Clone, Debug)]
pub(crate) struct NoKeys(String);

impl Decryptor for NoKeys {
    fn sources(&self, _: &dyn Tree, _: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        Err(self.0.clone())
    }

    fn object(&self, _: &Value) -> Result<Option<Value>, String> {
        Err(self.0.clone())
    }
}

/// Collects the keys of a Kustomization; nothing if it asks for no decryption.
pub(crate) async fn keys(
    context: &Context,
    kustomization: &Kustomization,
    options: &Options,
) -> Option<Result<KeyRing, NoKeys>> {
    let decryption = kustomization.spec.decryption.as_ref()?;
    let namespace = &kustomization.metadata.namespace;
    let clock = context.clock;
    let now = Arc::new(move || clock.precise().as_second());
    let mut keys = KeyRing::new().with_services(Services::new(Handle::current(), now));
    if !options.sops_vault_configmap.is_empty() {
        let own = decryption.service_account_name.as_deref().filter(|name| !name.is_empty());
        let default = Some(options.default_decryption_service_account.as_str());
        let account = own.or(default.filter(|name| !name.is_empty()));
        keys = keys.with_vault_logins(Box::new(VaultLogins {
            cluster: context.cluster.clone(),
            runtime: Handle::current(),
            namespace: namespace.clone(),
            account: account.map(str::to_owned),
            config: (
                options.shared.runtime_namespace.clone(),
                options.sops_vault_configmap.clone(),
            ),
        }));
    }
    let imported = match (&decryption.secret_ref, options.sops_age_secret.as_str()) {
        (Some(secret), _) => {
            let secret = Secret { namespace, name: &secret.name, what: "decryption Secret" };
            secret.import(&context.cluster, &mut keys, |_| true).await
        }
        (None, "") => Ok(()),
        (None, name) => {
            let namespace = &options.shared.runtime_namespace;
            let secret = Secret { namespace, name, what: "SOPS age decryption Secret" };
            secret.import(&context.cluster, &mut keys, |name| name.ends_with(".agekey")).await
        }
    };
    Some(imported.map(|()| keys).map_err(NoKeys))
}

/// A Secret with keys.
struct Secret<'a> {
    namespace: &'a str,
    name: &'a str,
    /// What error texts call it.
    what: &'static str,
}

impl Secret<'_> {
    /// Takes the entries whose names are wanted into a ring.
    async fn import(
        &self,
        cluster: &Cluster,
        keys: &mut KeyRing,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let kind = GroupVersionKind::new("", "v1", "Secret");
        let shown = format!("{PROVIDER} {} '{}/{}'", self.what, self.namespace, self.name);
        let secret = match cluster.get(&Target::new(kind, self.namespace, self.name)).await {
            Ok(secret) => secret,
            Err(error) if error.is_not_found() => return Err(error.to_string()),
            Err(error) => return Err(format!("cannot get {shown}: {error}")),
        };
        for (name, value) in data(&secret).into_iter().filter(|(name, _)| is_wanted(name)) {
            keys.import(&name, &value)
                .map_err(|error| format!("failed to import '{name}' data from {shown}: {error}"))?;
        }
        Ok(())
    }
}

/// Returns the values of a Secret.
fn data(secret: &Object) -> Vec<(String, Zeroizing<Vec<u8>>)> {
    let entries = secret.pointer("/data").and_then(Value::as_object).into_iter().flatten();
    let decoded = entries.filter_map(|(name, value)| {
        let value = STANDARD.decode(value.as_str()?).ok()?;
        Some((name.clone(), Zeroizing::new(value)))
    });
    decoded.collect()
}

/// Logs in to Vault servers with tokens of a service account.
struct VaultLogins {
    cluster: Cluster,
    runtime: Handle,
    namespace: String,
    account: Option<String>,
    /// Namespace and name of the ConfigMap that lists servers.
    config: (String, String),
}

impl VaultTokens for VaultLogins {
    fn login(&self, address: &str) -> Result<VaultLogin, String> {
        self.runtime.block_on(async {
            let path = self.path(address).await?;
            let jwt = self.token(address).await.map_err(|error| {
                format!("failed to issue Kubernetes token for Vault authentication: {error}")
            })?;
            let role = role(&jwt).map_err(|error| {
                format!("failed to derive Vault role for authentication: {error}")
            })?;
            Ok(VaultLogin { path, role, jwt })
        })
    }
}

impl VaultLogins {
    /// Finds where to log in to a server; only those on the list may be trusted.
    async fn path(&self, address: &str) -> Result<String, String> {
        let (namespace, name) = &self.config;
        let kind = GroupVersionKind::new("", "v1", "ConfigMap");
        let map = self.cluster.get(&Target::new(kind, namespace, name)).await;
        let map = map.map_err(|error| {
            format!("failed to get Vault ConfigMap '{namespace}/{name}': {error}")
        })?;
        let text = map.pointer("/data").and_then(|data| data.get(VAULT_CONFIG)?.as_str());
        let text = text.ok_or_else(|| {
            format!("Vault ConfigMap '{namespace}/{name}' is missing the '{VAULT_CONFIG}' key")
        })?;
        let config = flux_yaml::from_str(text).map_err(|error| {
            format!(
                "failed to parse '{VAULT_CONFIG}' in Vault ConfigMap '{namespace}/{name}': {error}"
            )
        })?;
        let instances = config.get("instances").and_then(Value::as_array);
        let text = |it: &Value, field: &str| Some(it.get(field)?.as_str()?.to_owned());
        let mut instances = instances.into_iter().flatten();
        let found = instances.find(|it| text(it, "address").as_deref() == Some(address));
        let path = found.and_then(|it| text(it, "loginPath")).filter(|path| !path.is_empty());
        path.ok_or_else(|| {
            format!(
                "no Vault login path configured for address '{address}' in ConfigMap \
                 '{namespace}/{name}'"
            )
        })
    }

    /// Asks for a token of the service account that is good for one server.
    async fn token(&self, address: &str) -> Result<Zeroizing<String>, String> {
        let account = self.account.as_ref().ok_or("no service account is named")?;
        let path = format!("/api/v1/namespaces/{}/serviceaccounts/{account}/token", self.namespace);
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "audiences": [address], "expirationSeconds": 3600 },
        });
        let answer = self.cluster.raw(http::Method::POST, &path, Some(body)).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        let token = answer.pointer("/status/token").and_then(Value::as_str);
        Ok(Zeroizing::new(token.ok_or("the answer has no token")?.to_owned()))
    }
}

/// Derives the role from whose token it is.
fn role(jwt: &str) -> Result<String, String> {
    let parts: Vec<&str> = jwt.split('.').collect();
    let [_, claims, _] = parts.as_slice() else { return Err("not a JWT".to_owned()) };
    let claims = URL_SAFE_NO_PAD
        .decode(claims)
        .map_err(|error| format!("failed to decode token payload: {error}"))?;
    let claims: Value = serde_json::from_slice(&claims)
        .map_err(|error| format!("failed to unmarshal token payload: {error}"))?;
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let account = subject.strip_prefix("system:serviceaccount:");
    match account.and_then(|account| account.split_once(':')) {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok(format!("{namespace}_{name}"))
        }
        _ => Err(format!("unexpected token subject '{subject}'")),
    }
}
