//! Who may depend on whom.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

/// One crate as its manifest describes it.
struct Crate {
    /// Folder below the root, such as `libs/yaml`.
    dir: String,
    /// Names under `[dependencies]`.
    dependencies: Vec<String>,
    /// Names under `[build-dependencies]`.
    build: Vec<String>,
}

/// Crates that stand for controllers: none names another, and only `host` names them.
const CONTROLLERS: &[&str] = &[
    "flux-source-controller",
    "flux-kustomize-controller",
    "flux-helm-controller",
    "flux-notification-controller",
    "flux-image-reflector-controller",
    "flux-image-automation-controller",
    "flux-source-watcher",
    "flux-flagger",
];

/// Foreign crates that stay behind one crate of ours.
const BEHIND_ONE: &[(&str, &str)] = &[
    ("kube", "crates/cluster"),
    ("k8s-openapi", "crates/cluster"),
    ("gix", "libs/git"),
    ("gix-transport", "libs/git"),
    ("russh", "crates/ssh"),
];

/// What engines must not pull in.
const NOT_IN_LIBS: &[&str] = &["tokio", "hyper", "kube", "tracing", "clap", "axum"];

/// Checks every manifest of the workspace.
pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let crates = crates(root)?;
    let mut findings = Vec::new();
    for (name, it) in &crates {
        for dependency in it.dependencies.iter().chain(&it.build) {
            if let Some(problem) = problem(name, it, dependency, &crates) {
                findings.push(format!("{}/Cargo.toml:1: {problem}", it.dir));
            }
        }
    }
    Ok(findings)
}

fn problem(
    name: &str,
    it: &Crate,
    dependency: &str,
    crates: &BTreeMap<String, Crate>,
) -> Option<String> {
    let in_libs = it.dir.starts_with("libs/");
    let target = crates.get(dependency).map(|target| target.dir.as_str());
    if in_libs && target.is_some_and(|dir| dir.starts_with("crates/")) {
        return Some(format!("an engine names `{dependency}`; libs/ never names crates/"));
    }
    if in_libs && NOT_IN_LIBS.contains(&dependency) {
        return Some(format!("an engine names `{dependency}`; engines have no runtime"));
    }
    if dependency == "flux-testkit" && name != "flux-testkit" {
        return Some("`flux-testkit` belongs under dev-dependencies".to_owned());
    }
    // What tests share composes too; it is no part of the product.
    let composes = it.dir == "crates/host" || it.dir == "crates/testkit";
    if !composes && (CONTROLLERS.contains(&dependency) || dependency == "flux-apiserver") {
        return Some(format!(
            "names `{dependency}`; only crates/host composes controllers and server"
        ));
    }
    let owner =
        BEHIND_ONE.iter().find(|(foreign, _)| *foreign == dependency).map(|(_, owner)| *owner);
    if let Some(owner) = owner.filter(|owner| *owner != it.dir) {
        return Some(format!("names `{dependency}`, which stays behind {owner}"));
    }
    None
}

fn crates(root: &Path) -> anyhow::Result<BTreeMap<String, Crate>> {
    let mut crates = BTreeMap::new();
    for group in ["libs", "crates"] {
        for entry in std::fs::read_dir(root.join(group))? {
            let dir = entry?.path();
            let file = dir.join("Cargo.toml");
            let text =
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let folder = dir.file_name().and_then(|name| name.to_str()).context("folder name")?;
            let name =
                value(&text, "name").with_context(|| format!("no name in {group}/{folder}"))?;
            let expected =
                if folder == "flux" { "flux".to_owned() } else { format!("flux-{folder}") };
            anyhow::ensure!(
                name == expected,
                "{group}/{folder} must be named `{expected}`, not `{name}`"
            );
            let it = Crate {
                dir: format!("{group}/{folder}"),
                dependencies: section(&text, "[dependencies]"),
                build: section(&text, "[build-dependencies]"),
            };
            crates.insert(name, it);
        }
    }
    Ok(crates)
}

fn value(text: &str, key: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split('=').next().is_some_and(|k| k.trim() == key))?;
    Some(line.split_once('=')?.1.trim().trim_matches('"').to_owned())
}

/// Names that a section of a manifest lists, one a line.
fn section(text: &str, header: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| line.trim() != header).skip(1);
    lines
        .take_while(|line| !line.trim_start().starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> BTreeMap<String, Crate> {
        let of = |dir: &str| Crate { dir: dir.to_owned(), dependencies: vec![], build: vec![] };
        ["libs/yaml", "crates/api", "crates/host", "crates/source-controller", "crates/cluster"]
            .into_iter()
            .map(|dir| (dir.replace("libs/", "flux-").replace("crates/", "flux-"), of(dir)))
            .collect()
    }

    fn allowed(name: &str, dependency: &str) -> bool {
        let world = world();
        problem(name, &world[name], dependency, &world).is_none()
    }

    #[test]
    fn engines_do_not_name_crates_or_a_runtime() {
        assert!(!allowed("flux-yaml", "flux-api"));
        assert!(!allowed("flux-yaml", "tokio"));
        assert!(allowed("flux-api", "flux-yaml"));
    }

    #[test]
    fn only_host_names_controllers_and_only_cluster_names_the_client() {
        assert!(!allowed("flux-api", "flux-source-controller"));
        assert!(allowed("flux-host", "flux-source-controller"));
        assert!(!allowed("flux-host", "kube"));
        assert!(allowed("flux-cluster", "kube"));
    }

    #[test]
    fn a_section_lists_names_with_and_without_tables() {
        let text = "[dependencies]\na.workspace = true\nb = { version = \"1\" }\n\n[lints]\nworkspace = true\n";
        assert_eq!(section(text, "[dependencies]"), ["a", "b"]);
    }
}
