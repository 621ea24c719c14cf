use super::*;

#[test]
fn a_token_file_has_quoted_groups() {
    let users = parse_token_file("t1,alice,u1,\"dev,ops\"\n\nt2,bob,u2\n").unwrap();
    assert_eq!(users[0].user.groups, ["dev", "ops"]);
    assert_eq!((&*users[1].token, &*users[1].user.name), ("t2", "bob"));
    assert_eq!(
        parse_token_file("t1,alice").unwrap_err(),
        TokenFileError::TooFewColumns { line: 1 }
    );
}

#[test]
fn an_unknown_token_is_refused_and_none_is_anonymous() {
    let authenticator = Authenticator::new(&[], &Random::from_seed(1));
    let ask = |header: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(text) = header {
            headers.insert(http::header::AUTHORIZATION, text.parse().unwrap());
        }
        authenticator.authenticate(&headers, None, |_| None).map(|user| user.name.clone())
    };
    assert_eq!(ask(None).unwrap(), "system:anonymous");
    assert_eq!(ask(Some("Bearer nobody")).unwrap_err().code, 401);
    let admin = format!("Bearer {}", authenticator.admin_token());
    assert_eq!(ask(Some(&admin)).unwrap(), "kubernetes-admin");
}
