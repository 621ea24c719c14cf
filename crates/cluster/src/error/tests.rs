use super::Error;

#[test]
fn a_status_keeps_the_servers_words_and_causes() {
    let body = br#"{"kind":"Status","status":"Failure","message":"Apply failed with 1 conflict",
        "reason":"Conflict","code":409,
        "details":{"causes":[{"reason":"FieldManagerConflict","message":"m","field":".data.a"}]}}"#;
    let error = Error::from_answer(409, body);
    assert!(error.is_conflict() && error.is_field_manager_conflict() && !error.is_already_exists());
    assert_eq!(error.to_string(), "Apply failed with 1 conflict");
}

#[test]
fn an_answer_without_status_is_classified_by_its_code() {
    let error = Error::from_answer(404, b"404 page not found\n");
    assert!(error.is_not_found());
    assert_eq!(error.to_string(), "the server could not find the requested resource");
    assert!(Error::from_answer(503, b"").is_transient());
    assert!(Error::from_answer(410, b"too old").is_expired());
}

#[test]
fn an_unknown_kind_is_reported_in_kubernetes_words() {
    let error = Error::NoMatch { kind: "Foo".into(), api_version: "example.com/v1".into() };
    assert_eq!(error.to_string(), r#"no matches for kind "Foo" in version "example.com/v1""#);
}
