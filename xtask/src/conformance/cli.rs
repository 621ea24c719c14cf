//! The commands against recorded outputs of the original, each on an API server of its own.
//!
//! A command runs in this process as a function: arguments and environment in, text and status
//! out. What a case wants to find in the cluster is written there first, its status as well.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flux_apiserver::{Controllers, Options, Server};
use flux_cli::{Captured, Environment, Exit, Io};
use flux_cluster::{Cluster, Deletion, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use super::Case;

mod pods;

/// What is printed when a comparison finds changes; the recorded outputs lack it, because the
/// harness that made them takes it as the error it is.
const CHANGED: &str = "⚠️ identified at least one change, exiting with non-zero exit code\n";

/// Runs everything that needs no controllers.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let dir = root.join("cli");
    let file = dir.join("cases.json");
    if !file.is_file() {
        println!("no recorded answers at {}", file.display());
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&file).context("cases.json")?;
    let all: Value = serde_json::from_str(&text).context("cases.json")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut outcomes = Vec::new();
        let (_server, cluster) = start().await?;
        for (number, case) in list(&all, "cases").iter().enumerate() {
            let name = format!("{number} {} {}", text_of(case, "test"), text_of(case, "name"));
            let name = name.trim_end().replace(' ', "_");
            let outcome = command_case(&dir, case, (number, &cluster)).await;
            outcomes.push(Case { name, outcome: outcome.map_err(|error| format!("{error:#}")) });
        }
        for case in list(&all, "migrate") {
            let name = format!("migrate {}", text_of(case, "name")).replace(' ', "_");
            let outcome = migrate_case(&dir, case).await;
            outcomes.push(Case { name, outcome: outcome.map_err(|error| format!("{error:#}")) });
        }
        for case in list(&all, "logs") {
            let name = format!("logs {}", text_of(case, "name")).replace(' ', "_");
            let outcome = pods::logs_case(&dir, case).await;
            outcomes.push(Case { name, outcome: outcome.map_err(|error| format!("{error:#}")) });
        }
        Ok(outcomes)
    })
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Runs one command and compares what it says; what it found in the cluster is removed again.
async fn command_case(
    dir: &Path,
    case: &Value,
    (number, cluster): (usize, &Cluster),
) -> anyhow::Result<()> {
    let mut written = Vec::new();
    let outcome = command_in(dir, case, (number, cluster), &mut written).await;
    for target in written.iter().rev().filter(|it: &&Target| it.kind.kind != "Namespace") {
        // The command may have deleted it.
        let _ = cluster.delete(target, &Deletion::default()).await;
    }
    outcome
}

async fn command_in(
    dir: &Path,
    case: &Value,
    (number, cluster): (usize, &Cluster),
    written: &mut Vec<Target>,
) -> anyhow::Result<()> {
    let flux = format!("flux-case-{number}");
    let mut names = BTreeMap::from([
        ("fluxns".to_owned(), flux.clone()),
        // The cases name one namespace where the original's test has two.
        ("ns".to_owned(), flux.clone()),
        ("serverVersion".to_owned(), "v1.36.3".to_owned()),
    ]);
    let is_diff = text_of(case, "args").starts_with("diff kustomization");
    for namespace in [flux.as_str(), "flux-system"] {
        create(
            cluster,
            &object(
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
            )?,
        )
        .await?;
    }
    let mut files: Vec<&str> = list(case, "cluster").iter().filter_map(Value::as_str).collect();
    if text_of(case, "test") == "Test_GetCmdSuccess" {
        // What the original's test makes by hand.
        files.push("testdata/get/objects.yaml");
    }
    for file in files {
        let text = fill(&std::fs::read_to_string(dir.join(file))?, &names);
        for mut object in flux_manifest::documents::read_objects(&text)? {
            remember_time(&object, &mut names);
            written.push(Target::of(&object));
            // What is compared was applied by the controller, in normal form.
            if is_diff && !object.gvk().group.ends_with("fluxcd.io") {
                flux_plan::normalize(&mut object);
                cluster.apply(&object, &Write::by("kustomize-controller").forced()).await?;
            } else {
                create(cluster, &object).await.with_context(|| object.id().subject())?;
            }
        }
    }
    let mut args = shell_words(&fill(text_of(case, "args"), &names))?;
    let filled = fill_file(dir, &mut args, (number, &names))?;
    let input = match case.get("stdin").and_then(Value::as_str) {
        Some(file) => std::fs::read(dir.join(file))?,
        None => Vec::new(),
    };
    let variables = match text_of(case, "test") {
        "TestEnvsubst" => BTreeMap::from([("REPO_NAME".to_owned(), "test".to_owned())]),
        _ => BTreeMap::new(),
    };
    let environment = Environment { directory: dir.to_owned(), variables };
    let (exit, said) = run_in(&args, &environment, input, cluster.clone()).await;
    if let Some(file) = filled {
        // What could not be removed is a temporary file.
        let _ = std::fs::remove_file(file);
    }
    judge(dir, case, &names, (exit, &said))
}

/// Fills a file that is a template, and lets the arguments name the filled one.
fn fill_file(
    dir: &Path,
    args: &mut [String],
    (number, names): (usize, &BTreeMap<String, String>),
) -> anyhow::Result<Option<PathBuf>> {
    let at = args.iter().position(|arg| arg == "--kustomization-file");
    let Some(arg) = at.and_then(|at| args.get_mut(at + 1)) else { return Ok(None) };
    let Ok(text) = std::fs::read_to_string(dir.join(&arg)) else { return Ok(None) };
    if !text.contains("{{ .") {
        return Ok(None);
    }
    let file = std::env::temp_dir().join(format!("flux-case-{}-{number}.yaml", std::process::id()));
    std::fs::write(&file, fill(&text, names))?;
    *arg = file.display().to_string();
    Ok(Some(file))
}

fn judge(
    dir: &Path,
    case: &Value,
    names: &BTreeMap<String, String>,
    (exit, said): (Exit, &Captured),
) -> anyhow::Result<()> {
    let expect = case.get("expect").context("expect")?;
    if let Some(error) = expect.get("error").and_then(Value::as_str) {
        let error = fill(error, names);
        let errors = said.errors();
        if exit == Exit::SUCCESS || !errors.ends_with(&format!("✗ {error}\n")) {
            bail!("status {}\nwant error: {error}\n got: {}", exit.0, said.both());
        }
        return Ok(());
    }
    let mut got = said.both();
    let changes = exit.0 == 1 && got.ends_with(CHANGED);
    if changes {
        got.truncate(got.len() - CHANGED.len());
    } else if exit != Exit::SUCCESS {
        bail!("status {}\n{got}", exit.0);
    }
    let want = if let Some(file) = expect.get("golden").and_then(Value::as_str) {
        fill(&std::fs::read_to_string(dir.join(file))?, names)
    } else if let Some(text) = expect.get("stdout").and_then(Value::as_str) {
        fill(text, names)
    } else {
        return Ok(());
    };
    // The recorded version is that of a build without one.
    let want = want.replace("v0.0.0-dev.0", concat!("v", env!("CARGO_PKG_VERSION")));
    compare(&want, &got)
}

fn compare(want: &str, got: &str) -> anyhow::Result<()> {
    if want != got {
        bail!("{}", difference(want, got));
    }
    Ok(())
}

/// Shows where two texts part.
fn difference(want: &str, got: &str) -> String {
    let (want, got): (Vec<&str>, Vec<&str>) =
        (want.split('\n').collect(), got.split('\n').collect());
    let same = want.iter().zip(&got).take_while(|(one, other)| one == other).count();
    let around = |lines: &[&str]| {
        let shown = lines.iter().skip(same).take(12).map(|line| format!("{line:?}"));
        shown.collect::<Vec<_>>().join("\n  ")
    };
    format!("line {}\nwant:\n  {}\ngot:\n  {}", same + 1, around(&want), around(&got))
}

/// Migrates copies of files and compares them and what is said.
async fn migrate_case(dir: &Path, case: &Value) -> anyhow::Result<()> {
    let scratch = std::env::temp_dir().join(format!(
        "flux-migrate-{}-{:x}",
        std::process::id(),
        std::ptr::from_ref(case).addr()
    ));
    let outcome = migrate_in(dir, &scratch, case).await;
    // What could not be removed is a temporary file.
    let _ = std::fs::remove_dir_all(&scratch);
    outcome
}

async fn migrate_in(dir: &Path, scratch: &Path, case: &Value) -> anyhow::Result<()> {
    copy(&dir.join("testdata/migrate"), &scratch.join("testdata/migrate"))?;
    let args = ["migrate", "-f", text_of(case, "path"), "--yes"].map(str::to_owned);
    let (_server, cluster) = start().await?;
    let (exit, said) = run(&args, scratch, Vec::new(), cluster).await;
    if let Some(error) = case.get("error").and_then(Value::as_str) {
        if exit == Exit::SUCCESS || !said.errors().ends_with(&format!("✗ {error}\n")) {
            bail!("want error: {error}\n got: {}", said.both());
        }
        return Ok(());
    }
    let golden = std::fs::read_to_string(dir.join(text_of(case, "stderrGolden")))?;
    compare(&golden, &said.errors())?;
    for file in list(case, "writtenFiles") {
        let written = std::fs::read_to_string(scratch.join(text_of(file, "file")))?;
        let want = std::fs::read_to_string(dir.join(text_of(file, "goldenFile")))?;
        compare(&want, &written).with_context(|| text_of(file, "file").to_owned())?;
    }
    Ok(())
}

/// Copies a directory.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_name().to_string_lossy().ends_with("-link.yaml") {
            // The data were copied without links: such a file holds what the link points to.
            std::os::unix::fs::symlink(std::fs::read_to_string(entry.path())?.trim(), target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Starts an API server that serves the kinds of Flux.
async fn start() -> anyhow::Result<(Server, Cluster)> {
    let server = Server::start(Options { controllers: Controllers::NONE, ..Options::default() })?;
    let cluster = Cluster::from_service(server.service(), server.admin_token());
    flux_host::definitions(&cluster).await?;
    Ok((server, cluster))
}

/// Runs a command.
async fn run(
    args: &[String],
    directory: &Path,
    input: Vec<u8>,
    cluster: Cluster,
) -> (Exit, Captured) {
    let environment = Environment { directory: PathBuf::from(directory), ..Environment::default() };
    run_in(args, &environment, input, cluster).await
}

async fn run_in(
    args: &[String],
    environment: &Environment,
    input: Vec<u8>,
    cluster: Cluster,
) -> (Exit, Captured) {
    let (mut io, captured) = Io::captured(input);
    let words = std::iter::once("flux").chain(args.iter().map(String::as_str));
    let exit =
        flux_cli::run(words.map(Into::into).collect(), environment, &mut io, Some(cluster)).await;
    (exit, captured)
}

/// Creates an object, its status as well; namespaces may be there.
async fn create(cluster: &Cluster, object: &Object) -> anyhow::Result<()> {
    let write = Write::by("test");
    let created = match cluster.create(object, &write).await {
        Ok(created) => created,
        Err(error) if error.is_already_exists() && object.kind() == "Namespace" => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let Some(status) = object.pointer("/status").cloned() else { return Ok(()) };
    let mut with_status = created;
    with_status.edit(|fields| fields.insert("status".to_owned(), status));
    match cluster.update(&with_status, &write.to("status")).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        // Kinds without a status have no such part.
        _ => Ok(()),
    }
}

/// Keeps the time of an object's Ready condition under the name that templates use for it.
fn remember_time(object: &Object, names: &mut BTreeMap<String, String>) {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|it| it["type"] == "Ready");
    let Some(time) = ready.and_then(|it| it["lastTransitionTime"].as_str()) else { return };
    let Ok(time) = time.parse::<jiff::Timestamp>() else { return };
    let shown = time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %z %Z");
    let mut kind: Vec<char> = object.kind().chars().collect();
    let head = kind.iter().take_while(|it| it.is_uppercase()).count();
    let lower = if head > 1 { head - 1 } else { 1 };
    for letter in kind.iter_mut().take(lower) {
        letter.make_ascii_lowercase();
    }
    let key = format!("{}LastReconcile", kind.into_iter().collect::<String>());
    names.insert(key, shown.to_string());
}

/// Puts values into a template that only names them.
fn fill(text: &str, names: &BTreeMap<String, String>) -> String {
    let filled = names.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{ .{name} }}}}"), value)
    });
    // The files are templates; a loop over what is not there prints nothing.
    let mut rest = filled.as_str();
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("{{range ") {
        text.push_str(before);
        rest = after.split_once("{{end}}").map_or("", |(_, after)| after);
    }
    text + rest
}

/// Splits a command line as a shell does: single and double quotes, backslashes.
fn shell_words(text: &str) -> anyhow::Result<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('"') | None, '\\') => {
                word.get_or_insert_default().push(letters.next().context("a lone backslash")?);
            }
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        bail!("a quote is not closed in {text}");
    }
    words.extend(word);
    Ok(words)
}

fn object(value: Value) -> anyhow::Result<Object> {
    Ok(Object::try_from(value)?)
}

fn target(kind: &str, namespace: &str, name: &str) -> Target {
    Target::new(GroupVersionKind::new("", "v1", kind), namespace, name)
}
