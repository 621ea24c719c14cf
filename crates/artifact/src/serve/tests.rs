use expect_test::{Expect, expect};

use super::*;
use crate::StoreOptions;

/// A store with one file of ten bytes, last changed at a known time.
fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("gitrepository/ns/a+b")).unwrap();
    let file = dir.path().join("gitrepository/ns/a+b/x.tar.gz");
    std::fs::write(&file, "0123456789").unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    std::fs::write(dir.path().join("gitrepository/ns/a+b/.incoming-1"), "half").unwrap();
    let store = Store::open(StoreOptions::new(dir.path(), "host")).unwrap();
    std::fs::write(dir.path().join("gitrepository/ns/a+b/.incoming-2"), "half").unwrap();
    std::fs::write(dir.path().parent().unwrap().join("outside"), "secret").ok();
    (dir, store)
}

use std::time::UNIX_EPOCH;

async fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> String {
    let (_dir, store) = store();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = respond(&store, &request.body(()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut shown = parts.status.as_str().to_owned();
    for name in ["content-range", "location", "content-length"] {
        if let Some(value) = parts.headers.get(name) {
            shown += &format!(" {name}={}", value.to_str().unwrap());
        }
    }
    format!("{shown} {}", String::from_utf8_lossy(&body))
}

const FILE: &str = "/gitrepository/ns/a+b/x.tar.gz";

async fn check(headers: &[(&str, &str)], want: Expect) {
    want.assert_eq(&ask(Method::GET, FILE, headers).await);
}

#[tokio::test]
async fn a_file_comes_whole() {
    check(&[], expect!["200 content-length=10 0123456789"]).await;
    expect!["200 content-length=10 "].assert_eq(&ask(Method::HEAD, FILE, &[]).await);
    let encoded = "/gitrepository/ns/a%2Bb/x.tar.gz";
    expect!["200 content-length=10 0123456789"].assert_eq(&ask(Method::GET, encoded, &[]).await);
}

#[tokio::test]
async fn a_range_comes_alone() {
    check(
        &[("range", "bytes=2-4")],
        expect!["206 content-range=bytes 2-4/10 content-length=3 234"],
    )
    .await;
    check(&[("range", "bytes=-2")], expect!["206 content-range=bytes 8-9/10 content-length=2 89"])
        .await;
    check(
        &[("range", "bytes=7-99")],
        expect!["206 content-range=bytes 7-9/10 content-length=3 789"],
    )
    .await;
    check(&[("range", "bytes=10-")], expect!["416 content-range=bytes */10 "]).await;
    check(&[("range", "bytes=1-2,4-5")], expect!["200 content-length=10 0123456789"]).await;
}

#[tokio::test]
async fn a_known_file_does_not_come_again() {
    check(&[("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")], expect!["304 "]).await;
    check(
        &[("if-modified-since", "Wed, 31 Dec 2025 23:59:59 GMT")],
        expect!["200 content-length=10 0123456789"],
    )
    .await;
    let tag = conditions::entity_tag(10, UNIX_EPOCH + Duration::from_secs(1_767_225_600));
    check(&[("if-none-match", &tag)], expect!["304 "]).await;
    check(&[("if-match", "\"other\"")], expect!["412 "]).await;
    check(
        &[("if-range", "\"other\""), ("range", "bytes=1-2")],
        expect!["200 content-length=10 0123456789"],
    )
    .await;
}

#[tokio::test]
async fn directories_are_listed_without_what_is_incomplete() {
    let page = ask(Method::GET, "/gitrepository/ns/a+b/", &[]).await;
    assert!(page.contains("<a href=\"x.tar.gz\">x.tar.gz</a>"), "{page}");
    assert!(!page.contains("incoming"), "{page}");
    expect!["301 location=ns/ "].assert_eq(&ask(Method::GET, "/gitrepository/ns", &[]).await);
    assert!(ask(Method::GET, "/", &[]).await.starts_with("200 "));
}

#[tokio::test]
async fn nothing_outside_is_served() {
    for path in [
        "/../outside",
        "/%2e%2e/outside",
        "/gitrepository/..%2f..%2foutside",
        "/gitrepository/ns/a+b/.incoming-2",
        "/a%00b",
        "/%zz",
        "/none",
    ] {
        let got = ask(Method::GET, path, &[]).await;
        assert_eq!(got, "404 404 page not found\n", "{path}");
    }
    assert!(ask(Method::POST, "/", &[]).await.starts_with("405 "));
}
