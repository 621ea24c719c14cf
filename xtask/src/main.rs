//! Automation of this workspace: test, tidy, conformance, bench.

mod conformance;
mod tidy;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Context;

const USAGE: &str = "usage: cargo xtask <command>

commands:
  test [ARGS…]                          run all tests of the workspace (ARGS go to cargo test)
  tidy                                  check directions, sizes and words
  conformance [AREA…] [--root DIR] [-v] compare with the recorded answers of the original
  bench [AREA…]                         measure speed in a release build: yaml,
                                        apiserver, controllers
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.split_first() {
        Some((command, rest)) => dispatch(command, rest),
        None => Err(anyhow::anyhow!("{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, args: &[String]) -> anyhow::Result<()> {
    match command {
        "conformance" => conformance::run(args),
        "bench" => bench(args),
        "test" => test(args),
        "tidy" => tidy::run(),
        other => anyhow::bail!("unknown command `{other}`\n{USAGE}"),
    }
}

/// What is measured, by name: the crate and its example.
const BENCHES: &[(&str, &str, &str)] = &[
    ("yaml", "flux-yaml", "throughput"),
    ("apiserver", "flux-apiserver", "speed"),
    ("controllers", "flux-host", "controllers"),
];

/// Runs the named measurements, all of them if none is named.
fn bench(args: &[String]) -> anyhow::Result<()> {
    let is_known = |area: &String| BENCHES.iter().any(|(name, ..)| name == area);
    if let Some(area) = args.iter().find(|area| !is_known(area)) {
        anyhow::bail!("unknown area `{area}`\n{USAGE}");
    }
    let is_wanted = |name: &str| args.is_empty() || args.iter().any(|area| area == name);
    for (name, package, example) in BENCHES.iter().filter(|(name, ..)| is_wanted(name)) {
        println!("{name}");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        let example = ["run", "--release", "--package", package, "--example", example];
        let status = command.current_dir(workspace()).args(example).status();
        anyhow::ensure!(status.context("cannot run cargo")?.success(), "{name} failed");
    }
    Ok(())
}

/// Runs every test of the workspace.
fn test(args: &[String]) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace()).args(["test", "--workspace"]).args(args);
    let status = command.status().context("cannot run cargo")?;
    anyhow::ensure!(status.success(), "tests failed");
    Ok(())
}

/// The root folder of the workspace.
fn workspace() -> PathBuf {
    let mut dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    dir.pop();
    dir
}
