use super::*;

#[cfg(unix)]
#[test]
fn files_directories_and_links_are_told_apart() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("sub/run.sh"), "#!").unwrap();
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(dir.path().join("sub/run.sh"), mode).unwrap();
    symlink("sub/run.sh", dir.path().join("link")).unwrap();

    let tree = DiskTree::open(dir.path()).unwrap();
    let kinds: Vec<_> =
        tree.list("").unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
    let want = [("link".to_owned(), Kind::Symlink), ("sub".to_owned(), Kind::Directory)];
    assert_eq!(kinds, want);
    assert_eq!(tree.stat("link").unwrap(), Kind::File { executable: true });
    assert_eq!(&*tree.read("link").unwrap(), b"#!");
}

#[cfg(unix)]
#[test]
fn an_absolute_link_counts_as_inside_only_below_the_root() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("deep/er")).unwrap();
    fs::write(root.join("file"), "in").unwrap();
    fs::write(dir.path().join("secret"), "out").unwrap();
    let tree = DiskTree::open(&root).unwrap();
    symlink(tree.root().join("file"), root.join("deep/er/in")).unwrap();
    symlink(dir.path().join("secret"), root.join("deep/er/out")).unwrap();

    assert_eq!(&*tree.read("deep/er/in").unwrap(), b"in");
    assert!(matches!(tree.read("deep/er/out"), Err(TreeError::Escapes { .. })));
}

#[test]
fn a_missing_root_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    assert!(DiskTree::open(&dir.path().join("none")).unwrap_err().is_not_found());
}
