use super::*;

#[test]
fn equal_errors_are_named_once_in_the_message_but_each_is_a_cause() {
    let error = FieldError::invalid("metadata.uid", "x", "field is immutable");
    let errors: FieldErrors = [error.clone(), error].into_iter().collect();
    let status = Status::invalid("", "ConfigMap", "a", &errors);
    assert_eq!(
        status.message,
        r#"ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable"#
    );
    assert_eq!(status.details.unwrap().causes.len(), 2);
}

#[test]
fn several_errors_stand_in_brackets() {
    let errors: FieldErrors =
        [FieldError::required("a", ""), FieldError::not_supported("b", "x", &["y", "z"])]
            .into_iter()
            .collect();
    assert_eq!(
        errors.to_text(),
        r#"[a: Required value, b: Unsupported value: "x": supported values: "y", "z"]"#
    );
}

#[test]
fn a_missing_object_is_named_with_its_resource_and_group() {
    let status = Status::not_found(GroupResource { group: "apps", resource: "deployments" }, "d");
    assert_eq!(status.message, r#"deployments.apps "d" not found"#);
    assert_eq!(
        status.to_value(),
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
               "message": "deployments.apps \"d\" not found", "reason": "NotFound",
               "details": {"name": "d", "group": "apps", "kind": "deployments"}, "code": 404})
    );
}
