//! `create`: makes objects from flags, prints them or writes them and waits.
//!
//! Each module turns the flags of some commands into an object, a pure function of [`Matches`] and
//! files; printing, writing and waiting stand here.

mod app;
mod image;
mod notification;
mod secret;
mod source;
mod tenant;
mod types;

use std::collections::BTreeMap;

use flux_cluster::{Target, Write};
use flux_gostd::duration::Duration;
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Map, Value, json};

use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::kind::{KINDS, Kind};
use crate::wait::{Goal, wait_for};
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::group("create", "Create or update objects")
        .long("Creates or updates objects from flags, and waits until they are reconciled; with --export they are printed instead.")
        .persistent([
            Flag::duration("interval", "how often the object is reconciled").default("1m0s"),
            Flag::bool("export", "print the object as YAML and stop"),
            Flag::list("label", "labels of the object, as key=value"),
        ])
        .child(app::kustomization_command())
        .child(app::helm_release_command())
        .child(notification::alert_command())
        .child(notification::provider_command())
        .child(notification::receiver_command())
        .child(image::command())
        .child(secret::command())
        .child(source::command())
        .child(tenant::command())
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let name = matches.name().ok_or_else(|| usage("name is required"))?.to_owned();
    if !is_object_name(&name) {
        return Err(CliError::Usage(format!(
            "name '{name}' is invalid, it should adhere to standard defined in RFC 1123, the name can only contain alphanumeric characters or '-'"
        )));
    }
    let cast = Cast { name, matches };
    match matches.path.get(1..).unwrap_or_default() {
        ["alert"] => notification::alert(&cast, cx).await,
        ["alert-provider"] => notification::provider(&cast, cx).await,
        ["receiver"] => notification::receiver(&cast, cx).await,
        ["kustomization"] => app::kustomization(&cast, cx).await,
        ["helmrelease"] => app::helm_release(&cast, cx).await,
        ["image", kind] => image::run(kind, &cast, cx).await,
        ["secret", kind] => secret::run(kind, &cast, cx).await,
        ["source", kind] => source::run(kind, &cast, cx).await,
        _ => tenant::run(&cast, cx).await,
    }?;
    Ok(Exit::SUCCESS)
}

/// Says what is wrong with the arguments.
fn usage(text: &str) -> CliError {
    CliError::Usage(text.to_owned())
}

/// Tells whether a text is a name that objects may get.
fn is_object_name(text: &str) -> bool {
    text.len() >= 2 && crate::frame::is_label(text)
}

/// What every object is made from: its name and the flags.
struct Cast<'a> {
    name: String,
    matches: &'a Matches,
}

impl Cast<'_> {
    fn is_export(&self) -> bool {
        self.matches.is_on("export")
    }

    /// Returns the interval as manifests have it.
    fn interval(&self) -> Value {
        go_duration(self.matches.duration("interval"))
    }

    /// Returns a duration flag as manifests have it, nothing if it is zero.
    fn duration(&self, flag: &str) -> Value {
        match self.matches.duration(flag) {
            time if time.is_zero() => Value::Null,
            time => go_duration(time),
        }
    }

    /// Returns a flag, nothing if it is empty.
    fn text(&self, flag: &str) -> Value {
        self.matches.some(flag).map_or(Value::Null, Value::from)
    }

    /// Returns a flag as a reference by name, nothing if it is empty.
    fn reference(&self, flag: &str) -> Value {
        self.matches.some(flag).map_or(Value::Null, |name| json!({ "name": name }))
    }

    /// Returns a flag that is on, nothing otherwise.
    fn on(&self, flag: &str) -> Value {
        if self.matches.is_on(flag) { true.into() } else { Value::Null }
    }

    /// Returns paths one a line, nothing without any.
    fn lines(&self, flag: &str) -> Value {
        match self.matches.list(flag) {
            lines if lines.is_empty() => Value::Null,
            lines => lines.join("\n").into(),
        }
    }

    /// Returns the labels.
    ///
    /// # Errors
    /// One that is not `key=value` or that Kubernetes does not allow.
    fn labels(&self) -> Result<BTreeMap<String, String>, CliError> {
        let mut labels = BTreeMap::new();
        for label in self.matches.list("label") {
            let (key, value) = match label.split('=').collect::<Vec<_>>().as_slice() {
                [key, value] => ((*key).to_owned(), (*value).to_owned()),
                _ => {
                    let text = format!("invalid label format '{label}', must be key=value");
                    return Err(CliError::Usage(text));
                }
            };
            if let Some(error) = types::qualified_name_error(&key) {
                return Err(CliError::Usage(format!("invalid label '{key}': [{error}]")));
            }
            if let Some(error) = types::label_value_error(&value) {
                return Err(CliError::Usage(format!("invalid label value '{value}': [{error}]")));
            }
            labels.insert(key, value);
        }
        Ok(labels)
    }

    /// Makes an object of a kind; what is null in `spec` is left out.
    fn object(&self, kind: &Kind, spec: Value, cx: &Context<'_>) -> Result<Object, CliError> {
        let labels = self.labels()?;
        let labels = if labels.is_empty() { Value::Null } else { json!(labels) };
        let mut value = json!({
            "apiVersion": kind.gvk().api_version(),
            "kind": kind.kind,
            "metadata": {"name": self.name, "namespace": cx.global.namespace, "labels": labels},
            "spec": spec,
        });
        prune(&mut value);
        made(value)
    }
}

/// Makes an object of a value that is one.
fn made(value: Value) -> Result<Object, CliError> {
    Object::try_from(value).map_err(|error| CliError::Failed(error.to_string()))
}

/// Writes a duration as Go does.
fn go_duration(time: std::time::Duration) -> Value {
    let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    Duration::from_nanos(nanos).to_string().into()
}

/// Leaves out what is null.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, it| !it.is_null());
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

/// Prints an object as a document.
pub(crate) fn print_export(object: &Value, cx: &mut Context<'_>) -> Result<(), CliError> {
    cx.io.data(&format!("---\n{}", flux_yaml::to_string(object)))
}

/// Finds a kind by its name.
fn kind_named(name: &str) -> Result<&'static Kind, CliError> {
    let found = KINDS.iter().copied().find(|kind| kind.kind == name);
    found.ok_or_else(|| CliError::Failed(format!("unknown kind {name}")))
}

/// The words around writing an object.
struct Words<'a> {
    /// What is being written, such as `GitRepository source`.
    subject: &'a str,
    /// What was written, such as `source`.
    written: &'a str,
}

/// Says that an object is written, writes it, and waits until it is reconciled.
async fn apply_and_wait(
    object: &Object,
    words: &Words<'_>,
    cx: &mut Context<'_>,
) -> Result<Object, CliError> {
    cx.io.action(&format!("applying {}", words.subject))?;
    let stored = upsert(object, cx).await?;
    cx.io.success(&format!("{} {}", words.written, stored.done()))?;
    cx.io.waiting(&format!("waiting for {} reconciliation", words.subject))?;
    wait_for(Goal::ready(Target::of(object)), cx).await
}

/// What became of an object that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    Created,
    Updated,
}

impl Stored {
    fn done(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
        }
    }
}

/// Creates an object, or replaces labels and spec of one that is there.
async fn upsert(object: &Object, cx: &mut Context<'_>) -> Result<Stored, CliError> {
    let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
    let cluster = cx.cluster().await?;
    let write = Write::by("flux");
    let Some(mut existing) = cluster.find(&Target::of(object)).await.map_err(fail)? else {
        cluster.create(object, &write).await.map_err(fail)?;
        return Ok(Stored::Created);
    };
    replace(&mut existing, object, "/metadata/labels", |fields, labels| {
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            set(metadata, "labels", labels);
        }
    });
    replace(&mut existing, object, "/spec", |fields, spec| set(fields, "spec", spec));
    cluster.update(&existing, &write).await.map_err(fail)?;
    Ok(Stored::Updated)
}

fn replace(
    existing: &mut Object,
    object: &Object,
    pointer: &str,
    change: impl FnOnce(&mut Map<String, Value>, Option<Value>),
) {
    let value = object.pointer(pointer).cloned();
    existing.edit(|fields| change(fields, value));
}

fn set(fields: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => fields.insert(key.to_owned(), value),
        None => fields.remove(key),
    };
}

/// Creates a Secret, or replaces its texts and adds labels and annotations.
async fn upsert_secret(secret: &Object, cx: &mut Context<'_>) -> Result<(), CliError> {
    let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
    let cluster = cx.cluster().await?;
    let write = Write::by("flux");
    let target =
        Target::new(GroupVersionKind::new("", "v1", "Secret"), secret.namespace(), secret.name());
    let Some(mut existing) = cluster.find(&target).await.map_err(fail)? else {
        return cluster.create(secret, &write).await.map(drop).map_err(fail);
    };
    let texts = secret.pointer("/stringData").cloned();
    existing.edit(|fields| set(fields, "stringData", texts));
    for part in ["annotations", "labels"] {
        let added = secret.pointer(&format!("/metadata/{part}")).and_then(Value::as_object);
        let added = added.cloned().unwrap_or_default();
        existing.edit(|fields| {
            let metadata = fields.get_mut("metadata").and_then(Value::as_object_mut);
            if let Some(metadata) = metadata.filter(|_| !added.is_empty()) {
                let kept = metadata.entry(part).or_insert_with(|| json!({}));
                kept.as_object_mut().into_iter().for_each(|kept| kept.extend(added.clone()));
            }
        });
    }
    cluster.update(&existing, &write).await.map(drop).map_err(fail)
}

/// Reads a file of the working directory.
fn read(path: &str, what: &str, cx: &Context<'_>) -> Result<String, CliError> {
    let full = cx.environment.directory.join(path);
    let bytes = std::fs::read(&full)
        .map_err(|error| CliError::Failed(format!("{what}: {}", go_error(path, &error))))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Says why a file cannot be opened, as Go does.
pub(crate) fn go_error(path: &str, error: &std::io::Error) -> String {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => return format!("read {path}: is a directory"),
        std::io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => error.to_string(),
    };
    format!("open {path}: {why}")
}
