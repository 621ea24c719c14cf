//! `events`: what controllers said of Flux objects.

mod rows;

use flux_cluster::{Change, List, Topic};
use flux_manifest::{GroupVersionKind, Object};

use self::rows::{Row, concerns, last_seen};
use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;
use crate::frame::shared;
use crate::kind::KINDS;
use crate::table::table;
use crate::{CliError, Exit};

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("events", "Print events of Flux objects")
        .long("Prints the Kubernetes events of Flux objects, the latest last.")
        .example("  # Print the events of a namespace\n  flux events -n my-namespace\n\n  # Print those of an object and of what it is made from\n  flux events --for Kustomization/podinfo")
        .flag(shared::all_namespaces("print the events of all namespaces"))
        .flag(Flag::bool("watch", "print events as they come").short('w'))
        .flag(Flag::text("for", "object whose events are printed: Kind or Kind/name"))
        .flag(Flag::list("types", "types of events to print: Normal, Warning"))
}

/// What is asked for.
struct Query {
    every_namespace: bool,
    /// Kind and, perhaps, name of the object.
    object: Option<(String, String)>,
    types: Vec<String>,
}

impl Query {
    fn read(matches: &Matches) -> Result<Self, CliError> {
        let types = matches.list("types");
        if types.iter().any(|it| !matches!(it.as_str(), "Normal" | "Warning")) {
            return Err(CliError::Usage(format!(
                "type must be one of Normal, Warning, got {}",
                types.join(",")
            )));
        }
        let object = matches.some("for").map(kind_and_name).transpose()?;
        Ok(Self { every_namespace: matches.is_on("all-namespaces"), object, types })
    }

    fn wants(&self, event: &Object) -> bool {
        let object = self.object.as_ref();
        let kind = object.map(|(kind, _)| kind.as_str());
        let name = object.map(|(_, name)| name.as_str()).filter(|name| !name.is_empty());
        let typed = event.pointer("/type").and_then(serde_json::Value::as_str).unwrap_or_default();
        concerns(event, kind, name)
            && (self.types.is_empty() || self.types.iter().any(|it| it == typed))
    }
}

fn kind_and_name(text: &str) -> Result<(String, String), CliError> {
    let (kind, name) = text.split_once('/').unwrap_or((text, ""));
    let found = KINDS.iter().find(|it| it.kind.eq_ignore_ascii_case(kind));
    let found = found.ok_or_else(|| CliError::Usage(format!("kind {kind} is not a Flux kind")))?;
    Ok((found.kind.to_owned(), name.to_owned()))
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let query = Query::read(matches)?;
    let namespace = cx.global.namespace.clone();
    let list = if query.every_namespace { List::all() } else { List::namespace(&namespace) };
    let kind = GroupVersionKind::new("", "v1", "Event");
    if matches.is_on("watch") {
        return watch(&query, kind, list, cx).await;
    }
    let events = cx.cluster().await?.list(&kind, &list).await;
    let events = events.map_err(|error| CliError::Cluster(error.to_string()))?;
    let mut wanted: Vec<&Object> = events.iter().filter(|event| query.wants(event)).collect();
    if wanted.is_empty() {
        let text = match (&query.object, query.every_namespace) {
            (Some((kind, name)), _) if !name.is_empty() => {
                format!("No events found for object {kind}/{name} in {namespace} namespace")
            }
            (_, true) => "No events found.".to_owned(),
            (_, false) => format!("No events found in {namespace} namespace."),
        };
        cx.io.failure(&text)?;
        return Ok(Exit::SUCCESS);
    }
    wanted.sort_by_key(|event| last_seen(event));
    let now = jiff::Timestamp::now();
    let rows: Vec<_> =
        wanted.iter().map(|it| Row::of(it).cells(now, query.every_namespace)).collect();
    cx.io.data(&table(rows::header(query.every_namespace), &rows))?;
    Ok(Exit::SUCCESS)
}

/// Prints events as they come until the time is over.
async fn watch(
    query: &Query,
    kind: GroupVersionKind,
    list: List,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let mut changes = cx.cluster().await?.watch(Topic::all(kind).only(list));
    let deadline = tokio::time::Instant::now() + cx.global.timeout;
    let mut titles = rows::header(query.every_namespace);
    while let Ok(change) = tokio::time::timeout_at(deadline, changes.next()).await {
        let Change::Applied { new: event, .. } = change else { continue };
        if query.wants(&event) {
            let cells = Row::of(&event).cells(jiff::Timestamp::now(), query.every_namespace);
            cx.io.data(&table(titles, &[cells]))?;
            titles = &[];
        }
    }
    Ok(Exit::SUCCESS)
}
