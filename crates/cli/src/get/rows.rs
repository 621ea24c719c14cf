//! From objects to the rows of `get`: a pure function.

use flux_manifest::Object;
use serde_json::Value;

use crate::kind::{Column, Kind};
use crate::table::shorten_hashes;

/// What the rows show besides a kind's own columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Layout {
    /// A first column with the namespace.
    pub(super) namespace: bool,
    /// Names as `kind/name`, for tables of several kinds.
    pub(super) kind_prefix: bool,
    /// A column with the source of a Kustomization or HelmRelease.
    pub(super) source: bool,
}

/// Returns the titles of the columns.
pub(super) fn header(kind: &Kind, layout: Layout) -> Vec<&'static str> {
    let mut titles = Vec::new();
    if layout.namespace {
        titles.push("NAMESPACE");
    }
    titles.push("NAME");
    if layout.source {
        titles.push("SOURCE");
    }
    for column in kind.columns {
        match column {
            Column::Revision(_) | Column::ChartVersion => titles.push("REVISION"),
            Column::Suspended | Column::Disabled => titles.push("SUSPENDED"),
            Column::ExternalSource => titles.push("SOURCE"),
            Column::At(title, _) | Column::LatestRef(title, _) => titles.push(title),
            Column::Ready | Column::Static(_) => titles.extend(["READY", "MESSAGE"]),
        }
    }
    titles
}

/// Returns the cells of one object.
pub(super) fn row(kind: &Kind, object: &Object, layout: Layout) -> Vec<String> {
    let mut cells = Vec::new();
    if layout.namespace {
        cells.push(object.namespace().to_owned());
    }
    let name = object.name();
    cells.push(if layout.kind_prefix {
        format!("{}/{name}", kind.kind.to_lowercase())
    } else {
        name.to_owned()
    });
    if layout.source {
        cells.push(source(object));
    }
    for column in kind.columns {
        cell(kind, object, *column, &mut cells);
    }
    cells
}

fn cell(kind: &Kind, object: &Object, column: Column, cells: &mut Vec<String>) {
    let text = |pointer: &str| object.pointer(pointer).map(plain).unwrap_or_default();
    let short = |text: String| if kind.short_hashes { shorten_hashes(&text) } else { text };
    match column {
        // A chart's revision is its version and never shortened; it holds no hash either.
        Column::Revision(pointer) => cells.push(short(text(pointer))),
        Column::ChartVersion => {
            let newest = text("/status/history/0/chartVersion");
            let attempted = || text("/status/lastAttemptedRevision");
            cells.push(if newest.is_empty() { attempted() } else { newest });
        }
        Column::Suspended => cells.push(truth(is_suspended(object)).to_owned()),
        Column::Disabled => {
            let value =
                object.annotation("source.extensions.fluxcd.io/reconcile").unwrap_or_default();
            cells.push(truth(value.eq_ignore_ascii_case("disabled")).to_owned());
        }
        Column::ExternalSource => cells.push(source(object)),
        Column::At(_, pointer) | Column::LatestRef(_, pointer) => cells.push(text(pointer)),
        Column::Ready if is_static(object) => {
            cells.extend(["True".to_owned(), "Helm repository is Ready".to_owned()]);
        }
        Column::Ready => {
            let (status, message) = ready(object);
            cells.extend([status, short(message)]);
        }
        Column::Static(message) => cells.extend(["True".to_owned(), message.to_owned()]),
    }
}

/// Tells whether an object is a Helm repository in an OCI registry, which nobody reconciles.
pub(crate) fn is_static(object: &Object) -> bool {
    let of_registry = object.pointer("/spec/type").and_then(Value::as_str) == Some("oci");
    object.kind() == "HelmRepository" && of_registry
}

/// Tells whether reconciliation of an object is suspended.
pub(crate) fn is_suspended(object: &Object) -> bool {
    object.pointer("/spec/suspend").and_then(Value::as_bool).unwrap_or(false)
}

/// Returns status and message of the Ready condition, those of an object that nobody has
/// reconciled yet if there is none.
pub(crate) fn ready(object: &Object) -> (String, String) {
    let found = condition(object, "ready");
    let field = |it: &Value, key: &str| it.get(key).map(plain).unwrap_or_default();
    found.map_or_else(
        || ("False".to_owned(), "waiting to be reconciled".to_owned()),
        |it| (field(it, "status"), field(it, "message")),
    )
}

/// Returns a condition by its type, whatever its case.
pub(crate) fn condition<'a>(object: &'a Object, wanted: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let is = |it: &&Value| {
        it.get("type").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
    };
    conditions.iter().find(is)
}

/// `--status-selector`: a condition that must or must not have a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatusSelector {
    condition: String,
    status: String,
    equal: bool,
}

impl StatusSelector {
    /// Reads `type=status` or `type!=status`.
    ///
    /// # Errors
    /// The sentence that upstream prints for anything else.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let split = match text.split_once("!=") {
            Some((condition, status)) => Some((condition, status, false)),
            None => text.split_once('=').map(|(condition, status)| (condition, status, true)),
        };
        let filled = split.filter(|(condition, status, _)| {
            !condition.is_empty() && !status.is_empty() && !status.contains('=')
        });
        let (condition, status, equal) = filled.ok_or_else(|| {
            format!(
                "expected status selector in type=status or type!=status format, but found: {text}"
            )
        })?;
        Ok(Self { condition: condition.to_owned(), status: status.to_owned(), equal })
    }

    /// Tells whether an object is selected; a missing condition matches `!=` only.
    pub(super) fn matches(&self, object: &Object) -> bool {
        let status = condition(object, &self.condition).and_then(|it| it.get("status"));
        let same =
            status.and_then(Value::as_str).is_some_and(|it| it.eq_ignore_ascii_case(&self.status));
        same == self.equal
    }
}

fn source(object: &Object) -> String {
    let pointers = ["/spec/sourceRef", "/spec/chartRef", "/spec/chart/spec/sourceRef"];
    let Some(reference) = pointers.iter().find_map(|pointer| object.pointer(pointer)) else {
        return String::new();
    };
    let field = |key: &str| reference.get(key).and_then(Value::as_str).unwrap_or_default();
    let namespace = match field("namespace") {
        "" => object.namespace(),
        namespace => namespace,
    };
    format!("{}/{namespace}/{}", field("kind"), field("name"))
}

fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// Returns a scalar as text without quotes.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
