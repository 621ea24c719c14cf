//! The API server against recorded answers of kube-apiserver, by the replayer beside them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use super::Case;

/// The users that the recorded cases name, in the format of `--token-auth-file`.
const TOKENS: &str = "admin-token,admin,u-admin,system:masters
alice-token,alice,u-alice,dev
bob-token,bob,u-bob,\"ops,dev\"
carol-token,carol,u-carol
imp-token,impersonator,u-imp,imps
";

/// Folders of cases; what else lies there belongs to the replayer.
const FOLDERS: [&str; 9] =
    ["auth", "builtin", "crd", "crud", "discovery", "flux", "lists", "patch", "ssa"];

/// Replays everything against a fresh server.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let dir = root.join("apiserver");
    if !dir.is_dir() {
        println!("no recorded answers at {}", dir.display());
        return Ok(Vec::new());
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("python3 is missing, which runs the replayer");
        return Ok(Vec::new());
    }
    let server = Server::start()?;
    let mut all = Vec::new();
    for folder in FOLDERS {
        all.extend(folder_cases(&dir, folder, &server)?);
    }
    Ok(all)
}

fn folder_cases(dir: &Path, folder: &str, server: &Server) -> anyhow::Result<Vec<Case>> {
    let output = Command::new("python3")
        .current_dir(dir)
        .arg("replay.py")
        .args(["--server", &server.url, "--token-file", "tokens.json", "--sleep-factor", "0"])
        .args(["--jobs", "4", "--filter", &format!("{folder}/"), "."])
        .output()
        .context("replay.py")?;
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    if !report.contains(" passed, ") {
        bail!("the replayer failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut failures: BTreeMap<&str, String> = BTreeMap::new();
    let mut current = None;
    for line in report.lines() {
        if let Some(name) = line.strip_prefix("FAIL ") {
            current = Some(name);
            failures.entry(name).or_default();
        } else if let Some(text) = current.and_then(|name| failures.get_mut(name)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let names = case_names(&dir.join(folder), folder)?;
    let outcome = |name: String| {
        let failure = failures.get(name.as_str()).cloned();
        Case { outcome: failure.map_or(Ok(()), Err), name }
    };
    Ok(names.into_iter().map(outcome).collect())
}

fn case_names(dir: &Path, folder: &str) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            names.push(format!("{folder}/{stem}"));
        }
    }
    names.sort();
    Ok(names)
}

/// A server that ends with the value.
struct Server {
    child: Child,
    url: String,
    tokens: PathBuf,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let built = Command::new(env!("CARGO"))
            .current_dir(super::workspace())
            .args(["build", "--quiet", "-p", "flux-apiserver", "--example", "serve"])
            .status()
            .context("cargo build")?;
        if !built.success() {
            bail!("the server does not build");
        }
        let tokens = std::env::temp_dir().join(format!("flux-tokens-{}.csv", std::process::id()));
        std::fs::File::create(&tokens)?.write_all(TOKENS.as_bytes())?;
        let mut child = Command::new(env!("CARGO"))
            .current_dir(super::workspace())
            .args(["run", "--quiet", "-p", "flux-apiserver", "--example", "serve", "--"])
            .args(["--compaction-seconds", "10", "--token-auth-file"])
            .arg(&tokens)
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let stdout = child.stdout.take().context("no output from the server")?;
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let url = lines.find_map(|line| Some(line.strip_prefix("serving ")?.to_owned()));
        let url = url.unwrap_or_default();
        let server = Self { child, url, tokens };
        if server.url.is_empty() {
            bail!("the server did not say where it listens");
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.tokens);
    }
}
