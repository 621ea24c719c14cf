//! Replaces versions in the text of files; comments, layout and templates stay.

use std::path::{Component, Path, PathBuf};

use crate::CliError;
use crate::cobra::Matches;
use crate::context::Context;
use crate::create::go_error;

/// Group, kind and version since Flux 2.7.
const LATEST: &[(&str, &str, &str)] = &[
    ("source.toolkit.fluxcd.io", "Bucket", "v1"),
    ("source.toolkit.fluxcd.io", "GitRepository", "v1"),
    ("source.toolkit.fluxcd.io", "OCIRepository", "v1"),
    ("source.toolkit.fluxcd.io", "HelmRepository", "v1"),
    ("source.toolkit.fluxcd.io", "HelmChart", "v1"),
    ("source.toolkit.fluxcd.io", "ExternalArtifact", "v1"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "v1"),
    ("helm.toolkit.fluxcd.io", "HelmRelease", "v2"),
    ("notification.toolkit.fluxcd.io", "Receiver", "v1"),
    ("notification.toolkit.fluxcd.io", "Alert", "v1beta3"),
    ("notification.toolkit.fluxcd.io", "Provider", "v1beta3"),
    ("image.toolkit.fluxcd.io", "ImageRepository", "v1"),
    ("image.toolkit.fluxcd.io", "ImagePolicy", "v1"),
    ("image.toolkit.fluxcd.io", "ImageUpdateAutomation", "v1"),
    ("source.extensions.fluxcd.io", "ArtifactGenerator", "v1beta1"),
];

/// The versions of Flux that files can be migrated to.
const RELEASES: [&str; 4] = ["2.9", "2.8", "2.7", "2.6"];

/// Returns the version of a kind in a release.
fn version_in(release: &str, group: &str, kind: &str) -> Option<&'static str> {
    let found = LATEST.iter().find(|(it, of, _)| *it == group && *of == kind)?;
    match (release, group) {
        ("2.6", "image.toolkit.fluxcd.io") => Some("v1beta2"),
        ("2.6", "source.extensions.fluxcd.io") => None,
        _ => Some(found.2),
    }
}

/// A line whose version is replaced.
struct Upgrade {
    line: usize,
    kind: String,
    old: String,
    new: &'static str,
}

/// Migrates a file or a directory.
pub(super) fn run(path: &str, matches: &Matches, cx: &mut Context<'_>) -> Result<(), CliError> {
    let release = matches.some("version").unwrap_or(RELEASES[0]);
    if !RELEASES.contains(&release) {
        return Err(CliError::Usage(format!(
            "version {release} is not supported, supported versions are: {}",
            RELEASES.join(", ")
        )));
    }
    cx.io.action("starting migration of custom resources")?;
    let mut changes = Vec::new();
    for file in files(&clean(path)?, &matches.list("extensions"), cx)? {
        let text = read(&file, cx)?;
        let upgrades = detect(&file, &text, release, cx)?;
        for upgrade in &upgrades {
            let Upgrade { line, kind, old, new } = upgrade;
            cx.io.generate(&format!("{file}:{}: {kind} {old} -> {new}", line + 1))?;
        }
        if !upgrades.is_empty() {
            changes.push((file, upgrades));
        }
    }
    if changes.is_empty() {
        return cx.io.success("no custom resources found that require migration");
    }
    if matches.is_on("dry-run") {
        return cx.io.success("dry-run mode enabled, no changes will be made");
    }
    let question = "Are you sure you want to proceed with the above upgrades";
    if !matches.is_on("yes") && !cx.io.confirm(question)? {
        return Err(CliError::Failed("aborting".to_owned()));
    }
    for (file, upgrades) in &changes {
        rewrite(file, upgrades, cx)?;
        cx.io.success(&format!("file {file} migrated successfully"))?;
    }
    cx.io.success("custom resources migrated successfully")
}

/// Takes what is superfluous out of a path, which must stay below the working directory.
fn clean(path: &str) -> Result<String, CliError> {
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            Component::ParentDir if parts.pop().is_some() => {}
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(CliError::Failed(format!(
                    "failed to stat path {path}: stat {path}: invalid argument"
                )));
            }
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

fn full(path: &str, cx: &Context<'_>) -> PathBuf {
    cx.environment.directory.join(path)
}

fn failed(doing: &str, path: &str, error: &std::io::Error) -> CliError {
    CliError::Failed(format!("failed to {doing} {path}: {}", go_error(path, error)))
}

fn read(path: &str, cx: &Context<'_>) -> Result<String, CliError> {
    let bytes = std::fs::read(full(path, cx)).map_err(|error| failed("read file", path, &error))?;
    // What is no text has no versions to replace.
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// Lists the files to look at.
fn files(path: &str, extensions: &[String], cx: &mut Context<'_>) -> Result<Vec<String>, CliError> {
    let metadata = std::fs::metadata(full(path, cx)).map_err(|error| {
        CliError::Failed(format!(
            "failed to stat path {path}: {}",
            go_error(path, &error).replacen("open", "stat", 1)
        ))
    })?;
    let fits = |name: &str| extensions.iter().any(|end| name.ends_with(end.as_str()));
    if metadata.is_dir() {
        let mut found = Vec::new();
        walk(path, &fits, &mut found, cx)?;
        return Ok(found);
    }
    if !fits(path) {
        return Err(CliError::Failed(format!(
            "file {path} does not match the specified extensions: {}",
            extensions.join(", ")
        )));
    }
    let itself = std::fs::symlink_metadata(full(path, cx));
    if !itself.is_ok_and(|it| it.is_file()) {
        return Err(CliError::Failed(format!("file {path} is irregular")));
    }
    Ok(vec![path.to_owned()])
}

fn walk(
    directory: &str,
    fits: &dyn Fn(&str) -> bool,
    found: &mut Vec<String>,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    let fail = |error| failed("walk directory", directory, &error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(full(directory, cx)).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let kind = entry.file_type().map_err(fail)?;
        if let Some(name) = entry.file_name().to_str() {
            entries.push((name.to_owned(), kind));
        }
    }
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    for (name, kind) in entries {
        let path = if directory == "." { name } else { format!("{directory}/{name}") };
        if kind.is_dir() {
            walk(&path, fits, found, cx)?;
        } else if !fits(&path) {
            continue;
        } else if kind.is_file() {
            found.push(path);
        } else {
            cx.io.warning(&format!("skipping irregular file {path}"))?;
        }
    }
    Ok(())
}

/// Finds the lines with a version that is directly above a kind and not the latest.
fn detect(
    file: &str,
    text: &str,
    release: &str,
    cx: &mut Context<'_>,
) -> Result<Vec<Upgrade>, CliError> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut upgrades = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some(version) = value(line, "apiVersion: ") else { continue };
        let (group, old) = match version.split('/').collect::<Vec<_>>()[..] {
            [group, old] => (group, old),
            [old] => ("", old),
            _ => {
                let text = format!("unexpected GroupVersion string: {version}");
                cx.io.warning(&format!("{file}:{}: {text}", n + 1))?;
                continue;
            }
        };
        let Some(kind) = lines.get(n + 1).and_then(|line| value(line, "kind: ")) else { continue };
        if let Some(new) = version_in(release, group, kind).filter(|new| *new != old) {
            upgrades.push(Upgrade { line: n, kind: kind.to_owned(), old: old.to_owned(), new });
        }
    }
    Ok(upgrades)
}

/// Returns the first word behind a key.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(key)?;
    Some(rest.trim().split(' ').next().unwrap_or_default())
}

fn rewrite(file: &str, upgrades: &[Upgrade], cx: &Context<'_>) -> Result<(), CliError> {
    let text = read(file, cx)?;
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    for upgrade in upgrades {
        if let Some(line) = lines.get_mut(upgrade.line) {
            *line = line.replacen(&upgrade.old, upgrade.new, 1);
        }
    }
    std::fs::write(full(file, cx), lines.join("\n"))
        .map_err(|error| failed("write file", file, &error))
}
