//! `get`: tables of objects and how they stand.

mod rows;
#[cfg(test)]
mod tests;

use clap::{Arg, ArgMatches, Command};
use flux_cluster::{Change, List, Topic};
use flux_manifest::Object;

use self::rows::{Layout, StatusSelector, header, row};
pub(crate) use self::rows::{condition, is_static, is_suspended, plain};
use crate::context::{Context, not_found};
use crate::frame::{flag, is_on, text};
use crate::kind::{self, Family, KINDS, Kind};
use crate::table::table;
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
    let verb = Command::new("get").about("Get the resources and their status");
    let mut command = with_kinds(verb, KINDS, Words::Plural, of_kind);
    for family in [Family::Source, Family::Image] {
        command = command.mut_subcommand(family.plural(), |group| {
            group.subcommand(flags(
                Command::new("all").about(format!("Get all {} statuses", family.word())),
            ))
        });
    }
    command.subcommand(flags(Command::new("all").about("Get all resources and statuses")))
}

fn of_kind(kind: &'static Kind, word: &'static str) -> Command {
    let about = format!("Get {} statuses", kind.kind);
    let command = flags(Command::new(word).about(about)).arg(Arg::new("name").num_args(0..=1)).arg(
        flag("watch", "After listing/getting the requested object, watch for changes.").short('w'),
    );
    match kind.kind {
        "Kustomization" | "HelmRelease" => {
            command.arg(flag("show-source", "Show the source of the object in a column"))
        }
        _ => command,
    }
}

fn flags(command: Command) -> Command {
    command
        .arg(flag("all-namespaces", "list the requested object(s) across all namespaces").short('A'))
        .arg(flag("no-header", "skip the header when printing the results"))
        .arg(
            Arg::new("status-selector")
                .long("status-selector")
                .num_args(1)
                .help("specify the status condition name and the desired state to filter the get result, e.g. ready=false"),
        )
        .arg(
            Arg::new("label-selector")
                .long("label-selector")
                .short('l')
                .num_args(1)
                .help("filter objects by label selector"),
        )
}

/// What is asked for.
struct Query {
    list: List,
    layout: Layout,
    status: Option<StatusSelector>,
    header: bool,
    every_namespace: bool,
}

impl Query {
    fn read(matches: &ArgMatches, namespace: &str) -> Result<Self, CliError> {
        let every_namespace = is_on(matches, "all-namespaces");
        let mut list = if every_namespace { List::all() } else { List::namespace(namespace) };
        if let Some(selector) = text(matches, "label-selector") {
            list = list.labelled(selector);
        }
        let status = text(matches, "status-selector").map(StatusSelector::parse).transpose();
        Ok(Self {
            list,
            layout: Layout { namespace: every_namespace, ..Layout::default() },
            status: status.map_err(CliError::Usage)?,
            header: !is_on(matches, "no-header"),
            every_namespace,
        })
    }

    fn print(&self, kind: &Kind, objects: &[Object]) -> String {
        let selected =
            objects.iter().filter(|it| self.status.as_ref().is_none_or(|s| s.matches(it)));
        let rows: Vec<_> = selected.map(|it| row(kind, it, self.layout)).collect();
        let titles = if self.header { header(kind, self.layout) } else { Vec::new() };
        table(&titles, &rows)
    }
}

/// Runs the command.
pub(crate) async fn run(matches: &ArgMatches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    if let Some((kinds, rest)) = all_of(matches) {
        return all(&kinds, rest, cx).await;
    }
    let Some((kind, rest)) = Words::Plural.find(KINDS, matches) else {
        return Err(CliError::Usage("no kind given".to_owned()));
    };
    one(kind, rest, cx).await
}

/// Returns the kinds of an `all` sub-command.
fn all_of(matches: &ArgMatches) -> Option<(Vec<&'static Kind>, &ArgMatches)> {
    let (word, rest) = matches.subcommand()?;
    if word == "all" {
        return Some((ALL.to_vec(), rest));
    }
    let family = [Family::Source, Family::Image].into_iter().find(|it| it.plural() == word)?;
    match rest.subcommand()? {
        ("all", rest) => {
            Some((ALL.iter().copied().filter(|it| it.family == Some(family)).collect(), rest))
        }
        _ => None,
    }
}

async fn one(
    kind: &'static Kind,
    matches: &ArgMatches,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let mut query = Query::read(matches, &cx.global.namespace)?;
    if matches.try_contains_id("show-source").is_ok() {
        query.layout.source = is_on(matches, "show-source");
    }
    let name = text(matches, "name");
    if let Some(name) = name {
        query.list.fields = format!("metadata.name={name}");
    }
    if is_on(matches, "watch") {
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
    let text = query.print(kind, &objects);
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
    matches: &ArgMatches,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let mut query = Query::read(matches, &cx.global.namespace)?;
    query.layout.kind_prefix = true;
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
        let selected = |it: &Object| query.status.as_ref().is_none_or(|s| s.matches(it));
        if objects.iter().any(selected) {
            let text = query.print(kind, &objects);
            cx.io.data(&format!("{text}\n"))?;
        }
    }
    Ok(Exit::SUCCESS)
}
