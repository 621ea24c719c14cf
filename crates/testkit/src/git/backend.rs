//! The git program.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// Reports whether there is a git program.
pub(super) fn is_installed() -> bool {
    let quiet = Command::new("git").arg("--version").stdout(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// Returns a command that nothing on this machine configures.
fn command(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Trace")
        .env("GIT_AUTHOR_EMAIL", "trace@example.com")
        .env("GIT_COMMITTER_NAME", "Trace")
        .env("GIT_COMMITTER_EMAIL", "trace@example.com")
        .env("GIT_COMMITTER_DATE", "1767225600 +0000")
        .env("GIT_AUTHOR_DATE", "1767225600 +0000")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs git with this input and returns what it printed.
pub(super) fn git(directory: &Path, arguments: &[&str], input: &[u8]) -> anyhow::Result<String> {
    let mut command = command(directory);
    command.args(arguments);
    let (success, out, error) = run(command, input)?;
    ensure!(success, "{}", String::from_utf8_lossy(&error).trim());
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Runs a program with this input; returns whether it succeeded, and its two outputs.
fn run(mut command: Command, input: &[u8]) -> anyhow::Result<(bool, Vec<u8>, Vec<u8>)> {
    let mut child = command.spawn().context("start git")?;
    let mut stdin = child.stdin.take().context("stdin")?;
    let mut stderr = child.stderr.take().context("stderr")?;
    let mut stdout = child.stdout.take().context("stdout")?;
    let (mut out, mut error) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        // A program that does not read its input is no failure.
        scope.spawn(move || stdin.write_all(input).ok());
        scope.spawn(|| stderr.read_to_end(&mut error));
        stdout.read_to_end(&mut out)
    })?;
    Ok((child.wait()?.success(), out, error))
}

/// One request in the terms of CGI.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) content_type: String,
    pub(super) encoding: String,
    pub(super) protocol: String,
    pub(super) body: Vec<u8>,
}

/// What `git http-backend` answers.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Has `git http-backend` answer a request for a repository below `root`.
pub(super) fn answer(root: &Path, request: &Request) -> anyhow::Result<Answer> {
    let mut command = command(root);
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", &request.content_type)
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", &request.encoding)
        .env("GIT_PROTOCOL", &request.protocol)
        .env("REMOTE_USER", "tester");
    let (_, out, error) = run(command, &request.body)?;
    let at = out.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let at = at.with_context(|| String::from_utf8_lossy(&error).into_owned())?;
    let (head, body) = out.split_at(at);
    let mut answer =
        Answer { status: 200, headers: Vec::new(), body: body.get(4..).unwrap_or_default().into() };
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name.eq_ignore_ascii_case("status") {
            answer.status = value.split(' ').next().unwrap_or_default().parse()?;
        } else {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(answer)
}
