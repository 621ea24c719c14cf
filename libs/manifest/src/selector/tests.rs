use super::*;

fn selects(selector: &str, labels: &[(&str, &str)]) -> bool {
    let selector = LabelSelector::parse(selector).unwrap();
    selector.matches(|key| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value))
}

fn error(selector: &str) -> String {
    LabelSelector::parse(selector).unwrap_err().to_string()
}

#[test]
fn each_operator_selects_what_it_says() {
    let labels = [("app", "web"), ("tier", "fe"), ("weight", "10")];
    for selector in [
        "",
        "app",
        "!other",
        "app=web",
        "app==web",
        "app!=api",
        "other!=x",
        "app in (web,api)",
        "app notin (api)",
        "other notin (x)",
        "weight>9",
        "weight<11",
        "app in (web), tier!=be",
    ] {
        assert!(selects(selector, &labels), "{selector}");
    }
    for selector in [
        "other",
        "!app",
        "app=api",
        "app!=web",
        "app in (api)",
        "app notin (web)",
        "weight>10",
        "app>1",
    ] {
        assert!(!selects(selector, &labels), "{selector}");
    }
}

#[test]
fn an_empty_value_is_a_value() {
    assert!(selects("app=", &[("app", "")]));
    assert!(!selects("app==", &[("app", "web")]));
    assert!(selects("app in (,a)", &[("app", "")]));
}

#[test]
fn errors_are_those_of_the_api_machinery() {
    let table = [
        ("a b c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
    ];
    for (selector, message) in table {
        assert_eq!(error(selector), message, "{selector}");
    }
}

#[test]
fn the_canonical_form_sorts_keys_and_values() {
    let selector = LabelSelector::parse("b in (z,a),!c,a=1").unwrap();
    assert_eq!(selector.to_string(), "a=1,b in (a,z),!c");
}

#[test]
fn match_labels_and_expressions_are_read_together() {
    let value = serde_json::json!({
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["be"]}],
    });
    let selector = LabelSelector::from_value(&value).unwrap();
    assert_eq!(selector.to_string(), "app=web,tier notin (be)");
    assert!(
        LabelSelector::from_value(
            &serde_json::json!({"matchExpressions": [{"key": "a", "operator": "Is"}]})
        )
        .is_err()
    );
}
