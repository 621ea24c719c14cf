//! `logs`: what controllers have written about objects.

use flux_cluster::{Cluster, List};
use flux_manifest::{GroupVersionKind, Object};
use http::Method;
use serde_json::Value;

use crate::cobra::{Command, Complete, Flag, Matches};
use crate::context::Context;
use crate::frame::{DEFAULT_NAMESPACE, shared};
use crate::get::plain;
use crate::{CliError, Exit};

/// A longer line ends the log of its pod, as it does with the original's reader.
const LONGEST_LINE: usize = 64 << 10;

/// Describes the command.
pub(crate) fn command() -> Command {
    Command::leaf("logs", "Print what controllers have logged")
        .long("Prints what controllers have logged about objects: time, level, object and message.")
        .example("  # Print the errors of all controllers\n  flux logs --level=error -A\n\n  # Print what was logged about a Kustomization\n  flux logs --kind=Kustomization --name=podinfo --namespace=default")
        .flags([
            Flag::custom("level", ("debug|info|error", level), "level of the lines to print").complete(Complete::Words(&["debug", "info", "error"])),
            Flag::text("kind", "kind of the objects to print lines about"),
            Flag::text("name", "name of the object to print lines about"),
            Flag::bool("follow", "print new lines as they come").short('f'),
            Flag::int("tail", "how many of the latest lines to look at; -1 for all").default("-1"),
            Flag::text("flux-namespace", "namespace of the controllers").default(DEFAULT_NAMESPACE),
            shared::all_namespaces("print lines about objects of all namespaces"),
            Flag::duration("since", "age of the oldest line, such as 5s, 2m or 3h; not together with --since-time"),
            Flag::text("since-time", "time of the oldest line (RFC3339); not together with --since"),
        ])
}

fn level(text: &str) -> Result<String, String> {
    match text {
        "debug" | "info" | "error" => Ok(text.to_owned()),
        "" => Err("no log level given, must be one of: debug, info, error".to_owned()),
        _ => Err(format!("unsupported log level '{text}', must be one of: debug, info, error")),
    }
}

/// Runs the command.
pub(crate) async fn run(matches: &Matches, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    if !matches.arguments.is_empty() {
        return Err(CliError::Usage("no argument required".to_owned()));
    }
    let query = query(matches)?;
    let cluster = cx.cluster().await?;
    let namespace = matches.text("flux-namespace");
    let pods = pods(&cluster, namespace).await?;
    let filter = Filter::read(matches, &cx.global.namespace);
    if matches.is_on("follow") {
        return follow(&pods, &query, (&cluster, &filter), cx).await;
    }
    let mut failed = false;
    for pod in &pods {
        let path = path(pod, &query);
        match cluster.raw(Method::GET, &path, None).await {
            Ok(log) => {
                let text = filter.lines(&String::from_utf8_lossy(&log), cx)?;
                cx.io.data(&text)?;
            }
            Err(error) => {
                cx.io.notice(&format!("failed getting logs: {error}\n"))?;
                failed = true;
            }
        }
    }
    if failed {
        return Err(CliError::Failed("failed to collect logs from all Flux pods".to_owned()));
    }
    Ok(Exit::SUCCESS)
}

/// Returns the parameters of the request for a log.
fn query(matches: &Matches) -> Result<String, CliError> {
    let mut query = Vec::new();
    let tail = matches.int("tail");
    if tail > -1 {
        query.push(format!("tailLines={tail}"));
    }
    let since = matches.duration("since");
    if let Some(time) = matches.some("since-time") {
        if !since.is_zero() {
            let text = "at most one of `sinceTime` or `sinceDuration` may be specified";
            return Err(CliError::Usage(text.to_owned()));
        }
        let parsed: Result<jiff::Timestamp, _> = time.parse();
        parsed.map_err(|_| CliError::Usage(format!("{time} is not a valid (RFC3339) time")))?;
        query.push(format!("sinceTime={}", time.replace('+', "%2B")));
    } else if !since.is_zero() {
        query.push(format!("sinceSeconds={}", (since.as_millis() + 500) / 1000));
    }
    Ok(query.join("&"))
}

fn path(pod: &Object, query: &str) -> String {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).map_or(0, Vec::len);
    let container = if containers > 1 { "container=manager" } else { "" };
    let parameters: Vec<&str> =
        [container, query].into_iter().filter(|it| !it.is_empty()).collect();
    let parameters = parameters.join("&");
    let mark = if parameters.is_empty() { "" } else { "?" };
    format!("/api/v1/namespaces/{}/pods/{}/log{mark}{parameters}", pod.namespace(), pod.name())
}

/// Finds one pod for each controller, a running one first.
async fn pods(cluster: &Cluster, namespace: &str) -> Result<Vec<Object>, CliError> {
    let fail = |error: flux_cluster::Error| CliError::Cluster(error.to_string());
    let list = List::namespace(namespace).labelled("app.kubernetes.io/part-of=flux");
    let kind = GroupVersionKind::new("apps", "v1", "Deployment");
    let mut found = Vec::new();
    for deployment in cluster.list(&kind, &list).await.map_err(fail)? {
        let labels =
            deployment.pointer("/spec/template/metadata/labels").and_then(Value::as_object);
        let pair = |(key, value): (&String, &Value)| format!("{key}={}", plain(value));
        let selector: Vec<String> = labels.into_iter().flatten().map(pair).collect();
        let list = List::namespace(namespace).labelled(&selector.join(","));
        let kind = GroupVersionKind::new("", "v1", "Pod");
        let pods = cluster.list(&kind, &list).await.map_err(fail)?;
        found.extend(pods.into_iter().min_by_key(rank));
    }
    if found.is_empty() {
        let quoted = flux_gostd::quote::quote(namespace);
        return Err(CliError::Failed(format!("no Flux pods found in namespace {quoted}")));
    }
    Ok(found)
}

/// Orders pods: those on a node, running and ready first.
fn rank(pod: &Object) -> (bool, u8, bool) {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let phase = match text("/status/phase") {
        "Running" => 0,
        "Pending" => 2,
        _ => 1,
    };
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let ready =
        conditions.into_iter().flatten().any(|it| it["type"] == "Ready" && it["status"] == "True");
    (text("/spec/nodeName").is_empty(), phase, !ready)
}

/// Prints new lines of all pods until the time is over.
async fn follow(
    pods: &[Object],
    query: &str,
    (cluster, filter): (&Cluster, &Filter),
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let (sender, mut lines) = tokio::sync::mpsc::channel::<String>(256);
    for pod in pods {
        let mark = if query.is_empty() { "" } else { "&" };
        let path = path(pod, &format!("follow=true{mark}{query}"));
        let (cluster, sender) = (cluster.clone(), sender.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = cluster.raw_lines(&path).await else { return };
            while let Ok(Some(line)) = stream.next().await {
                if sender.send(line).await.is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let deadline = tokio::time::Instant::now() + cx.global.timeout;
    while let Ok(Some(line)) = tokio::time::timeout_at(deadline, lines.recv()).await {
        let text = filter.lines(&line, cx)?;
        cx.io.data(&text)?;
    }
    Ok(Exit::SUCCESS)
}

/// Which lines are printed.
struct Filter {
    level: String,
    kind: String,
    name: String,
    /// The namespace of the objects; `None` for all, and for lines about none.
    namespace: Option<String>,
}

impl Filter {
    fn read(matches: &Matches, namespace: &str) -> Self {
        let own = |flag: &str| matches.text(flag).to_owned();
        Self {
            level: own("level"),
            kind: own("kind"),
            name: own("name"),
            namespace: (!matches.is_on("all-namespaces")).then(|| namespace.to_owned()),
        }
    }

    /// Returns the lines of a log that are wanted; one that is no JSON ends it, with a notice.
    fn lines(&self, log: &str, cx: &mut Context<'_>) -> Result<String, CliError> {
        let mut text = String::new();
        for line in log.lines() {
            if line.len() > LONGEST_LINE {
                break;
            }
            if !line.starts_with('{') {
                continue;
            }
            match serde_json::from_str::<Value>(line) {
                Ok(entry) => text.push_str(&self.line(&entry).unwrap_or_default()),
                Err(error) => {
                    cx.io.failure(&format!("parse error: {error}"))?;
                    break;
                }
            }
        }
        Ok(text)
    }

    /// Returns a line if it is wanted.
    fn line(&self, entry: &Value) -> Option<String> {
        let field = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let (kind, controller) = (field("reconciler kind"), field("controllerKind"));
        let same = |wanted: &str, text: &str| wanted.to_lowercase() == text.to_lowercase();
        let fits = |wanted: &str, text: &str| wanted.is_empty() || same(wanted, text);
        let wanted = (self.level.is_empty() || self.level == field("level"))
            && (fits(&self.kind, kind) || fits(&self.kind, controller))
            && fits(&self.name, field("name"))
            && self.namespace.as_ref().is_none_or(|it| same(it, field("namespace")));
        if !wanted {
            return None;
        }
        let kind = if kind.is_empty() { controller } else { kind };
        let object = match field("name") {
            "" => String::new(),
            name => format!("/{name}.{}", field("namespace")),
        };
        let (time, level) = (field("ts"), field("level"));
        Some(format!("{time} {level} {kind}{object} - {} {}\n", field("msg"), field("error")))
    }
}
