use super::*;

#[test]
fn field_selectors_know_equals_and_not_equals() {
    let selector = FieldSelector::parse("metadata.name!=a,x==b\\,c").unwrap();
    let all: Vec<_> = selector.iter().collect();
    assert_eq!(all[0], ("metadata.name", FieldOperator::NotEquals, "a"));
    assert_eq!(selector.exact("x"), Some("b,c"));
    assert_eq!(
        FieldSelector::parse("foo").unwrap_err(),
        "invalid selector: 'foo'; can't understand 'foo'"
    );
}
