//! `trace`: from an object back to the source that it comes from.

use std::fmt::Write as _;

use flux_cluster::Target;
use flux_manifest::{GroupVersionKind, Object};
use serde_json::Value;

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::get::{condition, plain};
use crate::kind::{HELM_RELEASE, KINDS, KUSTOMIZATION, Kind};
use crate::{CliError, Exit};

/// The titles of blocks are this wide below a Kustomization.
const WIDE: usize = 17;
/// The titles of blocks are this wide below a HelmRelease.
const NARROW: usize = 16;

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("trace", "Print where an object comes from")
        .operands("<resource> <name> [<name> ...]")
        .long("Prints which Kustomization or HelmRelease has applied an object, from which source and revision.")
        .example("  # Trace a Deployment\n  flux trace -n apps deployment my-app\n\n  # Trace several objects\n  flux trace -n apps deployment/my-app service/my-app\n\n  # Trace an object of a certain version\n  flux trace podinfo --kind=HelmRelease --api-version=helm.toolkit.fluxcd.io/v2 -n apps")
        .flag(Flag::text("kind", "kind of the object"))
        .flag(Flag::text("api-version", "group and version of the object, such as apps/v1"))
}

/// Runs the command; an object that cannot be traced is told and no failure.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let named = matches.some("kind").is_some() || matches.some("api-version").is_some();
    let objects = match named {
        true => vec![by_kind(matches, cx).await?],
        false => by_words(&matches.arguments, cx).await?,
    };
    let last = objects.len().saturating_sub(1);
    for (n, object) in objects.iter().enumerate() {
        match trace(object, cx).await {
            Ok(report) => cx.io.data(&report)?,
            Err(error) => {
                let (kind, name, namespace) = (object.kind(), object.name(), object.namespace());
                cx.io.notice(&format!(
                    "failed to trace {kind}/{name} in namespace {namespace}: {error}"
                ))?;
            }
        }
        if n < last {
            cx.io.data("---\n")?;
        }
    }
    Ok(Exit::SUCCESS)
}

fn usage(text: &str) -> CliError {
    CliError::Usage(text.to_owned())
}

async fn by_kind(matches: &Matches, cx: &mut Context<'_>) -> Result<Object, CliError> {
    let name = matches.name().ok_or_else(|| usage("object name is required"))?;
    let kind = matches.some("kind").ok_or_else(|| usage("object kind is required (--kind)"))?;
    let version = matches.some("api-version");
    let version = version.ok_or_else(|| usage("object apiVersion is required (--api-version)"))?;
    let cluster = cx.cluster().await?;
    let mut gvk = GroupVersionKind::from_api_version(version, kind);
    // The name of a kind may be written in small letters; the server's list knows how it is.
    if cluster.resolve(&gvk).await.is_err() {
        let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
        let all = cluster.api_resources().await.map_err(fail)?;
        let like = all.into_iter().find(|it| {
            it.group == gvk.group && it.version == gvk.version && it.kind.eq_ignore_ascii_case(kind)
        });
        gvk = like.map_or(gvk, |it| GroupVersionKind::new(&it.group, &it.version, &it.kind));
    }
    let mut object = read(Target::new(gvk, &cx.global.namespace, name), cx)
        .await
        .map_err(|error| CliError::Cluster(format!("failed to find object: {error}")))?;
    // The kind is shown as it was asked for.
    object.edit(|fields| fields.insert("kind".to_owned(), kind.into()));
    Ok(object)
}

/// Finds objects by `resource name…` or `resource/name…`.
async fn by_words(words: &[String], cx: &mut Context<'_>) -> Result<Vec<Object>, CliError> {
    let wrong =
        || usage("either `<resource>/<name>` or `<resource> <name>` is required as an argument");
    let mut pairs = Vec::new();
    if words.iter().all(|word| word.contains('/')) {
        pairs.extend(words.iter().filter_map(|word| word.split_once('/')));
    } else if let Some((kind, names)) = words.split_first() {
        pairs.extend(names.iter().map(|name| (kind.as_str(), name.as_str())));
    }
    if pairs.is_empty() {
        return Err(wrong());
    }
    let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
    let known = cx.cluster().await?.api_resources().await.map_err(fail)?;
    let mut objects = Vec::new();
    for (word, name) in pairs {
        let (plain, group) = word.split_once('.').unwrap_or((word, ""));
        let word = plain.to_lowercase();
        let found = known.iter().find(|it| {
            let named = it.plural == word
                || it.singular == word
                || it.kind.to_lowercase() == word
                || it.short_names.contains(&word);
            named && (group.is_empty() || it.group == group || group.ends_with(&it.group))
        });
        let found = found.ok_or_else(|| {
            CliError::Failed(format!("the server doesn't have a resource type \"{plain}\""))
        })?;
        let namespace = if found.namespaced { cx.global.namespace.as_str() } else { "" };
        let gvk = GroupVersionKind::new(&found.group, &found.version, &found.kind);
        let target = Target::new(gvk, namespace, name);
        objects.push(read(target, cx).await?);
    }
    Ok(objects)
}

async fn read(target: Target, cx: &mut Context<'_>) -> Result<Object, CliError> {
    let found = cx.cluster().await?.get(&target).await;
    found.map_err(|error| CliError::Cluster(error.to_string()))
}

async fn trace(object: &Object, cx: &mut Context<'_>) -> Result<String, CliError> {
    for (kind, width) in [(&KUSTOMIZATION, WIDE), (&HELM_RELEASE, NARROW)] {
        if let Some((namespace, name)) = manager(object, kind.group, cx).await {
            let target = Target::new(kind.gvk(), &namespace, &name);
            let managed = read(target, cx).await.map_err(|error| {
                let word = if kind.word == "kustomization" { "kustomization" } else { kind.kind };
                CliError::Failed(format!("failed to find {word}: {error}"))
            })?;
            let mut report = Report { text: "\n".to_owned(), width };
            report.object(object);
            match width {
                WIDE => report.kustomization(&managed, cx).await?,
                _ => report.helm_release(&managed, cx).await?,
            }
            return Ok(report.text);
        }
    }
    Err(CliError::Failed("object not managed by Flux".to_owned()))
}

/// Finds who applied an object, or the owner that it has.
async fn manager(object: &Object, group: &str, cx: &mut Context<'_>) -> Option<(String, String)> {
    let mut current = object.clone();
    // Chains of owners are short; one that is not ends somewhere.
    for _ in 0..32 {
        let label = |key: &str| current.label(&format!("{group}/{key}")).map(str::to_owned);
        if let Some(name) = label("name").filter(|name| !name.is_empty()) {
            return Some((label("namespace").unwrap_or_default(), name));
        }
        let owners = current.pointer("/metadata/ownerReferences")?.as_array()?.clone();
        let mut next = None;
        for owner in &owners {
            let field = |key: &str| owner.get(key).and_then(Value::as_str).unwrap_or_default();
            let gvk = GroupVersionKind::from_api_version(field("apiVersion"), field("kind"));
            let namespace = current.namespace().to_owned();
            let found = read(Target::new(gvk, &namespace, field("name")), cx).await.ok()?;
            let managed = found.label(&format!("{group}/name")).is_some();
            let owned = found.pointer("/metadata/ownerReferences").is_some();
            if managed || owned {
                next = Some(found);
                break;
            }
        }
        current = next?;
    }
    None
}

/// A report in the making.
struct Report {
    text: String,
    width: usize,
}

impl Report {
    fn line(&mut self, title: &str, value: &str) {
        let width = self.width;
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{:<width$}{value}", format!("{title}:"));
    }

    /// Writes a line if the object has something at a pointer.
    fn field(&mut self, title: &str, object: &Object, pointer: &str) {
        if let Some(text) = object.pointer(pointer).map(plain).filter(|text| !text.is_empty()) {
            self.line(title, &text);
        }
    }

    fn object(&mut self, object: &Object) {
        self.line("Object", &format!("{}/{}", object.kind(), object.name()));
        if !object.namespace().is_empty() {
            let namespace = object.namespace().to_owned();
            self.line("Namespace", &namespace);
        }
        self.line("Status", "Managed by Flux");
    }

    fn begin(&mut self, object: &Object) {
        self.text.push_str("---\n");
        self.line(object.kind(), object.name());
        self.line("Namespace", object.namespace());
    }

    /// Writes how an object stands; sources tell a failure by its own words.
    fn ready(&mut self, object: &Object, tells_failure: bool) {
        let Some(ready) = condition(object, "Ready") else {
            self.line("Status", "Unknown");
            return;
        };
        let field = |key: &str| ready.get(key).map(plain).unwrap_or_default();
        let failed = tells_failure && field("status") == "False";
        let words = if failed { "Last reconciliation failed at" } else { "Last reconciled at" };
        let time = local_time(&field("lastTransitionTime"));
        self.line("Status", &format!("{words} {time}"));
        self.line("Message", &field("message"));
    }

    async fn kustomization(
        &mut self,
        object: &Object,
        cx: &mut Context<'_>,
    ) -> Result<(), CliError> {
        let text = |pointer: &str| object.pointer(pointer).map(plain).unwrap_or_default();
        self.begin(object);
        self.field("Target", object, "/spec/targetNamespace");
        self.line("Path", &text("/spec/path"));
        self.line("Revision", &text("/status/lastAppliedRevision"));
        self.ready(object, false);
        let wanted = ["GitRepository", "OCIRepository", "ExternalArtifact"];
        if let Some(source) = referenced(object, "/spec/sourceRef", &wanted, cx).await? {
            self.source(&source, true)?;
        }
        Ok(())
    }

    async fn helm_release(
        &mut self,
        object: &Object,
        cx: &mut Context<'_>,
    ) -> Result<(), CliError> {
        let text = |pointer: &str| object.pointer(pointer).map(plain).unwrap_or_default();
        self.begin(object);
        self.field("Target", object, "/spec/targetNamespace");
        self.line("Revision", &text("/status/lastAttemptedRevision"));
        self.ready(object, false);
        if let Some((namespace, name)) = text("/status/helmChart").split_once('/') {
            let target = Target::new(crate::kind::HELM_CHART.gvk(), namespace, name);
            let chart = read(target, cx)
                .await
                .map_err(|error| CliError::Failed(format!("failed to find HelmChart: {error}")))?;
            self.chart(&chart);
        }
        let (pointer, wanted) = match object.pointer("/spec/chart") {
            Some(_) => ("/spec/chart/spec/sourceRef", ["GitRepository", "HelmRepository"]),
            None => ("/spec/chartRef", ["OCIRepository", "ExternalArtifact"]),
        };
        if let Some(source) = referenced(object, pointer, &wanted, cx).await? {
            // The original aligns each kind of source in its own way.
            self.width = match source.kind() {
                "GitRepository" => 15,
                "HelmRepository" => NARROW,
                _ => WIDE,
            };
            self.source(&source, false)?;
        }
        Ok(())
    }

    fn chart(&mut self, chart: &Object) {
        let text = |pointer: &str| chart.pointer(pointer).map(plain).unwrap_or_default();
        self.begin(chart);
        self.line("Chart", &text("/spec/chart"));
        self.line("Version", &text("/spec/version"));
        self.field("Revision", chart, "/status/artifact/revision");
        self.ready(chart, false);
    }

    fn source(&mut self, source: &Object, shows_origin: bool) -> Result<(), CliError> {
        let text = |pointer: &str| source.pointer(pointer).map(plain).unwrap_or_default();
        self.begin(source);
        match source.kind() {
            "ExternalArtifact" => {
                if source.pointer("/spec/sourceRef").is_none() {
                    return Err(CliError::Failed(format!(
                        "ExternalArtifact {}/{} is missing spec.sourceRef",
                        source.namespace(),
                        source.name(),
                    )));
                }
                let part = |key: &str| text(&format!("/spec/sourceRef/{key}"));
                let of = format!("{}/{}/{}", part("kind"), part("namespace"), part("name"));
                self.line("Source", &of);
            }
            _ => {
                self.line("URL", &text("/spec/url"));
                self.reference(source);
            }
        }
        self.field("Revision", source, "/status/artifact/revision");
        if shows_origin && source.kind() != "GitRepository" {
            let metadata = "/status/artifact/metadata/org.opencontainers.image.";
            self.field("Origin Revision", source, &format!("{metadata}revision"));
            self.field("Origin Source", source, &format!("{metadata}source"));
        }
        self.ready(source, source.kind() != "HelmRepository");
        Ok(())
    }

    fn reference(&mut self, source: &Object) {
        let order: &[(&str, &str)] = match source.kind() {
            "GitRepository" => &[("Tag", "tag"), ("Tag", "semver"), ("Branch", "branch")],
            "OCIRepository" => &[("Tag", "tag"), ("Tag", "semver"), ("Digest", "digest")],
            _ => &[],
        };
        let pointer = |field: &str| format!("/spec/ref/{field}");
        let set =
            |field: &str| source.pointer(&pointer(field)).map(plain).filter(|it| !it.is_empty());
        if let Some((title, value)) = order.iter().find_map(|(title, it)| Some((*title, set(it)?)))
        {
            self.line(title, &value);
        }
    }
}

/// Reads the source that a reference names, if it is of a kind that is shown.
async fn referenced(
    object: &Object,
    pointer: &str,
    wanted: &[&str],
    cx: &mut Context<'_>,
) -> Result<Option<Object>, CliError> {
    let text =
        |key: &str| object.pointer(&format!("{pointer}/{key}")).map(plain).unwrap_or_default();
    let word = text("kind");
    let kind: Option<&Kind> =
        KINDS.iter().copied().find(|kind| kind.kind == word && wanted.contains(&kind.kind));
    let Some(kind) = kind else { return Ok(None) };
    let namespace = match text("namespace") {
        namespace if namespace.is_empty() => object.namespace().to_owned(),
        namespace => namespace,
    };
    let found = read(Target::new(kind.gvk(), &namespace, &text("name")), cx).await;
    let found = found
        .map_err(|error| CliError::Failed(format!("failed to find {}: {error}", kind.kind)))?;
    Ok(Some(found))
}

/// Shows a time as Go prints it, in the zone of this machine.
pub(crate) fn local_time(text: &str) -> String {
    let Ok(time) = text.parse::<jiff::Timestamp>() else { return text.to_owned() };
    let time = time.to_zoned(jiff::tz::TimeZone::system());
    time.strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
}
