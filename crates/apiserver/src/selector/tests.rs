use super::*;

#[test]
fn field_selectors_know_equals_and_not_equals() {
    let selector = FieldSelector::parse("metadata.name!=a,x==b\\,c").unwrap();
    assert!(selector.matches(|field| if field == "x" { "b,c".into() } else { "z".into() }));
    assert_eq!(selector.exact("x"), Some("b,c"));
    assert_eq!(
        FieldSelector::parse("foo").unwrap_err(),
        "invalid selector: 'foo'; can't understand 'foo'"
    );
}
