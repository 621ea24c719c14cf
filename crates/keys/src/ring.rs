//! All keys that one Kustomization may use.

use std::collections::BTreeMap;

use flux_sops::{KeySource, MasterKey, Service};
use zeroize::Zeroizing;

use crate::age::Identity;
use crate::http::Services;
use crate::{PgpKeys, age, aws, azure, gcp, vault};

/// Gives tokens for servers of Vault and OpenBao, by their addresses.
pub trait VaultTokens: Send + Sync {
    /// Returns where to log in, as whom, and the statement that proves it.
    ///
    /// # Errors
    /// The server is none of those that may be trusted, or there is no statement.
    fn login(&self, address: &str) -> Result<VaultLogin, String>;
}

/// Where to log in, as whom, and the statement that proves it.
pub struct VaultLogin {
    /// The path to write to.
    pub path: String,
    /// The role to take on.
    pub role: String,
    /// The token of a service account.
    pub jwt: Zeroizing<String>,
}

/// All keys that one Kustomization may use.
#[derive(Default)]
pub struct KeyRing {
    age: Vec<Identity>,
    pgp: PgpKeys,
    vault_token: Option<Zeroizing<String>>,
    vault_logins: Option<Box<dyn VaultTokens>>,
    vault_tokens: std::sync::Mutex<BTreeMap<String, Zeroizing<String>>>,
    aws: Option<aws::Credentials>,
    azure: Option<azure::Credential>,
    gcp: Option<gcp::ServiceAccount>,
    services: Option<Services>,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyRing(..)")
    }
}

impl KeyRing {
    /// Makes an empty ring that reaches no service.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the ring reach key services.
    #[must_use]
    pub fn with_services(self, services: Services) -> Self {
        Self { services: Some(services), ..self }
    }

    /// Lets the ring log in to Vault where it has no token of its own.
    #[must_use]
    pub fn with_vault_logins(self, logins: Box<dyn VaultTokens>) -> Self {
        Self { vault_logins: Some(logins), ..self }
    }

    /// Adds an age identity.
    pub fn add_age(&mut self, identity: Identity) {
        self.age.push(identity);
    }

    /// Takes an entry of a Secret by the name that it has there. What other names hold is left
    /// alone.
    ///
    /// # Errors
    /// The entry does not hold what its name says.
    pub fn import(&mut self, name: &str, value: &[u8]) -> Result<(), String> {
        let extension = name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default();
        match (extension, name) {
            (".asc", _) => self.pgp.import(value)?,
            (".agekey", _) => self.import_age(value)?,
            (_, "sops.vault-token") => {
                let token = String::from_utf8_lossy(value).trim().to_owned();
                self.vault_token = Some(Zeroizing::new(token)).filter(|token| !token.is_empty());
            }
            (_, "sops.aws-kms") => self.aws = Some(aws::Credentials::parse(value)?),
            (_, "sops.azure-kv") => self.azure = Some(azure::Credential::parse(value)?),
            (_, "sops.gcp-kms") => self.gcp = Some(gcp::ServiceAccount::parse(value)?),
            _ => {}
        }
        Ok(())
    }

    /// Takes a file of age identities.
    ///
    /// # Errors
    /// The file holds something else.
    pub fn import_age(&mut self, value: &[u8]) -> Result<(), String> {
        let text = Zeroizing::new(String::from_utf8_lossy(value).into_owned());
        let identities = Identity::parse_file(&text)
            .map_err(|error| format!("failed to parse and add to age identities: {error}"))?;
        self.age.extend(identities);
        Ok(())
    }

    fn services(&self) -> Result<&Services, String> {
        self.services.as_ref().ok_or_else(|| "key services are out of reach".to_owned())
    }

    fn vault_token(&self, address: &str) -> Result<Zeroizing<String>, String> {
        if let Some(token) = &self.vault_token {
            return Ok(token.clone());
        }
        let logins = self.vault_logins.as_ref();
        let logins = logins.ok_or("no token for Vault: the Secret has no sops.vault-token")?;
        let mut tokens =
            self.vault_tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(token) = tokens.get(address) {
            return Ok(token.clone());
        }
        let VaultLogin { path, role, jwt } = logins.login(address)?;
        let token = vault::login(self.services()?, address, &path, &role, &jwt)?;
        tokens.insert(address.to_owned(), token.clone());
        Ok(token)
    }

    fn decrypt_age(&self, encrypted: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        if self.age.is_empty() {
            return Err("failed to load age identities".to_owned());
        }
        age::decrypt(encrypted, &self.age).map_err(|error| {
            format!("failed to create reader for decrypting sops data key with age: {error}")
        })
    }
}

/// Says that no credentials for a service are here.
fn without(service: &str) -> String {
    format!("no credentials for {service}")
}

impl KeySource for KeyRing {
    fn decrypt(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, String> {
        let encrypted = &key.encrypted;
        match &key.service {
            Service::Age { .. } => self.decrypt_age(encrypted),
            Service::Pgp { .. } => self.pgp.decrypt(encrypted),
            Service::AwsKms { arn, role, context, .. } => {
                let credentials = self.aws.as_ref().ok_or_else(|| {
                    format!("failed to decrypt sops data key with AWS KMS: {}", without("AWS"))
                })?;
                let key = aws::Key { arn, role, context };
                aws::decrypt(self.services()?, credentials, &key, encrypted)
            }
            Service::GcpKms { resource } => {
                let account = self.gcp.as_ref().ok_or_else(|| {
                    let at = "failed to decrypt sops data key with GCP KMS key";
                    format!("{at}: {}", without("Google Cloud"))
                })?;
                gcp::decrypt(self.services()?, account, resource, encrypted)
            }
            Service::AzureKeyVault { url, name, version } => {
                let credential = self.azure.as_ref().ok_or_else(|| {
                    let at = "failed to get Azure token credential to decrypt";
                    format!("{at}: {}", without("Azure"))
                })?;
                let key = azure::Key { url, name, version };
                azure::decrypt(self.services()?, credential, &key, encrypted)
            }
            Service::Vault { address, engine, key } => {
                let token = self.vault_token(address)?;
                let key = vault::Key { address, engine, name: key };
                vault::decrypt(self.services()?, &token, &key, encrypted)
            }
            Service::HuaweiKms { .. } => Err(without("Huawei Cloud")),
        }
    }

    fn encrypt(&self, service: &Service, part: &[u8]) -> Result<String, String> {
        match service {
            Service::Age { recipient } => age::encrypt(recipient, part),
            Service::Pgp { fingerprint } => self.pgp.encrypt(fingerprint, part),
            Service::AwsKms { arn, role, context, .. } => {
                let credentials = self.aws.as_ref().ok_or_else(|| without("AWS"))?;
                let key = aws::Key { arn, role, context };
                aws::encrypt(self.services()?, credentials, &key, part)
            }
            Service::GcpKms { resource } => {
                let account = self.gcp.as_ref().ok_or_else(|| without("Google Cloud"))?;
                gcp::encrypt(self.services()?, account, resource, part)
            }
            Service::AzureKeyVault { url, name, version } => {
                let credential = self.azure.as_ref().ok_or_else(|| without("Azure"))?;
                let key = azure::Key { url, name, version };
                azure::encrypt(self.services()?, credential, &key, part)
            }
            Service::Vault { address, engine, key } => {
                let token = self.vault_token(address)?;
                let key = vault::Key { address, engine, name: key };
                vault::encrypt(self.services()?, &token, &key, part)
            }
            Service::HuaweiKms { .. } => Err(without("Huawei Cloud")),
        }
    }
}
