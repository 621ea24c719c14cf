//! Builds directories without a cluster: one as kustomize does, or every Flux Kustomization of a
//! repository as the cluster would hold it.
//!
//! A Kustomization that another one builds counts as its parent has built it: patched, substituted,
//! with the parent's namespace. Only one that no other builds counts as its file reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use flux_build::{Lookup, Options};
use flux_kustomize::{NoRemote, Order, Outside, Rules};
use flux_manifest::Object;
use flux_tree::{DiskTree, Kind, Tree, TreeError, Visit, walk};
use serde_json::Value;

use super::local::{given, is_kustomization, read_objects};
use crate::cobra::Matches;
use crate::context::Context;
use crate::create::go_error;
use crate::{CliError, Exit};

/// What stands between a Kustomization and the file that it came from in the end.
const ORIGIN: &str = " from ";

/// Rounds after which what the Kustomizations say of each other counts as settled.
const ROUNDS: usize = 16;

fn open(directory: &str, cx: &Context<'_>) -> Result<DiskTree, CliError> {
    let full = cx.environment.directory.join(directory);
    DiskTree::open(&full).map_err(|error| CliError::Failed(error.to_string()))
}

/// Builds a directory with a kustomization file as kustomize does.
pub(super) fn one(directory: &str, cx: &mut Context<'_>) -> Result<Exit, CliError> {
    let full = cx.environment.directory.join(directory);
    let full = std::fs::canonicalize(&full)
        .map_err(|error| CliError::Failed(go_error(directory, &error)))?;
    let tree = open("/", cx)?;
    let path = full.to_string_lossy().into_owned();
    let options = flux_kustomize::Options {
        root: "/",
        rules: Rules::Plain { outside: Outside::Refused },
        order: Order::Fifo,
        fetcher: &NoRemote,
    };
    let built = flux_kustomize::build(&tree, path.trim_start_matches('/'), &options);
    let output = built.map_err(|error| CliError::Failed(error.to_string()))?;
    for warning in &output.warnings {
        cx.io.warning(&warning.0)?;
    }
    let text = output.to_yaml().map_err(|error| CliError::Failed(error.to_string()))?;
    cx.io.data(&text)?;
    Ok(Exit::SUCCESS)
}

/// Namespace and name of a Kustomization.
type Id = (String, String);

fn id(object: &Object) -> Id {
    (object.namespace().to_owned(), object.name().to_owned())
}

/// One Kustomization and what became of it.
#[derive(Clone)]
struct Node {
    object: Object,
    /// Where it comes from: a file, or the Kustomization that builds it.
    origin: String,
    outcome: Result<Vec<Object>, String>,
    took: Duration,
}

/// Builds every Flux Kustomization of a repository.
pub(super) fn all(
    directory: &str,
    matches: &Matches,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let begun = Instant::now();
    let tree = open(directory, cx)?;
    let given = read_objects(matches.some("objects"), cx)?;
    let candidates = candidates(&tree)?;
    let nodes = settle(&tree, &candidates, &given);
    report(&nodes, begun.elapsed(), cx)
}

/// Finds the Kustomizations in files.
fn candidates(tree: &DiskTree) -> Result<BTreeMap<Id, (Object, String)>, CliError> {
    let mut found = BTreeMap::new();
    let walked = walk::<TreeError>(tree, "", &mut |path, kind| {
        let hidden = path.rsplit('/').next().is_some_and(|name| name.starts_with(".git"));
        if matches!(kind, Kind::Directory) {
            return Ok(if hidden { Visit::SkipChildren } else { Visit::Continue });
        }
        if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
            return Ok(Visit::Continue);
        }
        let content = tree.read(path)?;
        let text = String::from_utf8_lossy(&content);
        if !text.contains("kustomize.toolkit.fluxcd.io/") {
            return Ok(Visit::Continue);
        }
        // A file that is a template of something else is no manifest.
        for object in flux_manifest::documents::read_objects(&text).unwrap_or_default() {
            if is_kustomization(&object) {
                found.entry(id(&object)).or_insert((object, path.to_owned()));
            }
        }
        Ok(Visit::Continue)
    });
    walked.map_err(|error| CliError::Failed(error.to_string()))?;
    Ok(found)
}

/// Builds all until no build changes what another is made from.
fn settle(
    tree: &DiskTree,
    candidates: &BTreeMap<Id, (Object, String)>,
    given: &[Object],
) -> BTreeMap<Id, Node> {
    let mut wanted: BTreeMap<Id, (Object, String)> = candidates.clone();
    let mut nodes: BTreeMap<Id, Node> = BTreeMap::new();
    let mut known: Vec<Object> = given.to_vec();
    for _ in 0..ROUNDS {
        let stale: Vec<(Id, Object, String)> = wanted
            .iter()
            .filter(|(id, (object, _))| is_stale(nodes.get(*id), object, &known, given))
            .map(|(id, (object, origin))| (id.clone(), object.clone(), origin.clone()))
            .collect();
        if stale.is_empty() {
            break;
        }
        for (id, node) in build_all(tree, stale, &known) {
            nodes.insert(id, node);
        }
        known = variables(&nodes, given);
        wanted = wanted_by(&nodes, candidates);
        nodes.retain(|id, _| wanted.contains_key(id));
    }
    nodes
}

/// Tells whether a build is missing, or was made from something else.
fn is_stale(node: Option<&Node>, object: &Object, known: &[Object], given: &[Object]) -> bool {
    let Some(node) = node else { return true };
    if node.object != *object {
        return true;
    }
    // One that failed may find now what it looked for.
    node.outcome.is_err()
        && known.len() > given.len()
        && self::given(object, known).iter().all(Option::is_some)
        && !flux_build::references(object.as_value()).is_empty()
}

/// Returns what may hold variables: the given objects and those that are built.
fn variables(nodes: &BTreeMap<Id, Node>, given: &[Object]) -> Vec<Object> {
    let built = nodes.values().filter_map(|node| node.outcome.as_ref().ok()).flatten();
    let holds = |object: &&Object| {
        let plain = object.pointer("/sops").is_none();
        matches!(object.kind(), "ConfigMap" | "Secret") && plain
    };
    given.iter().chain(built.filter(holds)).cloned().collect()
}

/// Returns the Kustomizations that there are: those that are built, and of those in files the ones
/// that no build emits.
fn wanted_by(
    nodes: &BTreeMap<Id, Node>,
    candidates: &BTreeMap<Id, (Object, String)>,
) -> BTreeMap<Id, (Object, String)> {
    let mut emitted: BTreeMap<Id, (Object, String)> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (parent, node) in nodes {
        for object in node.outcome.as_ref().ok().into_iter().flatten() {
            if is_kustomization(object) && id(object) != *parent {
                names.insert(object.name().to_owned());
                let file = node.origin.rsplit(ORIGIN).next().unwrap_or_default();
                let origin = format!("built by {}/{}{ORIGIN}{file}", parent.0, parent.1);
                emitted.entry(id(object)).or_insert((object.clone(), origin));
            }
        }
    }
    // In its file, one may lack the namespace that its parent gives it.
    let kept = candidates.iter().filter(|((namespace, name), _)| {
        let replaced = namespace.is_empty() && names.contains(name);
        !replaced && !emitted.contains_key(&(namespace.clone(), name.clone()))
    });
    let kept: Vec<_> = kept.map(|(id, it)| (id.clone(), it.clone())).collect();
    emitted.extend(kept);
    emitted
}

/// Builds side by side, as many at once as the machine has cores.
fn build_all(
    tree: &DiskTree,
    work: Vec<(Id, Object, String)>,
    known: &[Object],
) -> Vec<(Id, Node)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(work.len());
    let queue = Mutex::new(work);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
                    let Some((id, object, origin)) = next else { return };
                    let begun = Instant::now();
                    let outcome = build(tree, &object, &origin, known);
                    let node = Node { object, origin, outcome, took: begun.elapsed() };
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((id, node));
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Finds the directory that an artifact begins with: the root of the repository, or the directory
/// nearest to it above the file of the Kustomization that has its path below.
fn base(tree: &DiskTree, path: &str, origin: &str) -> String {
    let mut ancestors = vec![String::new()];
    let mut above = String::new();
    for part in flux_tree::path::parent(origin).split('/').filter(|part| !part.is_empty()) {
        above = flux_tree::path::join_confined(&above, part);
        ancestors.push(above.clone());
    }
    let has = |base: &String| {
        let joined = flux_tree::path::join_confined(base, path);
        tree.stat(&joined).is_ok_and(|kind| kind == Kind::Directory)
    };
    ancestors.into_iter().find(has).unwrap_or_default()
}

fn build(
    tree: &DiskTree,
    kustomization: &Object,
    origin: &str,
    known: &[Object],
) -> Result<Vec<Object>, String> {
    let lookups: Vec<Lookup> = given(kustomization, known)
        .into_iter()
        .map(|found| found.unwrap_or(Lookup::NotFound))
        .collect();
    let root = tree.root().to_string_lossy().into_owned();
    let options = Options { root: &root, ..Options::default() };
    let path = kustomization.pointer("/spec/path").and_then(Value::as_str).unwrap_or_default();
    let mut value = kustomization.as_value().clone();
    let base = base(tree, path, origin.rsplit(ORIGIN).next().unwrap_or(origin));
    if let Some(spec) = value.get_mut("spec").filter(|_| !base.is_empty()) {
        spec["path"] = flux_tree::path::join_confined(&base, path).into();
    }
    let built = flux_build::build(tree, &value, &lookups, &options);
    let mut objects = built.map_err(|error| error.to_string())?.objects;
    flux_build::prepare(&mut objects, kustomization.as_value());
    Ok(objects)
}

/// Prints a line for each Kustomization and a summary.
fn report(
    nodes: &BTreeMap<Id, Node>,
    took: Duration,
    cx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let (mut objects, mut failed) = (0, 0);
    for ((namespace, name), node) in nodes {
        let time = format!("{:.1} ms", node.took.as_secs_f64() * 1000.0);
        match &node.outcome {
            Ok(built) => {
                objects += built.len();
                let count = built.len();
                cx.io.data(&format!("✔ {namespace}/{name}: {count} objects, {time}\n"))?;
            }
            Err(error) => {
                failed += 1;
                let path = node.object.pointer("/spec/path").and_then(Value::as_str);
                let path = path.unwrap_or("./");
                let from = &node.origin;
                cx.io.data(&format!("✗ {namespace}/{name} ({from}, path {path}): {error}\n"))?;
                if let Some(hint) = hint(error) {
                    cx.io.data(&format!("  hint: {hint}\n"))?;
                }
            }
        }
    }
    let count = nodes.len();
    let time = format!("{:.1} ms", took.as_secs_f64() * 1000.0);
    cx.io.data(&format!("{count} Kustomizations, {objects} objects, {failed} failed, {time}\n"))?;
    Ok(if failed > 0 { Exit::FAILURE } else { Exit::SUCCESS })
}

/// Says what may help.
fn hint(error: &str) -> Option<&'static str> {
    if error.starts_with("kustomization path not found") {
        return Some("its source may be another repository, which cannot be built from here");
    }
    if error.contains("substitute from") || error.contains("variable") {
        return Some(
            "give ConfigMaps and Secrets that are not in the repository with --objects FILE",
        );
    }
    None
}
