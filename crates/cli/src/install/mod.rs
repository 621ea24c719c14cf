//! `install` and `uninstall`.

mod manifests;
mod remove;

use flux_cluster::{Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::json;

use crate::check::{Installation, installation};
use crate::cobra::{Arity, Command, Complete, Flag, Matches};
use crate::context::Context;
use crate::{CliError, Exit};

pub(crate) use remove::{command as uninstall_command, run as uninstall};

use self::manifests::{COMPONENTS, EXTRA_COMPONENTS, Plan, Topology};

/// Describes `install`.
pub(crate) fn command() -> Command {
    Command::leaf("install", "Install or upgrade Flux")
        .long("Installs the controllers, or upgrades them; with --export their manifests are printed instead, without asking any cluster.")
        .example("  # Install the latest version\n  flux install\n\n  # Print the manifests\n  flux install --export > flux-system.yaml\n\n  # Install some of the controllers, and let them run on tainted nodes\n  flux install --components=source-controller,kustomize-controller --toleration-keys=node.kubernetes.io/controllers")
        .arity(Arity::None)
        .flags([
            Flag::bool("export", "print the manifests as YAML and stop"),
            Flag::text("version", "version to install; that of this program without it").short('v'),
            Flag::list("components", "controllers to install").default("[source-controller,kustomize-controller,helm-controller,notification-controller]"),
            Flag::list("components-extra", "controllers to install besides: image-reflector-controller, image-automation-controller, source-watcher"),
            Flag::text("manifests", "directory with manifests").hidden(),
            Flag::text("registry", "registry of the controllers' image").default("ghcr.io/fluxcd"),
            Flag::text("registry-creds", "credentials for the registry as user:password; needs --image-pull-secret"),
            Flag::text("image-pull-secret", "name of the Secret to pull images with"),
            Flag::bool("watch-all-namespaces", "reconcile objects of all namespaces").default("true"),
            Flag::custom("log-level", ("debug|info|error", log_level), "level of what controllers log").default("info"),
            Flag::bool("network-policy", "allow other namespaces only what they need").default("true"),
            Flag::text("cluster-domain", "domain of the cluster").default("cluster.local"),
            Flag::list("toleration-keys", "keys of taints to tolerate"),
            Flag::bool("force", "take over an installation that something else manages"),
            Flag::custom("topology", ("separate|single", topology), "one Deployment for each controller, or a single one for all; not in the original")
                .default("separate")
                .complete(Complete::Words(&["separate", "single"])),
        ])
}

fn log_level(text: &str) -> Result<String, String> {
    match text {
        "debug" | "info" | "error" => Ok(text.to_owned()),
        "" => Err("no log level given, must be one of: debug, info, error".to_owned()),
        _ => Err(format!("unsupported log level '{text}', must be one of: debug, info, error")),
    }
}

fn topology(text: &str) -> Result<String, String> {
    match text {
        "separate" | "single" => Ok(text.to_owned()),
        _ => Err("must be separate or single".to_owned()),
    }
}

/// Runs `install`.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let plan = plan(matches, cx)?;
    let objects = plan.objects()?;
    if matches.is_on("export") {
        let text = plan.text(&objects);
        cx.io.data(&text)?;
        return Ok(Exit::SUCCESS);
    }
    let namespace = cx.global.namespace.clone();
    cx.io.generate("generating manifests")?;
    cx.io.success("manifests build completed")?;
    cx.io.action(&format!("installing components in {namespace} namespace"))?;
    if let Some(found) = installation(cx).await? {
        refuse_foreign(&found, matches, cx)?;
    }
    apply(&objects, cx).await?;
    if let Some(credentials) = matches.some("registry-creds") {
        pull_secret(credentials, matches, cx).await?;
    }
    cx.io.waiting("verifying installation")?;
    verify(&objects, cx).await?;
    cx.io.success("install finished")?;
    Ok(Exit::SUCCESS)
}

/// Reads what is to be installed from the flags.
fn plan(matches: &Matches, cx: &Context<'_>) -> Result<Plan, CliError> {
    let usage = |text: String| CliError::Usage(text);
    if let Some(credentials) = matches.some("registry-creds") {
        if matches.some("image-pull-secret").is_none() {
            return Err(usage(
                "--registry-creds requires --image-pull-secret to be set".to_owned(),
            ));
        }
        if credentials.split(':').count() != 2 {
            return Err(usage(
                "invalid --registry-creds format, expected 'user:password'".to_owned(),
            ));
        }
    }
    if matches.some("manifests").is_some() {
        return Err(usage(
            "--manifests is not supported: build the directory with `flux build DIR`".to_owned(),
        ));
    }
    let own = crate::version::VERSION;
    let version = matches.some("version").unwrap_or(own);
    if version != own && version != "latest" {
        if !version.starts_with('v') {
            return Err(usage(format!("targeted version '{version}' must be prefixed with 'v'")));
        }
        return Err(usage(format!(
            "targeted version '{version}' is not the version of this program, {own}, which holds its own manifests only"
        )));
    }
    let mut components = matches.list("components");
    components.extend(matches.list("components-extra"));
    if let Some(unknown) = components
        .iter()
        .find(|it| !COMPONENTS.contains(&it.as_str()) && !EXTRA_COMPONENTS.contains(&it.as_str()))
    {
        return Err(usage(format!("component {unknown} is not available")));
    }
    Ok(Plan {
        namespace: cx.global.namespace.clone(),
        version: own.to_owned(),
        components,
        registry: matches.text("registry").to_owned(),
        pull_secret: matches.some("image-pull-secret").map(str::to_owned),
        watch_all_namespaces: matches.is_on("watch-all-namespaces"),
        log_level: matches.text("log-level").to_owned(),
        network_policy: matches.is_on("network-policy"),
        cluster_domain: matches.text("cluster-domain").to_owned(),
        tolerations: matches.list("toleration-keys"),
        topology: if matches.text("topology") == "single" {
            Topology::Single
        } else {
            Topology::Separate
        },
    })
}

/// Leaves alone what a bootstrap keeps, and asks before taking over what something else manages.
fn refuse_foreign(
    found: &Installation,
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    if found.bootstrapped {
        let text = "this cluster has already been bootstrapped with Flux! Please use 'flux bootstrap' to upgrade";
        return Err(CliError::Failed(text.to_owned()));
    }
    let foreign = !matches!(found.managed_by.as_str(), "" | "flux");
    if foreign && !matches.is_on("force") {
        cx.io.warning(&format!(
            "Flux has been installed on this cluster with {}",
            found.managed_by
        ))?;
        if !cx.io.confirm("Are you sure you want to override the installation")? {
            return Err(CliError::Failed("aborting".to_owned()));
        }
    }
    Ok(())
}

/// Applies definitions and namespaces first, then the rest.
async fn apply(objects: &[Object], cx: &mut Context<'_>) -> Result<(), CliError> {
    let cluster = cx.cluster().await?;
    let first = |object: &&Object| {
        matches!(object.kind(), "CustomResourceDefinition" | "Namespace" | "ClusterRole")
    };
    let (head, tail): (Vec<&Object>, Vec<&Object>) = objects.iter().partition(first);
    for object in head.into_iter().chain(tail) {
        let subject = object.id().subject();
        let fail = |error: flux_cluster::Error| {
            CliError::Cluster(format!("{subject} apply failed: {error}"))
        };
        let before = cluster.find_metadata(&Target::of(object)).await.map_err(fail)?;
        let after = cluster.apply(object, &Write::by("flux").forced()).await.map_err(fail)?;
        let action = match before {
            None => "created",
            Some(before) if before.resource_version() == after.resource_version() => "unchanged",
            Some(_) => "configured",
        };
        cx.io.data(&format!("{subject} {action}\n"))?;
    }
    Ok(())
}

async fn pull_secret(
    credentials: &str,
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    let name = matches.text("image-pull-secret");
    let namespace = cx.global.namespace.clone();
    cx.io.action(&format!("generating image pull secret {name}"))?;
    let host = matches.text("registry").split('/').next().unwrap_or_default();
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let auths = json!({"auths": {host: {"username": user, "password": password}}});
    let secret = Object::try_from(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": {".dockerconfigjson": auths.to_string()},
    }));
    let secret = secret.map_err(|error| CliError::Failed(error.to_string()))?;
    let applied = cx.cluster().await?.apply(&secret, &Write::by("flux").forced()).await;
    applied.map(drop).map_err(|error| CliError::Cluster(error.to_string()))
}

/// Waits until the Deployments are healthy.
async fn verify(objects: &[Object], cx: &mut Context<'_>) -> Result<(), CliError> {
    let cluster = cx.cluster().await?;
    let deadline = tokio::time::Instant::now() + cx.global.timeout;
    let mut failed = 0;
    for object in objects.iter().filter(|object| object.kind() == "Deployment") {
        let kind = GroupVersionKind::new("apps", "v1", "Deployment");
        let target = Target::new(kind, object.namespace(), object.name());
        if crate::check::becomes_healthy(&cluster, &target, deadline).await {
            cx.io.success(&format!("{}: deployment ready", object.name()))?;
        } else {
            failed += 1;
            cx.io.failure(&format!("{}: deployment not ready", object.name()))?;
        }
    }
    if failed > 0 {
        return Err(CliError::Failed("install failed".to_owned()));
    }
    Ok(())
}
