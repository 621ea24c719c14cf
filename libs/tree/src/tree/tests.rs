use super::*;
use crate::MemoryTree;

fn linked() -> MemoryTree {
    let mut tree = MemoryTree::from_files([("a/b/file", "text"), ("c/other", "more")]).unwrap();
    tree.insert_symlink("a/up", "../c").unwrap();
    tree.insert_symlink("a/out", "../../etc").unwrap();
    tree.insert_symlink("absolute", "/etc/passwd").unwrap();
    tree.insert_symlink("round", "round").unwrap();
    tree
}

#[test]
fn symlinks_inside_the_root_are_followed() {
    assert_eq!(linked().resolve("a/up/other").unwrap(), "c/other");
    assert_eq!(&*linked().read("./a/../a/up/other").unwrap(), b"more");
    assert_eq!(linked().list("a/up").unwrap().len(), 1);
}

#[test]
fn no_path_and_no_symlink_leaves_the_root() {
    for path in ["..", "a/../../x", "a/out", "absolute"] {
        let failed = linked().resolve(path).unwrap_err();
        assert!(matches!(failed, TreeError::Escapes { .. }), "{path}: {failed}");
    }
}

#[test]
fn a_symlink_to_itself_is_an_error() {
    let failed = linked().read("round").unwrap_err();
    assert!(matches!(failed, TreeError::TooManyLinks { .. }), "{failed}");
}

#[test]
fn a_file_is_no_directory_on_the_way() {
    let failed = linked().read("a/b/file/more").unwrap_err();
    assert!(matches!(failed, TreeError::NotADirectory { .. }), "{failed}");
    assert!(linked().read("a/b/none").unwrap_err().is_not_found());
}

#[test]
fn a_walk_goes_depth_first_and_does_not_follow_symlinks() {
    let mut seen = Vec::new();
    walk::<TreeError>(&linked(), "", &mut |path, _| {
        seen.push(path.to_owned());
        Ok(if path == "c" { Visit::SkipChildren } else { Visit::Continue })
    })
    .unwrap();
    assert_eq!(seen, ["a", "a/b", "a/b/file", "a/out", "a/up", "absolute", "c", "round"]);
}
