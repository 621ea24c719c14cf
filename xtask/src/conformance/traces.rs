//! What the original controllers did on a real API server, played again on the embedded one.

use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::Case;

/// Plays every run that there is a player for.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let folder = root.join("traces");
    if !folder.is_dir() {
        println!("no recorded runs at {}", folder.display());
        return Ok(Vec::new());
    }
    let output = Command::new(env!("CARGO"))
        .current_dir(super::workspace())
        .args(["run", "--quiet", "-p", "flux-testkit", "--features", "worlds"])
        .args(["--example", "traces", "--"])
        .arg(&folder)
        .output()
        .context("starting the player")?;
    anyhow::ensure!(
        output.status.success(),
        "the player failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).lines().map(case).collect()
}

fn case(line: &str) -> anyhow::Result<Case> {
    let (name, differences): (String, Vec<String>) =
        serde_json::from_str(line).with_context(|| line.to_owned())?;
    let outcome = if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) };
    Ok(Case { name, outcome })
}
