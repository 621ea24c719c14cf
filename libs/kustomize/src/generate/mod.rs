//! ConfigMaps, Secrets and what else is made from files and literals.

mod sources;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_yaml::{Kind, Node};
use serde::Deserialize;

use crate::error::{Result, fail};
use crate::kustomization::{ConfigMapArgs, GeneratorOptions, SecretArgs};
use crate::load::Loader;
use crate::node::{self, scalar, text};
use crate::resource::{Behavior, Resource};
use crate::scope::Scopes;

/// The longest line of encoded bytes.
const LINE: usize = 70;

/// Makes a ConfigMap.
pub(crate) fn config_map(
    loader: &Loader<'_>,
    args: &ConfigMapArgs,
    options: Option<&GeneratorOptions>,
) -> Result<Resource> {
    let mut object = base("ConfigMap", args)?;
    let mut data = node::empty(Kind::Mapping);
    let mut binary = node::empty(Kind::Mapping);
    for (key, value) in sources::read(loader, args)? {
        match String::from_utf8(value) {
            Ok(value) => data.content.extend([Node::scalar(key), text(&value)]),
            Err(error) => {
                let value = text(&encoded(error.as_bytes()));
                binary.content.extend([Node::scalar(key), value]);
            }
        }
    }
    for (key, map) in [("data", data), ("binaryData", binary)] {
        if !map.content.is_empty() {
            object.insert(key, map);
        }
    }
    generated(object, args, options)
}

/// Makes a Secret.
pub(crate) fn secret(
    loader: &Loader<'_>,
    args: &SecretArgs,
    options: Option<&GeneratorOptions>,
) -> Result<Resource> {
    let mut object = base("Secret", args)?;
    let kind = if args.r#type.is_empty() { "Opaque" } else { &args.r#type };
    object.insert("type", Node::string(kind));
    let entries = sources::read(loader, args)?.into_iter();
    let entries = entries.map(|(key, value)| (Node::scalar(key), text(&encoded(&value))));
    object.insert("data", Node::mapping(entries));
    generated(object, args, options)
}

fn base(kind: &str, args: &ConfigMapArgs) -> Result<Node> {
    if args.name.is_empty() {
        return fail!("a configmap must have a name");
    }
    let mut object = Node::mapping([]);
    object.insert("apiVersion", Node::string("v1"));
    object.insert("kind", Node::string(kind));
    let mut meta = node::empty(Kind::Mapping);
    node::set_field(&mut meta, "name", Some(Node::string(args.name.as_str())))?;
    if !args.namespace.is_empty() {
        node::set_field(&mut meta, "namespace", Some(Node::string(args.namespace.as_str())))?;
    }
    object.insert("metadata", meta);
    Ok(object)
}

fn generated(
    object: Node,
    args: &ConfigMapArgs,
    options: Option<&GeneratorOptions>,
) -> Result<Resource> {
    let mut resource = Resource::new(object, &Scopes::default())?;
    if let Some(options) = options {
        for (key, map) in [("labels", &options.labels), ("annotations", &options.annotations)] {
            let map = map.iter().flatten();
            let mut map: Vec<_> =
                map.map(|(key, value)| (Node::scalar(key), Node::string(value.as_str()))).collect();
            if let (Some(meta), false) = (resource.node.get_mut("metadata"), map.is_empty()) {
                meta.insert(key, Node::mapping(std::mem::take(&mut map)));
            }
        }
        if options.immutable {
            resource.node.insert("immutable", scalar("true", node::BOOL));
        }
    }
    resource.traces.needs_hash = options.is_none_or(|options| !options.disable_name_suffix_hash);
    resource.traces.behavior = Some(Behavior::parse(&args.behavior));
    Ok(resource)
}

/// Encodes bytes in base64, in lines where they are many.
fn encoded(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() < LINE {
        return text;
    }
    let mut lines = String::with_capacity(text.len() + text.len() / LINE + 1);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        lines.push_str(line);
        lines.push('\n');
        rest = behind;
    }
    lines
}

/// Adds the data of an object that was there before; own keys win.
pub(crate) fn merge_content(resource: &mut Resource, old: &Resource) -> Result<()> {
    let map = |resource: &Resource, key: &str| -> BTreeMap<String, String> {
        let map = resource.node.get(key).into_iter().flat_map(Node::entries);
        map.map(|(key, value)| (key.value.clone(), node::value_of(value).to_owned())).collect()
    };
    for key in ["data", "binaryData"] {
        let mut merged = map(old, key);
        merged.extend(map(resource, key));
        node::set_field(&mut resource.node, key, None)?;
        let entries = merged.into_iter().map(|(key, value)| (Node::scalar(key), text(&value)));
        let merged = Node::mapping(entries);
        if !merged.content.is_empty() {
            resource.node.insert(key, merged);
        }
    }
    Ok(())
}

/// What a ServiceAccount for a cloud provider is made from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct IamPolicyArgs {
    cloud: String,
    kubernetes_service: KubernetesService,
    service_account: CloudAccount,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct KubernetesService {
    name: String,
    namespace: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CloudAccount {
    name: String,
    project_id: String,
}

/// Makes a ServiceAccount that stands for one of a cloud provider.
pub(crate) fn iam_policy(args: &IamPolicyArgs, scopes: &Scopes) -> Result<Vec<Resource>> {
    if args.cloud != "gke" {
        return fail!("cloud provider {} not supported yet", args.cloud);
    }
    let account = &args.service_account;
    let email = format!("{}@{}.iam.gserviceaccount.com", account.name, account.project_id);
    let annotations =
        Node::mapping([(Node::scalar("iam.gke.io/gcp-service-account"), Node::string(email))]);
    let mut meta = Node::mapping([(Node::scalar("annotations"), annotations)]);
    let service = &args.kubernetes_service;
    meta.insert("name", Node::string(service.name.as_str()));
    if !service.namespace.is_empty() {
        meta.insert("namespace", Node::string(service.namespace.as_str()));
    }
    let object = Node::mapping([
        (Node::scalar("apiVersion"), Node::string("v1")),
        (Node::scalar("kind"), Node::string("ServiceAccount")),
        (Node::scalar("metadata"), meta),
    ]);
    Ok(vec![Resource::new(object, scopes)?])
}
