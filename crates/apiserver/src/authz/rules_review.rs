//! `SelfSubjectRulesReview`: everything that one may do in a namespace.

use serde_json::{Value, json};

use super::{MASTERS, Rule};
use crate::meta;
use crate::status::Status;
use crate::write::Scope;

/// Lists the rules of the user.
pub(super) fn answer(scope: &Scope<'_>, object: &Value) -> Result<Value, Status> {
    let namespace = meta::text(object, "/spec/namespace");
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let user = &scope.request.user;
    let mut rules = scope.core.authorizer.rules_for(&scope.core.store, user, namespace);
    if user.is_in(MASTERS) && rules.is_empty() {
        let all = || vec!["*".to_owned()];
        rules.push(Rule { groups: all(), resources: all(), verbs: all(), ..Rule::default() });
        rules.push(Rule { urls: all(), verbs: all(), ..Rule::default() });
    }
    let (urls, resources): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().partition(|rule| !rule.urls.is_empty());
    let values = |rules: Vec<&Rule>| rules.into_iter().map(Rule::to_value).collect::<Vec<_>>();
    let mut out = object.clone();
    let map = meta::map(&mut out);
    map.insert("metadata".into(), json!({}));
    map.insert("spec".into(), json!({}));
    map.insert(
        "status".into(),
        json!({
            "incomplete": false,
            "resourceRules": values(resources),
            "nonResourceRules": values(urls),
        }),
    );
    Ok(out)
}
