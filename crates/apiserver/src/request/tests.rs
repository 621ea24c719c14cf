use http::Method;

use super::*;

fn target(method: Method, url: &str) -> Target {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    Target::parse(&method, path, &Query::parse(query))
}

#[test]
fn paths_are_read_as_the_original_reads_them() {
    let get = |url| target(Method::GET, url);
    let pod = get("/api/v1/namespaces/a/pods/p/log");
    assert_eq!((pod.verb, &*pod.namespace, &*pod.resource), ("get", "a", "pods"));
    assert_eq!((&*pod.name, &*pod.subresource), ("p", "log"));
    let namespace = get("/api/v1/namespaces/a");
    assert_eq!(
        (&*namespace.namespace, &*namespace.resource, &*namespace.name),
        ("a", "namespaces", "a")
    );
    assert_eq!(get("/api/v1/namespaces/a/status").subresource, "status");
    assert_eq!(get("/apis/apps/v1/deployments").verb, "list");
    assert_eq!(get("/apis/apps/v1/deployments?watch").verb, "watch");
    assert_eq!(get("/apis/apps/v1/deployments?watch=false").verb, "list");
    assert_eq!(get("/apis/apps/v1").kind, TargetKind::Other);
    assert_eq!(target(Method::DELETE, "/api/v1/namespaces/a/pods").verb, "deletecollection");
}

#[test]
fn accept_clauses_are_tried_by_quality_and_order() {
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    assert_eq!(Accept::negotiate(Some(table)).unwrap().shape, Shape::Table("v1".into()));
    let json = Accept::negotiate(Some("text/html,application/json;q=0.5")).unwrap();
    assert_eq!(json, Accept::default());
    assert_eq!(Accept::negotiate(Some("text/html")), None);
    assert_eq!(Accept::negotiate(Some("application/yaml")).unwrap().encoding, Encoding::Yaml);
}

#[test]
fn bad_numbers_are_refused_in_the_words_of_go() {
    let query = Query::parse("limit=x");
    assert_eq!(
        query.number("limit").unwrap_err(),
        r#"strconv.ParseInt: parsing "x": invalid syntax"#
    );
}
