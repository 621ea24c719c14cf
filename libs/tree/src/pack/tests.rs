use std::io::Read;

use flate2::read::GzDecoder;
use sha2::Digest as _;

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

/// The archive of a recorded run of the original controller has this digest.
#[test]
fn the_digest_of_an_archive_is_that_of_the_original() {
    let config_map = |name: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  key: \"1\"\n")
    };
    let mut tree = MemoryTree::from_files([
        ("a.yaml", config_map("a")),
        ("sub/b.yaml", config_map("b")),
        ("sub/deep/c.yaml", config_map("c")),
        ("other/d.yaml", config_map("d")),
        ("README.md", "# app\n".to_owned()),
        (".sourceignore", "/other/\n".to_owned()),
        ("pic.jpg", "x".to_owned()),
        (".github/w.yml", "x: 1\n".to_owned()),
        (".flux.yaml", "x: 1\n".to_owned()),
        ("x.zip", "x".to_owned()),
    ])
    .unwrap();
    tree.insert_executable("run.sh", "#!/bin/sh\n").unwrap();
    tree.insert_symlink("link.yaml", "a.yaml").unwrap();
    let rules = crate::ignore::artifact_rules(&tree, None).unwrap();
    let bytes = pack(&tree, &rules, Vec::new()).unwrap();
    let digest = sha2::Sha256::digest(&bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes.len(), 468);
    assert_eq!(hex, "ccf1be3f19210a13a409cc9ae8f72d3910b355dcfb4d2053fe4f48f2bca4a826");
}
