//! `stats`: how many objects of each kind there are and how they stand.

use flux_cluster::List;
use flux_manifest::Object;
use serde_json::Value;

use crate::cobra::{Arity, Command, Matches};
use crate::context::Context;
use crate::frame::shared;
use crate::get::{condition, is_suspended};
use crate::kind::{self, Kind};
use crate::table::table;
use crate::{CliError, Exit};

/// The kinds in the order of the table.
static ALL: [&Kind; 13] = [
    &kind::GIT_REPOSITORY,
    &kind::OCI_REPOSITORY,
    &kind::HELM_REPOSITORY,
    &kind::HELM_CHART,
    &kind::BUCKET,
    &kind::KUSTOMIZATION,
    &kind::HELM_RELEASE,
    &kind::ALERT,
    &kind::PROVIDER,
    &kind::RECEIVER,
    &kind::IMAGE_UPDATE,
    &kind::IMAGE_POLICY,
    &kind::IMAGE_REPOSITORY,
];

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("stats", "Print how many objects run, fail and are suspended")
        .long("Prints for each kind how many objects run, fail and are suspended, and the size of their artifacts.")
        .example("  # Count the objects of a namespace\n  flux stats -n flux-system\n\n  # Count those of all namespaces\n  flux stats -A")
        .arity(Arity::None)
        .flag(shared::all_namespaces("count the objects of all namespaces"))
}

/// Runs the command; a kind that cannot be listed counts as none.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let list = match matches.is_on("all-namespaces") {
        true => List::all(),
        false => List::namespace(&cx.global.namespace),
    };
    let cluster = cx.cluster().await?;
    let tasks: Vec<_> = ALL
        .iter()
        .map(|kind| {
            let (cluster, list, gvk) = (cluster.clone(), list.clone(), kind.gvk());
            tokio::spawn(async move { cluster.list(&gvk, &list).await })
        })
        .collect();
    let mut rows = Vec::new();
    for (kind, task) in ALL.iter().zip(tasks) {
        let objects = task.await.ok().and_then(Result::ok).unwrap_or_default();
        rows.push(row(kind, &objects));
    }
    let header = ["RECONCILERS", "RUNNING", "FAILING", "SUSPENDED", "STORAGE"];
    cx.io.data(&table(&header, &rows))?;
    Ok(Exit::SUCCESS)
}

fn row(kind: &Kind, objects: &[Object]) -> Vec<String> {
    let suspended = objects.iter().filter(|object| is_suspended(object)).count();
    let failing = objects.iter().filter(|object| is_failing(object)).count();
    let size = |object: &Object| object.pointer("/status/artifact/size").and_then(Value::as_i64);
    let total = objects.iter().filter_map(size).sum();
    let count = |number: usize| number.to_string();
    vec![
        kind.kind.to_owned(),
        count(objects.len() - suspended),
        count(failing),
        count(suspended),
        shown_size(total),
    ]
}

fn is_failing(object: &Object) -> bool {
    condition(object, "Ready").is_some_and(|it| it["status"] == "False")
}

/// Writes a size as `1.2 KiB`.
fn shown_size(bytes: i64) -> String {
    match bytes {
        0 => "-".to_owned(),
        ..1024 => format!("{bytes} B"),
        _ => {
            let (mut size, mut units) = (bytes, "KMGTPE".chars());
            let (mut unit, mut divisor) = ('K', 1i64);
            while size >= 1024 {
                size /= 1024;
                divisor = divisor.saturating_mul(1024);
                unit = units.next().unwrap_or('E');
            }
            // Sizes that a float cannot hold exactly are beyond what is stored.
            #[allow(clippy::cast_precision_loss)]
            let value = bytes as f64 / divisor as f64;
            format!("{value:.1} {unit}iB")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_shown_in_the_largest_unit_that_fits() {
        let shown = [0, 1, 1023, 1024, 1229, 1_572_864].map(shown_size);
        assert_eq!(shown, ["-", "1 B", "1023 B", "1.0 KiB", "1.2 KiB", "1.5 MiB"]);
    }
}
