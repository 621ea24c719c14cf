use std::io::Read;

use flate2::read::GzDecoder;

use super::*;
use crate::ignore::parse;
use crate::{MemoryTree, Symlinks, UnpackLimits, unpack};

fn listing(tree: &MemoryTree, ignored: &Matcher) -> Vec<String> {
    let bytes = pack(tree, ignored, Vec::new()).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 0));
        let name = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        format!("{:04o} {name}", header.mode().unwrap())
    });
    entries.collect()
}

#[test]
fn entries_are_sorted_per_directory_and_lose_their_modes() {
    let mut tree = MemoryTree::from_files([("a/x", "1"), ("a-b", "2")]).unwrap();
    tree.insert_executable("run", "3").unwrap();
    tree.insert_symlink("link", "a/x").unwrap();
    tree.create_directory("empty").unwrap();
    let want = ["0750 .", "0750 a", "0600 a/x", "0600 a-b", "0750 empty", "0700 run"];
    assert_eq!(listing(&tree, &Matcher::default()), want);
}

#[test]
fn a_file_that_is_brought_back_comes_without_its_directory() {
    let tree = MemoryTree::from_files([("build/keep", ""), ("build/other", "")]).unwrap();
    let rules = Matcher::new(parse("build/\n!build/keep\n", &[]));
    assert_eq!(listing(&tree, &rules), ["0750 .", "0600 build/keep"]);
}

#[test]
fn long_and_foreign_names_survive() {
    let splittable = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let unsplittable = "n".repeat(180);
    let cut_at_slash = format!("{}/{}", "e".repeat(99), "g".repeat(120));
    let names = [splittable.as_str(), &unsplittable, &cut_at_slash, "grün/ß.yaml"];
    let tree = MemoryTree::from_files(names.map(|name| (name, name))).unwrap();
    let bytes = pack(&tree, &Matcher::default(), Vec::new()).unwrap();
    let back = unpack(bytes.as_slice(), Symlinks::Refuse, UnpackLimits::default()).unwrap();
    assert_eq!(back, tree);
}

#[test]
fn the_stream_names_no_file_and_no_time() {
    let bytes = pack(&MemoryTree::new(), &Matcher::default(), Vec::new()).unwrap();
    assert_eq!(bytes.get(..10), Some(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..]));
    let mut plain = Vec::new();
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
    assert_eq!(plain.len(), 3 * BLOCK);
}
