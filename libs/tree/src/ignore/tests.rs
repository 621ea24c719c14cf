use super::*;
use crate::MemoryTree;

const FILE: Kind = Kind::File { executable: false };

fn ignored(text: &str, path: &str) -> bool {
    Matcher::new(parse(text, &[])).is_ignored(path, FILE)
}

#[test]
fn the_last_pattern_that_matches_decides() {
    assert!(ignored("*.yaml\n", "a/b.yaml"));
    assert!(!ignored("*.yaml\n!b.yaml\n", "a/b.yaml"));
    assert!(ignored("!b.yaml\n*.yaml\n", "a/b.yaml"));
}

#[test]
fn a_file_comes_back_from_an_excluded_directory() {
    assert!(ignored("build/\n!build/keep\n", "build/other"));
    assert!(!ignored("build/\n!build/keep\n", "build/keep"));
}

#[test]
fn everything_but_one_directory() {
    assert!(ignored("/*\n!/deploy\n", "src/main.rs"));
    assert!(!ignored("/*\n!/deploy\n", "deploy/app.yaml"));
}

#[test]
fn a_slash_at_the_end_wants_a_directory() {
    let rules = Matcher::new(parse("logs/", &[]));
    assert!(rules.is_ignored("logs", Kind::Directory));
    assert!(!rules.is_ignored("logs", FILE));
    assert!(rules.is_ignored("logs/today", FILE));
}

#[test]
fn classes_are_those_of_go() {
    assert!(ignored("[^a]", "b"));
    assert!(!ignored("[!a]", "b"));
    assert!(ignored("[!a]", "!"));
    assert!(!ignored("[a", "a"));
    assert!(!ignored("[]a]", "a"));
    assert!(ignored("\\#x", "#x"));
}

#[test]
fn own_patterns_replace_the_defaults_but_for_version_control() {
    let defaults = Matcher::for_artifact(parse("# nothing\n\n", &[]));
    assert!(defaults.is_ignored("pic.jpg", FILE));
    let own = Matcher::for_artifact(parse("/docs\n", &[]));
    assert!(!own.is_ignored("pic.jpg", FILE));
    assert!(own.is_ignored(".git/config", FILE));
}

#[test]
fn each_file_of_patterns_counts_below_its_directory() {
    let tree = MemoryTree::from_files([
        ("a/.sourceignore", "*.md\n"),
        ("a/x.md", ""),
        ("b/x.md", ""),
        (".git/.sourceignore", "*\n"),
    ])
    .unwrap();
    let rules = artifact_rules(&tree, Some("!a/keep.md")).unwrap();
    assert!(rules.is_ignored("a/x.md", FILE));
    assert!(!rules.is_ignored("a/keep.md", FILE));
    assert!(!rules.is_ignored("b/x.md", FILE));
}

#[test]
fn a_pattern_of_many_stars_takes_no_time() {
    let pattern = "*a".repeat(2_000);
    assert!(!ignored(&pattern, &"a".repeat(1_999)));
}
