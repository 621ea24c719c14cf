use super::*;
use crate::MemoryTree;

fn mounted() -> MountedTree {
    let base = MemoryTree::from_files([("a/own", "base"), ("inc/hidden", "base")]).unwrap();
    let other = MemoryTree::from_files([("sub/x/file", "other"), ("top", "other")]).unwrap();
    let other: Arc<dyn Tree> = Arc::new(other);
    MountedTree::new(Arc::new(base))
        .mount("inc", Arc::clone(&other), "sub")
        .and_then(|tree| tree.mount("a/new/deep", other, ""))
        .unwrap()
}

#[test]
fn a_mounted_directory_hides_what_was_there() {
    let names: Vec<_> =
        mounted().list("inc").unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["x"]);
    assert_eq!(&*mounted().read("inc/x/file").unwrap(), b"other");
    assert!(mounted().read("inc/hidden").is_err());
}

#[test]
fn directories_on_the_way_to_a_mount_exist() {
    let mut seen = Vec::new();
    crate::walk::<TreeError>(&mounted(), "a", &mut |path, _| {
        seen.push(path.to_owned());
        Ok(crate::Visit::Continue)
    })
    .unwrap();
    let want = [
        "a/new",
        "a/new/deep",
        "a/new/deep/sub",
        "a/new/deep/sub/x",
        "a/new/deep/sub/x/file",
        "a/new/deep/top",
        "a/own",
    ];
    assert_eq!(seen, want);
}

#[test]
fn only_a_directory_can_be_mounted_and_not_at_the_root() {
    let tree: Arc<dyn Tree> = Arc::new(MemoryTree::from_files([("file", "x")]).unwrap());
    let fresh = || MountedTree::new(Arc::new(MemoryTree::new()));
    assert!(fresh().mount("at", Arc::clone(&tree), "file").is_err());
    assert!(fresh().mount("../at", Arc::clone(&tree), "").is_err());
    assert!(fresh().mount("", tree, "").is_err());
}
