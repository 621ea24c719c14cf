use super::*;

fn all() -> Reference {
    let text = str::to_owned;
    Reference {
        branch: text("b"),
        tag: text("t"),
        semver: text("*"),
        name: text("refs/heads/n"),
        commit: text("c"),
    }
}

#[test]
fn a_commit_beats_a_name_beats_a_tag_beats_a_range_beats_a_branch() {
    let mut reference = all();
    assert_eq!(reference.wanted(), Wanted::Commit("c"));
    reference.commit.clear();
    assert_eq!(reference.wanted(), Wanted::Name("refs/heads/n"));
    reference.name.clear();
    assert_eq!(reference.wanted(), Wanted::Tag("t"));
    reference.tag.clear();
    assert_eq!(reference.wanted(), Wanted::Range("*"));
    reference.semver.clear();
    assert_eq!(reference.wanted(), Wanted::Branch("b"));
    reference.branch.clear();
    assert_eq!(reference.wanted(), Wanted::Branch("master"));
}
