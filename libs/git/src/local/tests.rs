use std::fs;

use super::*;

#[test]
fn a_plain_directory_has_a_revision_that_follows_its_content() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/a"), "one").unwrap();
    let directory = Directory::open(dir.path()).unwrap();
    assert!(!directory.is_repository());
    assert!(directory.remote_urls().is_empty());
    let first = directory.snapshot(Mode::Worktree).unwrap();
    assert!(first.revision.starts_with("worktree@sha256:"), "{}", first.revision);
    assert_eq!(first.revision, directory.snapshot(Mode::Worktree).unwrap().revision);
    assert_eq!(&*first.tree.read("sub/a").unwrap(), b"one");
    fs::write(dir.path().join("sub/a"), "two").unwrap();
    let second = directory.snapshot(Mode::Worktree).unwrap();
    assert_ne!(first.revision, second.revision);
    assert!(directory.snapshot(Mode::Head).is_err());
}

#[test]
fn a_directory_inside_a_repository_can_stand_for_itself_alone() {
    let dir = tempfile::tempdir().unwrap();
    gix::init(dir.path()).unwrap();
    fs::create_dir(dir.path().join("apps")).unwrap();
    fs::write(dir.path().join("apps/a"), "one").unwrap();
    fs::write(dir.path().join("other"), "one").unwrap();
    let whole = Directory::open(&dir.path().join("apps")).unwrap();
    let alone = whole.clone().scoped(Scope::Directory);
    assert_eq!(&*whole.snapshot(Mode::Worktree).unwrap().tree.read("apps/a").unwrap(), b"one");
    let first = alone.snapshot(Mode::Worktree).unwrap();
    assert_eq!(&*first.tree.read("a").unwrap(), b"one");
    assert!(first.tree.read("other").is_err());
    fs::write(dir.path().join("other"), "two").unwrap();
    assert_eq!(alone.snapshot(Mode::Worktree).unwrap().revision, first.revision);
    fs::write(dir.path().join("apps/a"), "two").unwrap();
    assert_ne!(alone.snapshot(Mode::Worktree).unwrap().revision, first.revision);
}
