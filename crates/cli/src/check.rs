//! `check`: whether the cluster can run Flux, and whether it does.

use flux_cluster::{List, Target};
use flux_health::Status;
use flux_manifest::{GroupVersionKind, Object};
use http::Method;
use serde_json::Value;

use crate::cobra::{Arity, Command, Flag, Matches};
use crate::context::Context;
use crate::{CliError, Exit};

/// The versions of Kubernetes that the controllers run on.
const KUBERNETES: &str = ">=1.33.0-0";
pub(crate) const PART_OF: &str = "app.kubernetes.io/part-of";

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("check", "Check requirements and installation")
        .long("Checks whether the cluster can run Flux, and whether what is installed is healthy.")
        .example("  # Check before an installation\n  flux check --pre\n\n  # Check an installation\n  flux check")
        .arity(Arity::None)
        .flags([
            Flag::bool("pre", "check only what an installation needs"),
            Flag::list("components", "controllers; accepted, all that are there are checked")
                .default("[source-controller,kustomize-controller,helm-controller,notification-controller]"),
            Flag::list("components-extra", "further controllers; accepted, all that are there are checked"),
            Flag::duration("poll-interval", "how often a controller that is not healthy is looked at").default("5s"),
        ])
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    cx.io.action("checking prerequisites")?;
    let mut good = kubernetes(cx).await?;
    if matches.is_on("pre") {
        if good {
            cx.io.success("prerequisites checks passed")?;
        }
        return Ok(if good { Exit::SUCCESS } else { Exit::FAILURE });
    }
    cx.io.action("checking version in cluster")?;
    good &= version(cx).await?;
    cx.io.action("checking controllers")?;
    good &= controllers(matches, cx).await?;
    cx.io.action("checking crds")?;
    good &= definitions(cx).await?;
    if !good {
        cx.io.failure("check failed")?;
        return Ok(Exit::FAILURE);
    }
    cx.io.success("all checks passed")?;
    Ok(Exit::SUCCESS)
}

async fn kubernetes(cx: &mut Context<'_>) -> Result<bool, CliError> {
    let answer = cx.cluster().await?.raw(Method::GET, "/version", None).await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            cx.io.failure(&format!("Kubernetes API call failed: {error}"))?;
            return Ok(false);
        }
    };
    let text = serde_json::from_slice::<Value>(&answer).unwrap_or_default();
    let text = text.get("gitVersion").and_then(Value::as_str).unwrap_or_default();
    let Ok(version) = flux_semver::Version::parse(text) else {
        cx.io.failure("Kubernetes version can't be determined")?;
        return Ok(false);
    };
    let range = flux_semver::Constraint::parse(KUBERNETES);
    if !range.is_ok_and(|range| range.matches(&version)) {
        cx.io.failure(&format!("Kubernetes version {text} does not match {KUBERNETES}"))?;
        return Ok(false);
    }
    cx.io.success(&format!("Kubernetes {version} {KUBERNETES}"))?;
    Ok(true)
}

/// What is known of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Installation {
    /// Whether a Kustomization of its own keeps it.
    pub(crate) bootstrapped: bool,
    /// Who installed it.
    pub(crate) managed_by: String,
    /// Distribution and version; empty if the version is not known.
    pub(crate) distribution: String,
}

/// Returns what is known of the installation in the cluster, if there is one.
pub(crate) async fn installation(cx: &mut Context<'_>) -> Result<Option<Installation>, CliError> {
    let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let target = Target::new(kind, "", "gitrepositories.source.toolkit.fluxcd.io");
    let found = cx.cluster().await?.find_metadata(&target).await;
    let found = found.map_err(|error| CliError::Cluster(error.to_string()))?;
    Ok(found.map(|definition| {
        let label = |key: &str| definition.label(key).unwrap_or_default().to_owned();
        let version = label("app.kubernetes.io/version");
        let distribution = match version.as_str() {
            "" => String::new(),
            _ => format!("{}-{version}", label(PART_OF)),
        };
        Installation {
            bootstrapped: !label("kustomize.toolkit.fluxcd.io/namespace").is_empty(),
            managed_by: label("app.kubernetes.io/managed-by"),
            distribution,
        }
    }))
}

async fn version(cx: &mut Context<'_>) -> Result<bool, CliError> {
    match installation(cx).await {
        Ok(Some(found)) => {
            if !found.distribution.is_empty() {
                cx.io.success(&format!("distribution: {}", found.distribution))?;
            }
            cx.io.success(&format!("bootstrapped: {}", found.bootstrapped))?;
            Ok(true)
        }
        Ok(None) => {
            let text = "customresourcedefinitions.apiextensions.k8s.io \"gitrepositories.source.toolkit.fluxcd.io\" not found";
            cx.io.failure(&format!("checking failed: {text}"))?;
            Ok(false)
        }
        Err(error) => {
            cx.io.failure(&format!("checking failed: {error}"))?;
            Ok(false)
        }
    }
}

async fn controllers(matches: &Matches, cx: &mut Context<'_>) -> Result<bool, CliError> {
    let cluster = cx.cluster().await?;
    let namespace = cx.global.namespace.clone();
    let list = List::namespace(&namespace).labelled(&format!("{PART_OF}=flux"));
    let kind = GroupVersionKind::new("apps", "v1", "Deployment");
    let Ok(deployments) = cluster.list(&kind, &list).await else { return Ok(true) };
    if deployments.is_empty() {
        cx.io.failure(&format!(
            "no controllers found in the '{namespace}' namespace with the label selector '{PART_OF}=flux'"
        ))?;
        return Ok(false);
    }
    let mut good = true;
    for deployment in &deployments {
        good &= assess(deployment, matches.duration("poll-interval"), cx).await?;
        for image in crate::version::images(deployment) {
            cx.io.action(&image)?;
        }
    }
    Ok(good)
}

/// Waits until a controller is healthy.
async fn assess(
    deployment: &Object,
    poll: std::time::Duration,
    cx: &mut Context<'_>,
) -> Result<bool, CliError> {
    let cluster = cx.cluster().await?;
    let deadline = tokio::time::Instant::now() + cx.global.timeout;
    let name = deployment.name();
    let mut live = Some(deployment.clone());
    loop {
        let healthy = live
            .as_ref()
            .map(|it| flux_health::judge(it.as_value(), &now()).status == Status::Current);
        if healthy == Some(true) {
            cx.io.success(&format!("{name}: deployment ready"))?;
            return Ok(true);
        }
        let pause = poll.max(std::time::Duration::from_millis(100));
        if tokio::time::Instant::now() + pause > deadline || healthy.is_none() {
            let why = if healthy.is_none() { "not found" } else { "not ready" };
            cx.io.failure(&format!("{name}: deployment {why}"))?;
            return Ok(false);
        }
        tokio::time::sleep(pause).await;
        live = cluster.find(&Target::of(deployment)).await.ok().flatten();
    }
}

/// Waits until a Deployment is healthy; false if it is not in time.
pub(crate) async fn becomes_healthy(
    cluster: &flux_cluster::Cluster,
    target: &Target,
    deadline: tokio::time::Instant,
) -> bool {
    let list = List {
        fields: format!("metadata.name={}", target.name),
        ..List::namespace(&target.namespace)
    };
    let mut changes = cluster.watch(flux_cluster::Topic::all(target.kind.clone()).only(list));
    let healthy = async {
        loop {
            if let flux_cluster::Change::Applied { new, .. } = changes.next().await
                && flux_health::judge(new.as_value(), &now()).status == Status::Current
            {
                return;
            }
        }
    };
    tokio::time::timeout_at(deadline, healthy).await.is_ok()
}

fn now() -> flux_gostd::time::Time {
    flux_gostd::time::Time::from_unix(jiff::Timestamp::now().as_second(), 0)
}

async fn definitions(cx: &mut Context<'_>) -> Result<bool, CliError> {
    let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let list = List::all().labelled(&format!("{PART_OF}=flux"));
    let Ok(found) = cx.cluster().await?.list(&kind, &list).await else { return Ok(true) };
    if found.is_empty() {
        cx.io.failure(&format!("no crds found with the label selector '{PART_OF}=flux'"))?;
        return Ok(false);
    }
    let mut good = true;
    for definition in &found {
        let versions = definition.pointer("/status/storedVersions").and_then(Value::as_array);
        let last = versions.and_then(|it| it.last()?.as_str());
        match last {
            Some(version) => cx.io.success(&format!("{}/{version}", definition.name()))?,
            None => {
                good = false;
                cx.io.failure(&format!("no stored versions for {}", definition.name()))?;
            }
        }
    }
    Ok(good)
}
