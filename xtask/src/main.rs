//! Automation of this workspace: test, tidy, conformance, bench.

mod conformance;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

commands:
  test [ARGS…]                          run all tests of the workspace
  tidy                                  check directions, sizes and words
  conformance [AREA…] [--root DIR] [-v] compare with the recorded answers of the original
  bench [AREA…]                         measure ratios
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
        other => anyhow::bail!("unknown command `{other}`\n{USAGE}"),
    }
}
