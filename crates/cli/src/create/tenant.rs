//! `create tenant`: namespaces, service accounts and role bindings of a team.

use flux_cluster::{Cluster, Deletion, Target, Write};
use flux_manifest::Object;
use serde_json::{Value, json};

use super::types::qualified_name_error;
use super::{Cast, made, print_export, usage};
use crate::CliError;
use crate::cobra::{Command, Flag};
use crate::context::Context;

const LABEL: &str = "toolkit.fluxcd.io/tenant";

/// Describes the command.
pub(super) fn command() -> Command {
    Command::leaf("tenant", "Create or update a tenant")
        .long("Creates namespaces, and in each a service account that may do what a cluster role allows.")
        .example("  # Create a tenant with two namespaces\n  flux create tenant dev-team --with-namespace=frontend --with-namespace=backend\n\n  # Print a tenant that may only do what a role of its own allows\n  flux create tenant dev-team --with-namespace=apps --cluster-role=tenant-reconciler --export")
        .flags([
            Flag::list("with-namespace", "namespace of the tenant; can be repeated"),
            Flag::text("cluster-role", "cluster role that the tenant gets in its namespaces").default("cluster-admin"),
            Flag::text("with-service-account", "name of the service account; that of the tenant by default"),
            Flag::bool("skip-namespace", "do not create the namespaces, which must be there"),
        ])
}

/// Runs the command.
pub(super) async fn run(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let tenant = cast.name.as_str();
    if flags.some("cluster-role").is_none() {
        return Err(usage("cluster-role is required"));
    }
    let namespaces = flags.list("with-namespace");
    if namespaces.is_empty() {
        return Err(usage("with-namespace is required"));
    }
    let account = flags.some("with-service-account").unwrap_or(tenant);
    let skips = flags.is_on("skip-namespace");
    let mut parts = Vec::new();
    for namespace in &namespaces {
        check("namespace", namespace)?;
        check("service-account name", account)?;
        parts.push(Part::new(cast, namespace, account)?);
    }
    if cast.is_export() {
        for part in &parts {
            for object in part.objects(skips) {
                print_export(object.as_value(), cx)?;
            }
        }
        return Ok(());
    }
    let cluster = cx.cluster().await?;
    for part in &parts {
        part.write(&cluster, skips, cx).await?;
    }
    cx.io.success("tenant setup completed")
}

fn check(what: &str, name: &str) -> Result<(), CliError> {
    match qualified_name_error(name) {
        Some(error) => Err(CliError::Usage(format!("invalid {what} '{name}': [{error}]"))),
        None => Ok(()),
    }
}

/// What a tenant has in one namespace.
struct Part {
    namespace: Object,
    account: Object,
    binding: Object,
}

impl Part {
    fn new(cast: &Cast<'_>, namespace: &str, account: &str) -> Result<Self, CliError> {
        let mut labels = cast.labels()?;
        labels.insert(LABEL.to_owned(), cast.name.clone());
        let metadata = |name: &str| json!({"name": name, "namespace": namespace, "labels": labels});
        Ok(Self {
            namespace: made(json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": namespace, "labels": labels},
            }))?,
            account: made(json!({
                "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(account),
            }))?,
            binding: made(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": metadata(&format!("{}-reconciler", cast.name)),
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": cast.matches.text("cluster-role"),
                },
                "subjects": [
                    {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "User",
                        "name": format!("gotk:{namespace}:reconciler"),
                    },
                    {"kind": "ServiceAccount", "name": account, "namespace": namespace},
                ],
            }))?,
        })
    }

    fn objects(&self, skips_namespace: bool) -> impl Iterator<Item = &Object> {
        let namespace = (!skips_namespace).then_some(&self.namespace);
        namespace.into_iter().chain([&self.account, &self.binding])
    }

    async fn write(
        &self,
        cluster: &Cluster,
        skips_namespace: bool,
        cx: &mut Context<'_>,
    ) -> Result<(), CliError> {
        let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
        for object in self.objects(skips_namespace) {
            let words = match object.kind() {
                "Namespace" => "namespace",
                "ServiceAccount" => "service account",
                _ => "role binding",
            };
            cx.io.action(&format!("applying {words} {}", object.name()))?;
            upsert(cluster, object).await.map_err(fail)?;
        }
        Ok(())
    }
}

/// Creates an object, gives it labels, or replaces a binding that differs.
async fn upsert(cluster: &Cluster, object: &Object) -> Result<(), flux_cluster::Error> {
    let write = Write::by("flux");
    let target = Target::of(object);
    let Some(mut existing) = cluster.find(&target).await? else {
        return cluster.create(object, &write).await.map(drop);
    };
    let same = |pointer: &str| covers(existing.pointer(pointer), object.pointer(pointer));
    let labelled = same("/metadata/labels");
    if object.kind() == "RoleBinding" {
        if labelled && same("/subjects") && same("/roleRef") {
            return Ok(());
        }
        cluster.delete(&target, &Deletion::default()).await?;
        return cluster.create(object, &write).await.map(drop);
    }
    if labelled {
        return Ok(());
    }
    let labels = object.pointer("/metadata/labels").cloned().unwrap_or_default();
    existing.edit_metadata(|metadata| metadata.insert("labels".to_owned(), labels));
    cluster.update(&existing, &write).await.map(drop)
}

/// Tells whether everything wanted is there; more may be.
fn covers(live: Option<&Value>, wanted: Option<&Value>) -> bool {
    match (live, wanted) {
        (_, None) => true,
        (Some(Value::Object(live)), Some(Value::Object(wanted))) => {
            wanted.iter().all(|(key, value)| covers(live.get(key), Some(value)))
        }
        (Some(Value::Array(live)), Some(Value::Array(wanted))) => {
            live.len() == wanted.len()
                && live.iter().zip(wanted).all(|(live, wanted)| covers(Some(live), Some(wanted)))
        }
        (live, wanted) => live == wanted,
    }
}
