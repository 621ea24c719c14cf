use super::*;

#[test]
fn one_repository_has_one_key_over_all_protocols() {
    for url in [
        "https://github.com/org/repo",
        "https://GitHub.com/org/repo.git",
        "https://user:token@github.com/org/repo/",
        "ssh://git@github.com/org/repo.git",
        "git@github.com:org/repo.git",
    ] {
        assert_eq!(key(url), "github.com/org/repo", "{url}");
    }
    assert_ne!(key("http://localhost:80/a"), key("http://localhost:81/a"));
}

#[test]
fn an_unknown_repository_has_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let overrides = Overrides::default();
    let directory = Directory::open(dir.path()).unwrap();
    overrides.insert("https://example.com/a.git", Override { directory, mode: Mode::Worktree });
    assert!(overrides.get("ssh://git@example.com/a").is_some());
    assert!(overrides.get("https://example.com/b").is_none());
}
