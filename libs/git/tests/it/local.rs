//! A directory on this machine, with a repository that the git program made.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use flux_git::local::{Directory, Mode};

fn git(dir: &Path, arguments: &[&str]) -> bool {
    let status = Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=Trace", "-c", "user.email=trace@example.com"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdout(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// A repository with one commit, or `None` where there is no git.
fn repository() -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    if !git(dir.path(), &["init", "--quiet", "--initial-branch=trunk"]) {
        eprintln!("skipped: this test needs the git program");
        return None;
    }
    for (path, content) in [
        (".gitignore", "*.log\nbuild/\n"),
        ("a.yaml", "one"),
        ("sub/b.yaml", "two"),
        ("build/kept", "tracked"),
    ] {
        let file = dir.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
    assert!(git(dir.path(), &["add", "--force", "."]));
    assert!(git(dir.path(), &["commit", "--quiet", "-m", "first"]));
    assert!(git(dir.path(), &["remote", "add", "origin", "https://example.com/app.git"]));
    Some(dir)
}

#[test]
fn a_clean_directory_has_the_revision_of_its_commit() {
    let Some(dir) = repository() else { return };
    fs::write(dir.path().join("noise.log"), "x").unwrap();
    fs::write(dir.path().join("build/out"), "x").unwrap();
    let directory = Directory::open(&dir.path().join("sub")).unwrap();
    assert_eq!(directory.branch(), "trunk");
    assert_eq!(directory.remote_urls(), ["https://example.com/app.git"]);
    let head = directory.snapshot(Mode::Head).unwrap();
    assert!(head.revision.starts_with("trunk@sha1:"));
    assert_eq!(head.revision, directory.snapshot(Mode::Worktree).unwrap().revision);
    assert_eq!(head.commit.unwrap().subject(), "first");
}

#[test]
fn edits_count_in_the_work_tree_only() {
    let Some(dir) = repository() else { return };
    let directory = Directory::open(dir.path()).unwrap();
    fs::write(dir.path().join("a.yaml"), "edited").unwrap();
    fs::write(dir.path().join("new.yaml"), "new").unwrap();
    fs::remove_file(dir.path().join("sub/b.yaml")).unwrap();
    fs::write(dir.path().join("noise.log"), "x").unwrap();
    let head = directory.snapshot(Mode::Head).unwrap();
    assert_eq!(&*head.tree.read("a.yaml").unwrap(), b"one");
    let now = directory.snapshot(Mode::Worktree).unwrap();
    assert!(now.revision.starts_with("trunk@sha256:"), "{}", now.revision);
    assert_eq!(&*now.tree.read("a.yaml").unwrap(), b"edited");
    assert!(now.tree.is_file("new.yaml"));
    assert!(now.tree.is_file("build/kept"));
    assert!(!now.tree.is_file("sub/b.yaml"));
    assert!(!now.tree.is_file("noise.log"));
}
