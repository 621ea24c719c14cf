//! From the files of a source to the objects to apply.

use flux_api::Kustomization;
use flux_bases::Network;
use flux_build::{
    Built, Decryptor, Fetcher, Lookup, NoDecryption, NoRemote, Options as BuildOptions, Sops,
    Undefined, references,
};
use flux_cluster::{Cluster, Target};
use flux_keys::KeyRing;
use flux_manifest::GroupVersionKind;
use flux_tree::Tree;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::decryption::NoKeys;
use crate::options::{Options, gate};

/// Builds what a Kustomization asks for. `root` is where messages say that the files are.
pub(crate) fn build(
    tree: &dyn Tree,
    root: &str,
    kustomization: &Value,
    inputs: &Inputs,
    options: &Options,
) -> Result<Built, String> {
    let undefined = match options.gates.is_on(gate::STRICT_SUBSTITUTION) {
        true => Undefined::Refuse,
        false => Undefined::Empty,
    };
    let sops;
    let decryptor: &dyn Decryptor = match &inputs.keys {
        None => &NoDecryption,
        Some(Err(error)) => error,
        Some(Ok(keys)) => {
            sops = Sops::new(keys, root);
            &sops
        }
    };
    let network = Network::new(inputs.runtime.clone(), &options.temp_dir);
    let fetcher: &dyn Fetcher = if options.no_remote_bases { &NoRemote } else { &network };
    let settings = BuildOptions { root, undefined, decryptor, fetcher, ..BuildOptions::default() };
    let built = flux_build::build(tree, kustomization, &inputs.lookups, &settings);
    built.map_err(|error| error.to_string())
}

/// What a build needs besides the files.
pub(crate) struct Inputs {
    /// What `substituteFrom` names.
    pub(crate) lookups: Vec<Lookup>,
    /// Where requests for remote bases run.
    pub(crate) runtime: Handle,
    /// The keys of decryption, if there is to be any.
    pub(crate) keys: Option<Result<KeyRing, NoKeys>>,
}

/// Cleans a path so that it stays below the root, as upstream's SecureJoin does.
pub(crate) fn clean(path: &str) -> String {
    flux_tree::path::join_confined("", path)
}

/// Writes a Kustomization as the value that the build reads.
pub(crate) fn value(kustomization: &Kustomization) -> Result<Value, String> {
    serde_json::to_value(kustomization).map_err(|error| error.to_string())
}

/// Reads the objects that a Kustomization takes variables from, in their order.
pub(crate) async fn lookups(
    cluster: &Cluster,
    kustomization: &Kustomization,
    value: &Value,
) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    for reference in references(value) {
        let kind = GroupVersionKind::new("", "v1", reference.kind.as_str());
        let target = Target::new(kind, &kustomization.metadata.namespace, &reference.name);
        lookups.push(match cluster.get(&target).await {
            Ok(object) => Lookup::of_object(object.as_value()),
            Err(error) if error.is_not_found() => Lookup::NotFound,
            Err(error) => Lookup::Failed(error.to_string()),
        });
    }
    lookups
}
