//! Master keys, and how they keep the data key.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::error::{DataKeyError, GroupFailure, KeyFailure};
use crate::{DataKey, Entropy, Error, Metadata, shamir};

/// Bytes of a new data key.
const DATA_KEY: usize = 32;

/// Master keys that keep the same part of a data key: any of them gives it.
pub type KeyGroup = Vec<MasterKey>;

/// A master key in a document, with the part of the data key that it encrypts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterKey {
    /// Who holds the key, and how it is named there.
    pub service: Service,
    /// When the part was encrypted, as the document writes it; empty for age.
    pub created_at: String,
    /// The encrypted part, in the service's own encoding.
    pub encrypted: String,
}

/// Who holds a master key, and how it is named there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// An age recipient.
    Age {
        /// The public key.
        recipient: String,
    },
    /// An OpenPGP key.
    Pgp {
        /// The fingerprint of the key.
        fingerprint: String,
    },
    /// AWS Key Management Service.
    AwsKms {
        /// The key's name.
        arn: String,
        /// The role to take on.
        role: String,
        /// The encryption context.
        context: BTreeMap<String, String>,
        /// The profile in the configuration of the AWS command.
        profile: String,
    },
    /// Google Cloud Key Management Service.
    GcpKms {
        /// The key's name.
        resource: String,
    },
    /// Huawei Cloud Key Management Service.
    HuaweiKms {
        /// The key's name.
        key: String,
    },
    /// Azure Key Vault.
    AzureKeyVault {
        /// The vault's address.
        url: String,
        /// The key's name.
        name: String,
        /// The key's version.
        version: String,
    },
    /// The transit engine of HashiCorp Vault or OpenBao.
    Vault {
        /// The server's address.
        address: String,
        /// The engine's path.
        engine: String,
        /// The key's name.
        key: String,
    },
}

/// Uses master keys. Implementations hold private keys or talk to services.
pub trait KeySource {
    /// Decrypts the part of a data key that a master key keeps.
    ///
    /// # Errors
    /// In SOPS' words, without secrets.
    fn decrypt(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, String>;

    /// Encrypts a part of a data key; returns it in the service's own encoding.
    ///
    /// # Errors
    /// In SOPS' words, without secrets.
    fn encrypt(&self, service: &Service, part: &[u8]) -> Result<String, String>;
}

impl Service {
    /// Returns the name that error texts use.
    pub fn name(&self) -> String {
        match self {
            Self::Age { recipient } => recipient.clone(),
            Self::Pgp { fingerprint } => fingerprint.clone(),
            Self::AwsKms { arn, role, context, profile } => {
                let pairs: Vec<String> = context.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                let context = pairs.join(",");
                let mut name = arn.clone();
                if !role.is_empty() {
                    name = format!("{name}+{role}");
                }
                if !context.is_empty() {
                    name = format!("{name}|{context}");
                }
                match (context.is_empty(), profile.is_empty()) {
                    (_, true) => name,
                    (true, false) => format!("{name}||{profile}"),
                    (false, false) => format!("{name}|{profile}"),
                }
            }
            Self::GcpKms { resource } => resource.clone(),
            Self::HuaweiKms { key } => key.clone(),
            Self::AzureKeyVault { url, name, version } => format!("{url}/keys/{name}/{version}"),
            Self::Vault { address, engine, key } => format!("{address}/v1/{engine}/keys/{key}"),
        }
    }

    /// Returns the order in which keys of a group are tried.
    fn order(&self) -> u8 {
        match self {
            Self::Age { .. } => 0,
            Self::Pgp { .. } => 1,
            Self::AwsKms { .. }
            | Self::GcpKms { .. }
            | Self::HuaweiKms { .. }
            | Self::AzureKeyVault { .. }
            | Self::Vault { .. } => 2,
        }
    }
}

/// Recovers the data key of a document.
pub(crate) fn recover(metadata: &Metadata, source: &dyn KeySource) -> Result<DataKey, Error> {
    let mut parts = Vec::new();
    let mut groups = Vec::with_capacity(metadata.groups.len());
    for group in &metadata.groups {
        match part_of(group, source) {
            Ok(part) => {
                parts.push(part);
                groups.push(None);
            }
            Err(failure) => groups.push(Some(failure)),
        }
    }
    let failed = DataKeyError { threshold: metadata.threshold, groups };
    if metadata.groups.len() > 1 {
        if parts.len() < metadata.threshold {
            return Err(failed.into());
        }
        let secret = shamir::combine(&parts).map_err(|error| {
            Error::Load(format!("could not get data key from shamir parts: {error}"))
        })?;
        return Ok(DataKey::new(secret));
    }
    parts.pop().map(DataKey::new).ok_or_else(|| failed.into())
}

fn part_of(group: &KeyGroup, source: &dyn KeySource) -> Result<Zeroizing<Vec<u8>>, GroupFailure> {
    let mut keys: Vec<&MasterKey> = group.iter().collect();
    keys.sort_by_key(|key| key.service.order());
    let mut failures = Vec::new();
    for key in keys {
        match source.decrypt(key) {
            Ok(part) => return Ok(part),
            Err(problem) => failures.push(KeyFailure { key: key.service.name(), problem }),
        }
    }
    Err(GroupFailure(failures))
}

/// Makes a data key and lets every master key encrypt its part.
pub(crate) fn create(
    metadata: &mut Metadata,
    source: &dyn KeySource,
    entropy: &mut Entropy<'_>,
) -> Result<DataKey, Error> {
    let mut key = Zeroizing::new(vec![0; DATA_KEY]);
    entropy(&mut key);
    let parts = match metadata.groups.len() {
        0 => return Err(Error::MasterKeys("no key groups provided".to_owned())),
        1 => vec![key.clone()],
        groups => {
            if metadata.threshold == 0 {
                metadata.threshold = groups;
            }
            shamir::split(&key, groups, metadata.threshold, entropy).map_err(|error| {
                let at = "could not split data key into parts for Shamir";
                Error::MasterKeys(format!("{at}: {error}"))
            })?
        }
    };
    let now = metadata.last_modified.rfc3339();
    let mut problems = Vec::new();
    for (group, part) in metadata.groups.iter_mut().zip(&parts) {
        if group.is_empty() {
            return Err(Error::MasterKeys("empty key group provided".to_owned()));
        }
        for key in group {
            match source.encrypt(&key.service, part) {
                Ok(encrypted) => key.encrypted = encrypted,
                Err(error) => {
                    let name = flux_gostd::quote::quote(&key.service.name());
                    let at = "failed to encrypt new data key with master key";
                    problems.push(format!("{at} {name}: {error}"));
                }
            }
            if !matches!(key.service, Service::Age { .. }) {
                key.created_at = now.clone();
            }
        }
    }
    if problems.is_empty() {
        return Ok(DataKey::new(key));
    }
    Err(Error::MasterKeys(problems.join("; ")))
}
