//! Release records as Helm keeps them in Secrets, and their digests as helm-controller has them.

mod time;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use flux_gostd::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::Digest;

use crate::{Chart, File, Hook, HookEvent, Lock, Metadata, Values, go_json};

/// What became of a release.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody knows.
    #[default]
    Unknown,
    /// It is in the cluster.
    Deployed,
    /// It was removed and its history kept.
    Uninstalled,
    /// A newer revision took its place.
    Superseded,
    /// It did not get into the cluster whole.
    Failed,
    /// It is being removed.
    Uninstalling,
    /// It is being installed.
    PendingInstall,
    /// It is being upgraded.
    PendingUpgrade,
    /// It is being rolled back.
    PendingRollback,
}

impl Status {
    /// The name that records and labels have.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Deployed => "deployed",
            Self::Uninstalled => "uninstalled",
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Uninstalling => "uninstalling",
            Self::PendingInstall => "pending-install",
            Self::PendingUpgrade => "pending-upgrade",
            Self::PendingRollback => "pending-rollback",
        }
    }

    /// Tells whether an operation is under way, or was when its process ended.
    pub fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }
}

/// When a release was deployed, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// When its first revision was deployed.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub first_deployed: Option<Time>,
    /// When this revision was deployed.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub last_deployed: Option<Time>,
    /// When it was removed.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Time>,
    /// A sentence about its last change.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The notes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

/// How the last run of a hook went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookRun {
    /// When it began.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When it ended.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// `Unknown`, `Running`, `Succeeded`, `Failed`, or empty.
    pub phase: String,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// A hook of a release, with its last run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookRecord {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The object's kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The file that it comes from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Its text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// When it runs; events that nobody knows are kept.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub events: Vec<String>,
    /// Its last run.
    pub last_run: HookRun,
    /// Hooks of lower weight run first.
    #[serde(skip_serializing_if = "is_zero")]
    pub weight: i64,
    /// When its object is deleted.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub delete_policies: Vec<String>,
    /// When its logs are shown.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub output_log_policies: Vec<String>,
}

impl HookRecord {
    /// Tells whether it runs at an event.
    pub fn is_for(&self, event: HookEvent) -> bool {
        self.events.iter().any(|name| HookEvent::parse(name) == Some(event))
    }
}

impl From<Hook> for HookRecord {
    fn from(hook: Hook) -> Self {
        let Hook {
            name,
            kind,
            path,
            manifest,
            events,
            weight,
            delete_policies,
            output_log_policies,
        } = hook;
        let name_of = |event: &HookEvent| match serde_json::to_value(event) {
            Ok(Value::String(name)) => name,
            _ => String::new(),
        };
        Self {
            name,
            kind,
            path,
            manifest,
            events: events.iter().map(name_of).collect(),
            last_run: HookRun::default(),
            weight,
            delete_policies,
            output_log_policies,
        }
    }
}

/// A chart's file in a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredFile {
    /// Path below the chart's root.
    pub name: String,
    /// What it holds.
    #[serde(with = "bytes")]
    pub data: Vec<u8>,
    /// When it was last changed.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub modtime: Option<Time>,
}

impl From<&File> for StoredFile {
    fn from(file: &File) -> Self {
        Self { name: file.name.clone(), data: file.data.to_vec(), modtime: file.modified.clone() }
    }
}

/// A chart in a record; its subcharts are not kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredChart {
    /// `Chart.yaml`.
    pub metadata: Option<Metadata>,
    /// `Chart.lock`.
    pub lock: Option<Lock>,
    /// What stands below `templates/`.
    #[serde(serialize_with = "null_if_empty", deserialize_with = "nullable")]
    pub templates: Vec<StoredFile>,
    /// The default values.
    pub values: Option<Values>,
    /// `values.schema.json`.
    #[serde(with = "optional_bytes")]
    pub schema: Option<Vec<u8>>,
    /// When that was last changed.
    #[serde(with = "time::zero")]
    pub schemamodtime: Option<Time>,
    /// Everything else.
    #[serde(serialize_with = "null_if_empty", deserialize_with = "nullable")]
    pub files: Vec<StoredFile>,
    /// When `Chart.yaml` was last changed.
    #[serde(with = "time::optional", skip_serializing_if = "Option::is_none")]
    pub modtime: Option<Time>,
}

impl From<&Chart> for StoredChart {
    fn from(chart: &Chart) -> Self {
        Self {
            metadata: Some(chart.metadata.clone()),
            lock: chart.lock.clone(),
            templates: chart.templates.iter().map(StoredFile::from).collect(),
            values: Some(chart.values.clone()),
            schema: chart.schema.as_ref().map(|file| file.data.to_vec()),
            schemamodtime: chart.schema.as_ref().and_then(|file| file.modified.clone()),
            files: chart.files.iter().map(StoredFile::from).collect(),
            modtime: chart.modified.clone(),
        }
    }
}

/// One revision of a release.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// Its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What became of it.
    pub info: Info,
    /// The chart that was deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<StoredChart>,
    /// The values that were set.
    #[serde(skip_serializing_if = "no_values")]
    pub config: Option<Values>,
    /// The objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// The hooks.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub hooks: Vec<HookRecord>,
    /// The revision.
    #[serde(skip_serializing_if = "is_zero")]
    pub version: i64,
    /// The namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Further labels; they stand on the Secret only.
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
    /// `ssa`, `csa`, or empty for the latter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub apply_method: String,
}

fn no_values(values: &Option<Values>) -> bool {
    values.as_ref().is_none_or(Values::is_empty)
}

/// Why a Secret holds no release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// There is no record in it.
    #[error("the Secret has no field `release`")]
    NoRecord,
    /// The record is no base64.
    #[error("the record is not encoded in base64")]
    Base64(#[from] base64::DecodeError),
    /// The record cannot be decompressed, or is too large.
    #[error("cannot decompress the record")]
    Gzip(#[from] std::io::Error),
    /// The record is no release.
    #[error("cannot read the record")]
    Json(#[from] serde_json::Error),
}

/// Which write a Secret is for, with the seconds after 1970 began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The first one.
    Created(i64),
    /// A later one.
    Modified(i64),
}

/// The type of a release's Secret.
pub const SECRET_TYPE: &str = "helm.sh/release.v1";
/// The largest record that is read.
const MAX_RECORD: u64 = 256 << 20;
/// Labels that Helm itself sets.
const SYSTEM_LABELS: [&str; 6] = ["name", "owner", "status", "version", "createdAt", "modifiedAt"];

/// The name of the Secret of a revision.
pub fn secret_name(release: &str, version: i64) -> String {
    format!("sh.helm.release.v1.{release}.v{version}")
}

impl Release {
    /// The record as a Secret's data holds it before the API's own base64.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn encode(&self) -> Result<String, ReleaseError> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&go_json(self)?)?;
        Ok(STANDARD.encode(encoder.finish()?))
    }

    /// Reads what [`Release::encode`] writes; records that are not compressed are read too.
    ///
    /// # Errors
    /// It is no such record, or too large.
    pub fn decode(record: &[u8]) -> Result<Self, ReleaseError> {
        let bytes = STANDARD.decode(record)?;
        if !bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let mut text = Vec::new();
        let mut decoder = MultiGzDecoder::new(bytes.as_slice()).take(MAX_RECORD + 1);
        decoder.read_to_end(&mut text)?;
        if text.len() as u64 > MAX_RECORD {
            let error = std::io::Error::other("the record is too large");
            return Err(error.into());
        }
        Ok(serde_json::from_slice(&text)?)
    }

    /// The labels of the Secret.
    pub fn secret_labels(&self, stamp: Stamp) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone();
        let (key, time) = match stamp {
            Stamp::Created(time) => ("createdAt", time),
            Stamp::Modified(time) => ("modifiedAt", time),
        };
        let status = self.info.status.map_or("", Status::name);
        for (key, value) in [
            (key, time.to_string()),
            ("name", self.name.clone()),
            ("owner", "helm".to_owned()),
            ("status", status.to_owned()),
            ("version", self.version.to_string()),
        ] {
            labels.insert(key.to_owned(), value);
        }
        labels
    }

    /// The Secret that holds the record.
    ///
    /// # Errors
    /// As for [`Release::encode`].
    pub fn to_secret(&self, namespace: &str, stamp: Stamp) -> Result<Value, ReleaseError> {
        Ok(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": secret_name(&self.name, self.version),
                "namespace": namespace,
                "labels": self.secret_labels(stamp),
            },
            "type": SECRET_TYPE,
            "data": {"release": STANDARD.encode(self.encode()?)},
        }))
    }

    /// Reads the record that a Secret holds, with its labels.
    ///
    /// # Errors
    /// It holds none.
    pub fn from_secret(secret: &Value) -> Result<Self, ReleaseError> {
        let record = secret["data"]["release"].as_str().ok_or(ReleaseError::NoRecord)?;
        let mut release = Self::decode(&STANDARD.decode(record)?)?;
        for (key, value) in secret["metadata"]["labels"].as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|_| !SYSTEM_LABELS.contains(&key.as_str())) {
                release.labels.insert(key.clone(), value.to_owned());
            }
        }
        Ok(release)
    }

    /// The text whose digest tells whether a release is still the one that was observed: hooks of
    /// tests are left out, since their runs change it.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn observed_text(&self, oci_digest: &str) -> Result<Vec<u8>, ReleaseError> {
        let hooks = self.hooks.iter().filter(|hook| !hook.is_for(HookEvent::Test));
        let observation = Observation {
            name: &self.name,
            version: self.version,
            info: &self.info,
            chart_metadata: self
                .chart
                .as_ref()
                .and_then(|chart| chart.metadata.clone())
                .unwrap_or_default(),
            config: self.config.as_ref(),
            manifest: &self.manifest,
            hooks: Some(hooks.collect()).filter(|hooks: &Vec<_>| !hooks.is_empty()),
            namespace: &self.namespace,
            oci_digest,
        };
        let mut text = go_json(&observation)?;
        text.push(b'\n');
        Ok(text)
    }

    /// The SHA-256 of [`Release::observed_text`], as `status.history` has it.
    ///
    /// # Errors
    /// As for [`Release::observed_text`].
    pub fn digest(&self, oci_digest: &str) -> Result<String, ReleaseError> {
        let sum = sha2::Sha256::digest(self.observed_text(oci_digest)?);
        Ok(format!("sha256:{}", hex::encode(sum)))
    }
}

/// What helm-controller keeps of a release to know it again.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Observation<'r> {
    name: &'r str,
    version: i64,
    info: &'r Info,
    chart_metadata: Metadata,
    config: Option<&'r Values>,
    manifest: &'r str,
    hooks: Option<Vec<&'r HookRecord>>,
    namespace: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    oci_digest: &'r str,
}

fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

fn null_if_empty<S: Serializer, T: Serialize>(items: &[T], to: S) -> Result<S::Ok, S::Error> {
    if items.is_empty() { to.serialize_none() } else { items.serialize(to) }
}

/// Bytes in base64; null for none.
mod bytes {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Option::<String>::deserialize(from)?.unwrap_or_default();
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

/// Bytes in base64, or null.
mod optional_bytes {
    use super::{Deserializer, Serializer, bytes};

    pub(super) fn serialize<S: Serializer>(
        value: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => bytes::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        bytes::deserialize(from).map(|value| Some(value).filter(|value| !value.is_empty()))
    }
}
