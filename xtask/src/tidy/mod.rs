//! Checks what the compiler does not: dependency directions, sizes, words.
//!
//! Every finding is a line `FILE:LINE: what is wrong and what to do`.

mod directions;
mod source;

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::workspace;

/// Runs all checks over the workspace.
///
/// # Errors
/// Findings, each printed before; unreadable files.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = workspace();
    let mut findings = directions::check(&root)?;
    let mut files = 0;
    for dir in ["libs", "crates", "xtask"] {
        for file in rust_files(&root.join(dir))? {
            let text =
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
            findings.extend(source::check(&name, &text));
            files += 1;
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    anyhow::ensure!(findings.is_empty(), "{} finding(s) in {files} files", findings.len());
    println!("tidy: {files} files, nothing found");
    Ok(())
}

/// Lists the `.rs` files below a folder, sorted, build output left out.
fn rust_files(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![dir.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "target") {
                    pending.push(path);
                }
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
