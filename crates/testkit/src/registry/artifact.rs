//! Artifacts as `flux push artifact` and `helm push` make them.

use std::collections::BTreeMap;

use serde_json::json;

use super::Server;

/// What an artifact holds.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// Media type of the configuration.
    pub config_type: String,
    /// The configuration.
    pub config: Vec<u8>,
    /// Media types and contents of the layers.
    pub layers: Vec<(String, Vec<u8>)>,
    /// Facts in the manifest.
    pub annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// Returns an artifact of Flux with one layer.
    pub fn flux(layer: Vec<u8>) -> Self {
        Self {
            config_type: "application/vnd.cncf.flux.config.v1+json".to_owned(),
            config: b"{}".to_vec(),
            layers: vec![("application/vnd.cncf.flux.content.v1.tar+gzip".to_owned(), layer)],
            annotations: BTreeMap::new(),
        }
    }

    /// Returns a Helm chart.
    pub fn chart(archive: Vec<u8>) -> Self {
        Self {
            config_type: "application/vnd.cncf.helm.config.v1+json".to_owned(),
            config: b"{}".to_vec(),
            layers: vec![(
                "application/vnd.cncf.helm.chart.content.v1.tar+gzip".to_owned(),
                archive,
            )],
            annotations: BTreeMap::new(),
        }
    }

    /// Adds a fact.
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }
}

impl Server {
    /// Stores an artifact under tags and returns the digest of its manifest.
    pub fn put_artifact(&self, repository: &str, artifact: &Artifact, tags: &[&str]) -> String {
        let config = self.put_blob(repository, artifact.config.clone());
        let layers: Vec<_> = artifact
            .layers
            .iter()
            .map(|(media_type, bytes)| {
                let digest = self.put_blob(repository, bytes.clone());
                json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
            })
            .collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": artifact.config_type, "digest": config, "size": artifact.config.len(),
            },
            "layers": layers,
        });
        if !artifact.annotations.is_empty() {
            manifest["annotations"] = json!(artifact.annotations);
        }
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        self.put_manifest(repository, media_type, (manifest.to_string(), tags))
    }
}
