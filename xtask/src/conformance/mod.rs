//! Compares the engines with recorded answers of the original programs.
//!
//! Each area is one module with one function: it reads the cases below the root and returns an
//! outcome for each. A known deviation stands in `xtask/deviations.txt` and counts as failed.

mod apiserver;
mod cel;
mod cli;
mod envsubst;
mod flux_build;
mod gotemplate;
mod goyaml;
mod goyaml_helm;
mod helm;
mod helm_real;
mod helm_values;
mod kstatus;
mod kustomize;
mod kustomize_filters;
mod plan;
mod read_objects;
mod repos;
mod sops;
mod sourceignore;
mod sprig;
mod traces;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workspace;

/// The outcome of one case: its name, and what differed if anything did.
pub(crate) struct Case {
    /// Name inside the area.
    pub(crate) name: String,
    /// `Err` says in a few lines what was wanted and what came.
    pub(crate) outcome: Result<(), String>,
}

impl Case {
    /// Compares two texts or values.
    pub(crate) fn compare<T: PartialEq + std::fmt::Debug>(
        name: impl Into<String>,
        got: &T,
        want: &T,
    ) -> Self {
        let outcome =
            if got == want { Ok(()) } else { Err(format!("want: {want:#?}\n got: {got:#?}")) };
        Self { name: name.into(), outcome }
    }
}

/// Reads all cases of an area below the root folder of the recorded answers.
type Area = fn(&Path) -> anyhow::Result<Vec<Case>>;

/// Every area, in the order of the report.
const AREAS: &[(&str, Area)] = &[
    ("cel", cel::cases),
    ("cli", cli::cases),
    ("apiserver", apiserver::cases),
    ("dependency_sort", plan::dependency_sort),
    ("envsubst", envsubst::cases),
    ("flux-build", flux_build::cases),
    ("gotemplate", gotemplate::cases),
    ("goyaml", goyaml::cases),
    ("goyaml-helm", goyaml_helm::cases),
    ("helm", helm::cases),
    ("helm-real", helm_real::cases),
    ("kstatus", kstatus::cases),
    ("kustomize", kustomize::cases),
    ("kustomize-derived", kustomize::derived),
    ("kustomize-filters", kustomize_filters::cases),
    ("repos", repos::cases),
    ("sops", sops::cases),
    ("sourceignore", sourceignore::cases),
    ("sprig", sprig::cases),
    ("ssa", plan::ssa),
    ("ssa-read-objects", read_objects::cases),
    ("traces", traces::cases),
];

struct Options {
    areas: Vec<String>,
    root: PathBuf,
    verbose: bool,
}

/// Runs the named areas, all of them if none is named, and prints a line for each.
///
/// # Errors
/// An unknown area, an unreadable file. Failing cases are no error: they are the report.
pub(crate) fn run(args: &[String]) -> anyhow::Result<()> {
    let options = parse(args)?;
    if !options.root.is_dir() {
        println!("no recorded answers at {}; nothing to compare", options.root.display());
        println!("0 passed, 0 failed");
        return Ok(());
    }
    let deviations = deviations()?;
    let (mut passed, mut failed) = (0, 0);
    for (name, area) in selected(&options.areas)? {
        let cases = area(&options.root).with_context(|| format!("area {name}"))?;
        let good = cases.iter().filter(|case| case.outcome.is_ok()).count();
        println!("{name} {good}/{}", cases.len());
        passed += good;
        failed += cases.len() - good;
        for case in &cases {
            print_failure(name, case, &deviations, options.verbose);
        }
    }
    println!("{passed} passed, {failed} failed");
    Ok(())
}

fn print_failure(area: &str, case: &Case, deviations: &BTreeMap<String, String>, verbose: bool) {
    let Err(detail) = &case.outcome else { return };
    let full = format!("{area}/{}", case.name);
    match deviations.get(&full) {
        Some(reason) => println!("  failed {full} (known: {reason})"),
        None => println!("  failed {full}"),
    }
    if verbose {
        for line in detail.lines() {
            println!("      {line}");
        }
    }
}

fn parse(args: &[String]) -> anyhow::Result<Options> {
    let default = std::env::var_os("FLUX_CONFORMANCE").map_or_else(default_root, PathBuf::from);
    let mut options = Options { areas: Vec::new(), root: default, verbose: false };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-v" => options.verbose = true,
            "--root" => options.root = args.next().context("--root needs a directory")?.into(),
            area => options.areas.push(area.to_owned()),
        }
    }
    Ok(options)
}

fn default_root() -> PathBuf {
    workspace().join("../shared/conformance")
}

fn selected(names: &[String]) -> anyhow::Result<Vec<(&'static str, Area)>> {
    if names.is_empty() {
        return Ok(AREAS.to_vec());
    }
    let find = |name: &String| {
        let known = || AREAS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let found = AREAS.iter().find(|(area, _)| area == name).copied();
        found.with_context(|| format!("unknown area `{name}`, known are: {}", known()))
    };
    names.iter().map(find).collect()
}

/// Reads `AREA/CASE: reason` lines; `#` begins a comment.
fn deviations() -> anyhow::Result<BTreeMap<String, String>> {
    let file = workspace().join("xtask/deviations.txt");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (case, reason) =
                line.split_once(": ").with_context(|| format!("no reason in `{line}`"))?;
            Ok((case.to_owned(), reason.to_owned()))
        })
        .collect()
}
