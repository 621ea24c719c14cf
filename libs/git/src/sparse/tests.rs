use flux_tree::{MemoryTree, Visit, walk};

use super::*;

fn shown(prefixes: &[&str]) -> Vec<String> {
    let files = ["app/x", "app/y/z", "apple", "deep/er/file", "deep/other", "top"];
    let tree = MemoryTree::from_files(files.map(|file| (file, ""))).unwrap();
    let prefixes = prefixes.iter().map(|&prefix| prefix.to_owned());
    let sparse = SparseTree::new(Arc::new(tree), prefixes);
    let mut seen = Vec::new();
    walk::<TreeError>(&sparse, "", &mut |path, kind| {
        if kind.is_file() {
            seen.push(path.to_owned());
        }
        Ok(Visit::Continue)
    })
    .unwrap();
    seen
}

#[test]
fn only_what_is_below_the_prefixes_is_there() {
    assert_eq!(shown(&["app/"]), ["app/x", "app/y/z"]);
    assert_eq!(shown(&["deep/er"]), ["deep/er/file"]);
    assert_eq!(shown(&["none"]), [""; 0]);
}

#[test]
fn a_prefix_is_a_text_and_not_a_directory() {
    assert_eq!(shown(&["app"]), ["app/x", "app/y/z", "apple"]);
}

#[test]
fn a_directory_without_shown_files_is_not_there() {
    let tree = MemoryTree::from_files([("deep/other", "")]).unwrap();
    let sparse = SparseTree::new(Arc::new(tree), ["deep/er".to_owned()]);
    assert!(sparse.list("").unwrap().is_empty());
    assert!(sparse.read("deep/other").is_err());
}
