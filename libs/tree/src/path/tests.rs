use super::*;

#[test]
fn dots_and_slashes_vanish() {
    assert_eq!(clean("./a//b/../c/").as_deref(), Some("a/c"));
    assert_eq!(clean("/").as_deref(), Some(""));
}

#[test]
fn climbing_above_the_root_is_refused() {
    assert_eq!(clean("a/../../b"), None);
    assert_eq!(join("a", "../../b"), None);
}

#[test]
fn a_confined_join_stays_below_its_base() {
    assert_eq!(join_confined("base", "../../x/../y"), "base/y");
    assert_eq!(join_confined("", "../x"), "x");
    assert_eq!(join_confined("base", ".."), "base");
}
