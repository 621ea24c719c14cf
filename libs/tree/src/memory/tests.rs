use super::*;

#[test]
fn a_file_replaces_what_stood_at_its_path() {
    let mut tree = MemoryTree::from_files([("a/b", "old")]).unwrap();
    tree.insert_executable("a/b", "new").unwrap();
    assert_eq!(&*tree.read("a/b").unwrap(), b"new");
    assert_eq!(tree.stat("a/b").unwrap(), Kind::File { executable: true });
}

#[test]
fn a_path_through_a_file_is_refused() {
    let mut tree = MemoryTree::from_files([("a", "file")]).unwrap();
    assert!(matches!(tree.insert("a/b", "x"), Err(TreeError::NotADirectory { .. })));
    assert!(matches!(tree.insert("../b", "x"), Err(TreeError::Escapes { .. })));
    assert!(matches!(tree.insert(".", "x"), Err(TreeError::NotAFile { .. })));
}

#[test]
fn removing_takes_everything_below_along() {
    let mut tree = MemoryTree::from_files([("a/b/c", "x"), ("a/d", "y")]).unwrap();
    assert!(tree.remove("a/b"));
    assert!(!tree.remove("a/b"));
    assert_eq!(tree, MemoryTree::from_files([("a/d", "y")]).unwrap());
}

#[test]
fn a_copy_of_a_directory_begins_at_that_directory() {
    let tree = MemoryTree::from_files([("a/b/c", "x"), ("d", "y")]).unwrap();
    let copy = MemoryTree::copy_of(&tree, "a").unwrap();
    assert_eq!(copy, MemoryTree::from_files([("b/c", "x")]).unwrap());
}

#[test]
fn a_very_deep_tree_is_dropped_without_exhausting_the_stack() {
    let mut tree = MemoryTree::new();
    tree.create_directory(&"d/".repeat(100_000)).unwrap();
    drop(tree);
}
