//! `get`: tables of objects and how they stand.

mod rows;
#[cfg(test)]
mod tests;

use flux_cluster::{Change, List, Topic};
use flux_manifest::Object;
use serde_json::{Value, json};

use self::rows::{Layout, StatusSelector, header, row};
pub(crate) use self::rows::{condition, is_static, is_suspended, plain};
use crate::cobra::{Command, Flag, Matches};
use crate::context::{Context, not_found};
use crate::frame::shared;
use crate::kind::{self, Family, KINDS, Kind};
use crate::table::table;
use crate::tree::pretty_json;
use crate::words::{Words, with_kinds};
use crate::{CliError, Exit};

/// The order of the tables of `get all`.
static ALL: &[&Kind] = &[
    &kind::OCI_REPOSITORY,
    &kind::BUCKET,
    &kind::GIT_REPOSITORY,
    &kind::HELM_REPOSITORY,
    &kind::HELM_CHART,
    &kind::EXTERNAL_ARTIFACT,
    &kind::IMAGE_REPOSITORY,
    &kind::IMAGE_POLICY,
    &kind::IMAGE_UPDATE,
    &kind::HELM_RELEASE,
    &kind::KUSTOMIZATION,
    &kind::RECEIVER,
    &kind::PROVIDER,
    &kind::ALERT,
];

/// Describes the command.
pub(crate) fn command() -> Command {
    let verb = Command::group("get", "Print objects and how they stand")
        .long("Prints objects and how they stand as a table, as JSON or as YAML.")
        .persistent(flags());
    let mut command = with_kinds(verb, KINDS, Words::Plural, of_kind);
    for group in &mut command.children {
        let family =
            [Family::Source, Family::Image].into_iter().find(|it| it.plural() == group.name);
        if let Some(family) = family {
            let short = format!("Print all {} objects", family.word());
            let example =
                format!("  # Print the {0} objects of a namespace\n  flux get {0} all", group.name);
            group.children.push(Command::leaf("all", &short).example(&example));
        }
    }
    let example = "  # Print the objects of a namespace\n  flux get all\n\n  # Print everything that is not Ready\n  flux get all -A --status-selector ready=false";
    command.child(Command::leaf("all", "Print all objects").example(example))
}

fn of_kind(kind: &'static Kind, word: &'static str) -> Command {
    let family = kind.family.map_or_else(String::new, |it| format!("{} ", it.plural()));
    let example = format!("  # Print the {}s of a namespace\n  flux get {family}{word}", kind.kind);
    let command = Command::leaf(word, &format!("Print {}s", kind.kind)).example(&example);
    match kind.kind {
        "Kustomization" | "HelmRelease" => {
            command.flag(Flag::bool("show-source", "show the source in a column of its own"))
        }
        _ => command,
    }
}

fn flags() -> [Flag; 6] {
    [
        shared::all_namespaces("print the objects of all namespaces"),
        Flag::bool("no-header", "leave the titles of the columns out"),
        Flag::bool("watch", "print a row for every change from now on").short('w'),
        Flag::text(
            "status-selector",
            "condition that objects must have, or not have: type=status or type!=status",
        ),
        Flag::text("label-selector", "labels that objects must have").short('l'),
        shared::output("format of the output: json or yaml; a table without it"),
    ]
}

/// What is asked for.
struct Query {
    list: List,
    layout: Layout,
    status: Option<StatusSelector>,
    header: bool,
    every_namespace: bool,
    format: Format,
}

/// How objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Table,
    Json,
    Yaml,
}

impl Query {
    fn read(matches: &Matches, namespace: &str) -> Result<Self, CliError> {
        let every_namespace = matches.is_on("all-namespaces");
        let mut list = if every_namespace { List::all() } else { List::namespace(namespace) };
        if let Some(selector) = matches.some("label-selector") {
            list = list.labelled(selector);
        }
        let status = matches.some("status-selector").map(StatusSelector::parse).transpose();
        let format = match matches.text("output") {
            "" => Format::Table,
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            other => {
                let text = format!("--output must be json or yaml, not {other}");
                return Err(CliError::Usage(text));
            }
        };
        Ok(Self {
            list,
            layout: Layout {
                namespace: every_namespace,
                source: matches.is_on("show-source"),
                ..Layout::default()
            },
            status: status.map_err(CliError::Usage)?,
            header: !matches.is_on("no-header"),
            every_namespace,
            format,
        })
    }

    fn selected<'a>(&'a self, objects: &'a [Object]) -> impl Iterator<Item = &'a Object> {
        objects.iter().filter(|it| self.status.as_ref().is_none_or(|s| s.matches(it)))
    }

    fn print(&self, kind: &Kind, objects: &[Object]) -> String {
        let rows: Vec<_> = self.selected(objects).map(|it| row(kind, it, self.layout)).collect();
        let titles = if self.header { header(kind, self.layout) } else { Vec::new() };
        table(&titles, &rows)
    }

    /// Prints objects as one list in the format asked for, one of them alone if it was named.
    fn print_raw(&self, objects: &[Object], named: bool) -> Result<String, CliError> {
        let items: Vec<Value> =
            self.selected(objects).map(|object| object.as_value().clone()).collect();
        let value = match <[Value; 1]>::try_from(items) {
            Ok([only]) if named => only,
            Ok(items) => json!({"apiVersion": "v1", "kind": "List", "items": items}),
            Err(items) => json!({"apiVersion": "v1", "kind": "List", "items": items}),
        };
        match self.format {
            Format::Json => Ok(pretty_json(&value)? + "\n"),
            Format::Yaml | Format::Table => Ok(flux_yaml::to_string(&value)),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    if let Some(kinds) = all_of(matches) {
        return all(&kinds, matches, cx).await;
    }
    let Some(kind) = Words::Plural.find(matches) else {
        return Err(CliError::Usage("no kind given".to_owned()));
    };
    one(kind, matches, cx).await
}

/// Returns the kinds of an `all` sub-command.
fn all_of(matches: &Matches) -> Option<Vec<&'static Kind>> {
    match matches.path.get(1..)? {
        ["all"] => Some(ALL.to_vec()),
        [word, "all"] => {
            let family =
                [Family::Source, Family::Image].into_iter().find(|it| it.plural() == *word)?;
            Some(ALL.iter().copied().filter(|it| it.family == Some(family)).collect())
        }
        _ => None,
    }
}

async fn one(
    kind: &'static Kind,
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let mut query = Query::read(matches, &cx.global.namespace)?;
    let name = matches.name();
    if let Some(name) = name {
        query.list.fields = format!("metadata.name={name}");
    }
    if matches.is_on("watch") {
        return watch(kind, &query, cx).await;
    }
    let objects = cx.list(kind, &query.list).await?;
    if objects.is_empty() {
        let namespace = if query.every_namespace { "any" } else { &cx.global.namespace };
        let text = match name {
            Some(name) => not_found(kind, name, namespace),
            None => format!("no {} objects found in \"{namespace}\" namespace", kind.kind),
        };
        // Upstream leaves the quotes away where it says `any`.
        let text = text.replace("\"any\" namespace", "any namespace");
        return Err(CliError::Failed(text));
    }
    let text = match query.format {
        Format::Table => query.print(kind, &objects),
        Format::Json | Format::Yaml => query.print_raw(&objects, name.is_some())?,
    };
    cx.io.data(&text)?;
    Ok(Exit::SUCCESS)
}

/// Prints a row for every change until the time is over.
async fn watch(kind: &Kind, query: &Query, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let cluster = cx.cluster().await?;
    let mut subscription = cluster.watch(Topic::all(kind.gvk()).only(query.list.clone()));
    let deadline = tokio::time::Instant::now() + cx.global.timeout;
    let mut first = true;
    loop {
        let Ok(change) = tokio::time::timeout_at(deadline, subscription.next()).await else {
            return Err(CliError::Failed("timed out waiting for the condition".to_owned()));
        };
        let (Change::Applied { new: object, .. } | Change::Deleted(object)) = change else {
            continue;
        };
        if query.status.as_ref().is_some_and(|status| !status.matches(&object)) {
            continue;
        }
        let titles = if first && query.header { header(kind, query.layout) } else { Vec::new() };
        first = false;
        cx.io.data(&table(&titles, &[row(kind, &object, query.layout)]))?;
    }
}

/// Prints a table for every kind that has objects; what cannot be listed is said and passed over.
async fn all(
    kinds: &[&'static Kind],
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    if matches.is_on("watch") {
        return Err(CliError::Usage("expected a single resource type, but found *".to_owned()));
    }
    let mut query = Query::read(matches, &cx.global.namespace)?;
    query.layout.kind_prefix = true;
    let mut everything = Vec::new();
    let cluster = cx.cluster().await?;
    let lists = kinds.iter().map(|kind| {
        let (cluster, list) = (cluster.clone(), query.list.clone());
        let gvk = kind.gvk();
        tokio::spawn(async move { cluster.list(&gvk, &list).await })
    });
    for (kind, task) in kinds.iter().zip(lists.collect::<Vec<_>>()) {
        let objects = match task.await {
            Ok(Ok(objects)) => objects,
            Ok(Err(error)) if error.is_no_match() || error.is_not_found() => continue,
            Ok(Err(error)) => {
                cx.io.failure(&error.to_string())?;
                continue;
            }
            Err(error) => return Err(CliError::Failed(error.to_string())),
        };
        if query.format != Format::Table {
            everything.extend(objects);
        } else if query.selected(&objects).next().is_some() {
            let text = query.print(kind, &objects);
            cx.io.data(&format!("{text}\n"))?;
        }
    }
    if query.format != Format::Table {
        cx.io.data(&query.print_raw(&everything, false)?)?;
    }
    Ok(Exit::SUCCESS)
}
