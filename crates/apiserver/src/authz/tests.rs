use super::*;

fn rule(groups: &[&str], resources: &[&str], verbs: &[&str]) -> Rule {
    let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
    Rule { groups: own(groups), resources: own(resources), verbs: own(verbs), ..Rule::default() }
}

fn wanted(resource: &str, subresource: &str) -> Attributes {
    Attributes {
        verb: "get".into(),
        group: "apps".into(),
        resource: resource.into(),
        subresource: subresource.into(),
        ..Attributes::default()
    }
}

#[test]
fn a_rule_for_a_resource_does_not_cover_its_subresources() {
    let rule = rule(&["apps"], &["deployments", "*/scale"], &["get"]);
    assert!(rule.allows(&wanted("deployments", "")));
    assert!(!rule.allows(&wanted("deployments", "status")));
    assert!(rule.allows(&wanted("statefulsets", "scale")));
}

#[test]
fn missing_rights_are_printed_by_resource_with_all_verbs() {
    let parts = rule(&[""], &["secrets"], &["get", "list"]).break_down();
    assert_eq!(parts.len(), 2);
    let texts: Vec<String> = rules::compact(parts).iter().map(Rule::to_text).collect();
    assert_eq!(texts, [r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}"#]);
}

#[test]
fn the_bootstrap_policy_has_an_administrator_and_aggregates() {
    let objects = bootstrap::objects();
    let find = |name: &str| {
        objects.iter().find(|(_, o)| crate::meta::name(o) == name).map(|(_, o)| o.clone()).unwrap()
    };
    assert_eq!(Rule::list(&find("cluster-admin")).len(), 2);
    let roles: Vec<Value> = objects
        .iter()
        .filter(|(kind, _)| *kind == "clusterroles")
        .map(|(_, o)| o.clone())
        .collect();
    let admin = rules::aggregated(&find("admin"), &roles);
    let can = |verb: &str, resource: &str| {
        let wanted =
            Attributes { verb: verb.into(), resource: resource.into(), ..Attributes::default() };
        admin.iter().any(|rule| rule.allows(&wanted))
    };
    assert!(can("get", "configmaps") && can("create", "secrets") && !can("create", "nodes"));
}
