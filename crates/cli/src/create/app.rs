//! `create kustomization` and `create helmrelease`.

use serde_json::{Value, json};

use super::types::{
    CHART_REFERENCES, CHART_SOURCE, CRDS_POLICY, DECRYPTION, KUSTOMIZATION_SOURCE, SAFE_PATH, fold,
    kind_name, kind_name_namespace,
};
use super::{Cast, Words, apply_and_wait, go_duration, print_export, usage};
use crate::CliError;
use crate::cobra::{Command, Flag};
use crate::context::Context;
use crate::kind::{HELM_RELEASE, KUSTOMIZATION};
use crate::wait::success_line;
use crate::words::names_of;

/// Kinds whose health a Kustomization can be told to check by flag.
const HEALTH_CHECKS: [&str; 4] = ["Deployment", "DaemonSet", "StatefulSet", "HelmRelease"];

/// Describes `create kustomization`.
pub(super) fn kustomization_command() -> Command {
    Command::leaf("kustomization", "Create or update a Kustomization")
        .operands("[name]")
        .alias(&["ks"])
        .complete(names_of(&KUSTOMIZATION))
        .example("  # Apply a directory of a source and remove what it no longer holds\n  flux create kustomization podinfo --source=GitRepository/podinfo --path=./deploy --prune=true --interval=10m\n\n  # Print one that waits for another\n  flux create kustomization backend --depends-on=common --source=webapp --path=./deploy/backend --export")
        .flags([
            Flag::custom("source", KUSTOMIZATION_SOURCE, "source of the manifests as [<kind>/]<name>.<namespace>, the kind one of OCIRepository, GitRepository, Bucket; GitRepository by default"),
            Flag::custom("path", SAFE_PATH, "directory of the source to build").default("./"),
            Flag::bool("prune", "delete objects that the source no longer holds"),
            Flag::bool("wait", "check the health of everything that is applied"),
            Flag::list("health-check", "objects whose health is checked, as <kind>/<name>.<namespace>"),
            Flag::duration("health-check-timeout", "how long objects may take to be healthy").default("2m0s"),
            Flag::text("validation", "how manifests are validated").deprecated("this arg is no longer used, all resources are validated using server-side apply dry-run"),
            Flag::list("depends-on", "Kustomizations that must be Ready before, as <name> or <namespace>/<name>"),
            Flag::text("service-account", "service account to apply as"),
            Flag::custom("decryption-provider", DECRYPTION, "who decrypts: sops"),
            Flag::text("decryption-secret", "name of a Secret with the keys to decrypt with"),
            Flag::text("target-namespace", "namespace of all objects instead of their own"),
            Flag::text("kubeconfig-secret-ref", "name of a Secret with the kubeconfig of another cluster"),
            Flag::duration("retry-interval", "how long to wait before a failure is retried"),
        ])
}

/// Describes `create helmrelease`.
pub(super) fn helm_release_command() -> Command {
    Command::leaf("helmrelease", "Create or update a HelmRelease")
        .operands("[name]")
        .alias(&["hr"])
        .complete(names_of(&HELM_RELEASE))
        .example("  # Install a chart of a repository\n  flux create helmrelease podinfo --source=HelmRepository/podinfo --chart=podinfo --chart-version='>4.0.0' --interval=10m\n\n  # Print one with values from a file\n  flux create helmrelease podinfo --source=HelmRepository/podinfo --chart=podinfo --values=./values.yaml --export")
        .flags([
            Flag::text("release-name", "name of the Helm release; made from namespace and name by default"),
            Flag::custom("source", CHART_SOURCE, "source of the chart as <kind>/<name>.<namespace>, the kind one of HelmRepository, GitRepository, Bucket"),
            Flag::text("chart", "name or path of the chart"),
            Flag::text("chart-version", "version of the chart or a range; of no effect for charts from GitRepositories"),
            Flag::text("chart-ref", "chart that is there, as <kind>/<name>.<namespace>, the kind one of OCIRepository, HelmChart"),
            Flag::duration("chart-interval", "how often to look for new versions of the chart"),
            Flag::list("depends-on", "HelmReleases that must be Ready before, as <name> or <namespace>/<name>"),
            Flag::text("target-namespace", "namespace to install into instead of its own"),
            Flag::text("storage-namespace", "namespace to keep the release in; the target namespace by default"),
            Flag::bool("create-target-namespace", "create the target namespace if it is missing"),
            Flag::text("service-account", "service account to install as"),
            Flag::text("reconcile-strategy", "when there is a new chart: ChartVersion or Revision").default("ChartVersion"),
            Flag::list("values", "files with values; later ones win"),
            Flag::list("values-from", "objects with values, as <kind>/<name>, the kind one of Secret, ConfigMap"),
            Flag::custom("crds", CRDS_POLICY, "what an upgrade does with definitions"),
            Flag::text("kubeconfig-secret-ref", "name of a Secret with the kubeconfig of another cluster"),
        ])
}

/// Returns references such as `name` or `namespace/name`.
fn depends_on(cast: &Cast<'_>) -> Value {
    let references: Vec<Value> = cast
        .matches
        .list("depends-on")
        .iter()
        .map(|text| match text.split('/').collect::<Vec<_>>().as_slice() {
            [namespace, name] => json!({"namespace": namespace, "name": name}),
            _ => json!({ "name": text }),
        })
        .collect();
    if references.is_empty() { Value::Null } else { references.into() }
}

fn kube_config(cast: &Cast<'_>) -> Value {
    match cast.matches.some("kubeconfig-secret-ref") {
        Some(name) => json!({"secretRef": {"name": name}}),
        None => Value::Null,
    }
}

fn some(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

/// Runs `create kustomization`.
pub(super) async fn kustomization(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let source = flags.some("source").ok_or_else(|| usage("source is required"))?;
    if !cast.is_export() {
        cx.io.generate("generating Kustomization")?;
    }
    let (kind, name, namespace) = kind_name_namespace(source);
    let wait = flags.is_on("wait");
    let checks = if wait { Value::Null } else { health_checks(&flags.list("health-check"))? };
    let timed = wait || !checks.is_null();
    let decryption = flags.some("decryption-provider").map_or(
        Value::Null,
        |provider| json!({"provider": provider, "secretRef": cast.reference("decryption-secret")}),
    );
    let spec = json!({
        "interval": cast.interval(),
        "path": flags.text("path"),
        "prune": flags.is_on("prune"),
        "sourceRef": {"kind": kind, "name": name, "namespace": some(namespace)},
        "targetNamespace": cast.text("target-namespace"),
        "dependsOn": depends_on(cast),
        "kubeConfig": kube_config(cast),
        "healthChecks": checks,
        "wait": cast.on("wait"),
        "timeout": if timed { go_duration(flags.duration("health-check-timeout")) } else { Value::Null },
        "serviceAccountName": cast.text("service-account"),
        "decryption": decryption,
        "retryInterval": cast.duration("retry-interval"),
    });
    let object = cast.object(&KUSTOMIZATION, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    let words = Words { subject: "Kustomization", written: "Kustomization" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    cx.io.success(&format!("Kustomization {} is ready", cast.name))?;
    cx.io.success(&success_line(&KUSTOMIZATION, &ready))
}

fn health_checks(texts: &[String]) -> Result<Value, CliError> {
    let mut checks = Vec::new();
    for text in texts {
        let parts: Vec<&str> = text.split('/').collect();
        let [kind, object] = parts.as_slice() else {
            let shown = parts.join(" ");
            return Err(CliError::Usage(format!(
                "invalid health check '{text}' must be in the format 'kind/name.namespace' [{shown}]"
            )));
        };
        if !HEALTH_CHECKS.contains(kind) {
            return Err(CliError::Usage(format!(
                "invalid health check kind '{kind}' can be HelmRelease, Deployment, DaemonSet or StatefulSet"
            )));
        }
        let [name, namespace] = object.split('.').collect::<Vec<_>>()[..] else {
            return Err(CliError::Usage(format!(
                "invalid health check '{text}' must be in the format 'kind/name.namespace'"
            )));
        };
        let version = if *kind == "HelmRelease" {
            HELM_RELEASE.gvk().api_version().into()
        } else {
            Value::Null
        };
        checks.push(
            json!({"apiVersion": version, "kind": kind, "name": name, "namespace": namespace}),
        );
    }
    Ok(if checks.is_empty() { Value::Null } else { checks.into() })
}

/// Runs `create helmrelease`.
pub(super) async fn helm_release(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    match (flags.some("chart"), flags.some("chart-ref")) {
        (None, None) => return Err(usage("chart or chart-ref is required")),
        (Some(_), Some(_)) => {
            return Err(usage("cannot use --chart in combination with --chart-ref"));
        }
        _ => {}
    }
    let strategy = flags.text("reconcile-strategy");
    cast.labels()?;
    if !cast.is_export() {
        cx.io.generate("generating HelmRelease")?;
    }
    if !matches!(strategy, "Revision" | "ChartVersion") {
        return Err(CliError::Usage(format!(
            "'{strategy}' is an invalid reconcile strategy(valid: Revision, ChartVersion)"
        )));
    }
    let storage = match flags.text("storage-namespace") {
        "" => cast.text("target-namespace"),
        namespace => namespace.into(),
    };
    let (chart, chart_ref) = chart(cast)?;
    let crds = flags.some("crds");
    let created = flags.is_on("create-target-namespace");
    let install = json!({
        "createNamespace": cast.on("create-target-namespace"),
        "crds": crds.map_or(Value::Null, |_| "Create".into()),
    });
    let spec = json!({
        "releaseName": cast.text("release-name"),
        "interval": cast.interval(),
        "targetNamespace": cast.text("target-namespace"),
        "storageNamespace": storage,
        "dependsOn": depends_on(cast),
        "chart": chart,
        "chartRef": chart_ref,
        "kubeConfig": kube_config(cast),
        "install": if created || crds.is_some() { install } else { Value::Null },
        "serviceAccountName": cast.text("service-account"),
        "upgrade": crds.map_or(Value::Null, |policy| json!({"crds": policy})),
        "valuesFrom": values_from(&flags.list("values-from"))?,
    });
    let mut object = cast.object(&HELM_RELEASE, spec, cx)?;
    if let Some(values) = values(&flags.list("values"), cx)? {
        // Values keep their nulls, which remove a chart's defaults.
        object.edit(|fields| {
            if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
                spec.insert("values".to_owned(), values);
            }
        });
    }
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    let words = Words { subject: "HelmRelease", written: "HelmRelease" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    cx.io.success(&format!("HelmRelease {} is ready", cast.name))?;
    cx.io.success(&success_line(&HELM_RELEASE, &ready))
}

/// Returns `chart` and `chartRef`, one of them null.
fn chart(cast: &Cast<'_>) -> Result<(Value, Value), CliError> {
    let flags = cast.matches;
    if let Some(chart) = flags.some("chart") {
        let (kind, name, namespace) = kind_name_namespace(flags.text("source"));
        let spec = json!({
            "chart": chart,
            "version": cast.text("chart-version"),
            "sourceRef": {"kind": some(kind), "name": name, "namespace": some(namespace)},
            "reconcileStrategy": cast.text("reconcile-strategy"),
            "interval": cast.duration("chart-interval"),
        });
        return Ok((json!({ "spec": spec }), Value::Null));
    }
    let (kind, name, namespace) = kind_name_namespace(flags.text("chart-ref"));
    if !CHART_REFERENCES.contains(&kind) {
        return Err(CliError::Usage(format!(
            "chart reference kind '{kind}' is not supported, must be one of: {}",
            CHART_REFERENCES.join(", ")
        )));
    }
    Ok((Value::Null, json!({"kind": kind, "name": name, "namespace": some(namespace)})))
}

fn values_from(texts: &[String]) -> Result<Value, CliError> {
    let mut found = Vec::new();
    for text in texts {
        let (kind, name) = kind_name(text);
        if kind.is_empty() {
            return Err(CliError::Usage(format!(
                "invalid Kubernetes object reference '{text}', must be in format <kind>/<name>"
            )));
        }
        let clean = fold(&["Secret", "ConfigMap"], kind).ok_or_else(|| {
            CliError::Usage(format!(
                "reference kind '{kind}' is not supported, must be one of: Secret, ConfigMap"
            ))
        })?;
        found.push(json!({"kind": clean, "name": name}));
    }
    Ok(if found.is_empty() { Value::Null } else { found.into() })
}

/// Reads and merges files with values.
fn values(paths: &[String], cx: &Context<'_>) -> Result<Option<Value>, CliError> {
    let mut merged = json!({});
    for path in paths {
        let text = super::read(path, &format!("reading values from {path} failed"), cx)?;
        let value = flux_yaml::from_str(&text).map_err(|error| {
            CliError::Failed(format!("converting values to JSON from {path} failed: {error}"))
        })?;
        match value {
            Value::Null => {}
            Value::Object(_) => merge(&mut merged, value),
            _ => {
                let text = format!("unmarshaling values from {path} failed: not a map of values");
                return Err(CliError::Failed(text));
            }
        }
    }
    Ok(if paths.is_empty() { None } else { Some(merged) })
}

/// Merges maps; what is no map is replaced.
fn merge(target: &mut Value, source: Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => {
            for (key, value) in source {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, source) => *target = source,
    }
}
