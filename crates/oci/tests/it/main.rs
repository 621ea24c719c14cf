//! The client against a registry on loopback.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flux_oci::{
    Client, Credentials, Digest, Error, Fixed, Insecure, Options, Patience, Reference, Repository,
    Tls, docker, media,
};
use flux_testkit::certificates::{Authority, ClientCertificates};
use flux_testkit::registry::{Access, Artifact, Fault, Server};

fn impatient() -> Options {
    let patience = Patience { attempts: 4, first: Duration::from_millis(1) };
    Options { patience, ..Options::default() }
}

fn client(credentials: Credentials) -> Client {
    Client::new(Options { keychain: Arc::new(Fixed(credentials)), ..impatient() }).unwrap()
}

fn repository(server: &Server, path: &str) -> Repository {
    Repository::parse(&format!("{}/{path}", server.host()), Insecure::Refused).unwrap()
}

fn basic(username: &str, password: &str) -> Credentials {
    Credentials::Basic { username: username.to_owned(), password: password.to_owned() }
}

/// Pulls the only layer of what a tag stands for.
async fn pull(client: &Client, reference: &Reference) -> Result<Bytes, Error> {
    let manifest = client.image(reference).await?.manifest().unwrap();
    client.blob(reference.repository(), &manifest.layers[0], 1 << 30).await
}

#[tokio::test]
async fn an_artifact_is_pulled_and_the_scheme_is_remembered() {
    let server = Server::start(None).unwrap();
    // A name that has what other paths end with.
    let path = "stefanprodan/manifests/podinfo";
    let digest = server.put_artifact(path, &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let client = client(Credentials::Anonymous);
    let tag = repository(&server, path).tag("v1").unwrap();
    assert_eq!(client.head(&tag).await.unwrap().digest.to_string(), digest);
    assert_eq!(&*pull(&client, &tag).await.unwrap(), b"layer");
    assert_eq!(client.tags(tag.repository()).await.unwrap(), ["v1"]);
    let blob = Digest::of(b"layer");
    assert_eq!(
        server.take_requests(),
        [
            format!("HEAD /v2/{path}/manifests/v1"),
            format!("GET /v2/{path}/manifests/v1"),
            format!("GET /v2/{path}/blobs/{blob}"),
            format!("GET /v2/{path}/tags/list"),
        ]
    );
}

#[tokio::test]
async fn tokens_are_got_with_passwords_and_refresh_tokens_and_used_again() {
    let server = Server::start(None).unwrap();
    server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let (username, password, refresh) = ("u".to_owned(), "p".to_owned(), "r".to_owned());
    server.set_access(Access::Token { username, password, refresh });
    let tag = repository(&server, "app").tag("v1").unwrap();
    for credentials in [basic("u", "p"), Credentials::Identity("r".to_owned())] {
        let client = client(credentials);
        assert_eq!(&*pull(&client, &tag).await.unwrap(), b"layer");
        let requests = server.take_requests();
        let tokens = requests.iter().filter(|request| request.ends_with(" /token")).count();
        assert_eq!(tokens, 1, "{requests:?}");
        // A token that is worth nothing any more is replaced.
        server.set_access(Access::Token {
            username: "u".to_owned(),
            password: "p".to_owned(),
            refresh: "r".to_owned(),
        });
        client.head(&tag).await.unwrap();
        server.take_requests();
    }
    let denied = client(basic("u", "wrong")).manifest(&tag).await.unwrap_err();
    assert_eq!(
        denied.to_string(),
        format!(
            "GET http://{}/token?scope=repository%3Aapp%3Apull&service=test: \
             UNAUTHORIZED: unauthorized: incorrect username or password",
            server.host()
        )
    );
    assert!(denied.is_unauthorized());
    server.set_access(Access::AnonymousToken);
    client(Credentials::Anonymous).head(&tag).await.unwrap();
}

#[tokio::test]
async fn passwords_come_from_pull_secrets() {
    let server = Server::start(None).unwrap();
    server.put_artifact("team/app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    server.set_access(Access::Basic("u".to_owned(), "p".to_owned()));
    let host = server.host();
    let tag = repository(&server, "team/app").tag("v1").unwrap();
    let config = |address: String| {
        let text =
            format!("{{\"auths\":{{\"{address}\":{{\"username\":\"u\",\"password\":\"p\"}}}}}}");
        let config = docker::Config::parse(text.as_bytes()).unwrap();
        Client::new(Options { keychain: Arc::new(config), ..impatient() }).unwrap()
    };
    config(format!("{host}/team")).head(&tag).await.unwrap();
    config(host.replace("127.0.0.1", "*.0.0.[0-3]")).head(&tag).await.unwrap();
    let error = config(format!("{host}/other")).manifest(&tag).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_what_will_not_is_told() {
    let server = Server::start(None).unwrap();
    let digest = server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let client = client(Credentials::Anonymous);
    let tag = repository(&server, "app").tag("v1").unwrap();
    for fault in [Fault::Status(429, Some(0)), Fault::Status(503, None), Fault::Status(500, None)] {
        server.fail("GET", "manifests", fault, 2);
        assert_eq!(client.manifest(&tag).await.unwrap().digest.to_string(), digest);
    }
    server.fail("GET", "manifests", Fault::Status(503, None), 100);
    let error = client.manifest(&tag).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("GET http://{}/v2/app/manifests/v1: UNAVAILABLE: come back later", server.host())
    );
    server.recover();
    let missing = client.manifest(&tag.repository().tag("v2").unwrap()).await.unwrap_err();
    assert!(missing.is_not_found());
    assert!(missing.to_string().ends_with("MANIFEST_UNKNOWN: manifest unknown"), "{missing}");
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_was() {
    let server = Server::start(None).unwrap();
    let layer: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    server.put_artifact("app", &Artifact::flux(layer.clone()), &["v1"]);
    let client = client(Credentials::Anonymous);
    let tag = repository(&server, "app").tag("v1").unwrap();
    server.fail("GET", "blobs", Fault::CutAfter(60_000), 3);
    assert_eq!(&*pull(&client, &tag).await.unwrap(), &*layer);
    let blobs = |requests: Vec<String>| requests.iter().filter(|it| it.contains("blobs")).count();
    assert_eq!(blobs(server.take_requests()), 4);
    // Nobody waits for a server that never sends anything.
    server.fail("GET", "blobs", Fault::CutAfter(0), 1000);
    assert!(matches!(pull(&client, &tag).await, Err(Error::Connection { .. })));
}

#[tokio::test]
async fn lies_are_noticed() {
    let server = Server::start(None).unwrap();
    let digest = server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let client = client(Credentials::Anonymous);
    let tag = repository(&server, "app").tag("v1").unwrap();
    server.fail("GET", "blobs", Fault::Lie, 1);
    let error = pull(&client, &tag).await.unwrap_err();
    assert!(matches!(error, Error::Digest { what: "blob", .. }), "{error}");
    server.fail("GET", "manifests", Fault::Lie, 1);
    let exact = tag.repository().digest(&digest).unwrap();
    let error = client.manifest(&exact).await.unwrap_err();
    assert!(matches!(error, Error::Digest { what: "manifest", .. }), "{error}");
}

#[tokio::test]
async fn a_lost_upload_goes_on_where_the_registry_is() {
    let server = Server::start(None).unwrap();
    let client = client(Credentials::Anonymous);
    let repository = repository(&server, "app");
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    server.fail("PATCH", "uploads", Fault::LoseUpload(5_000_000), 2);
    let pushed = client.push_blob(&repository, "x/y", bytes.clone().into()).await.unwrap();
    let pulled = client.blob(&repository, &pushed, 1 << 30).await.unwrap();
    assert!(*pulled == *bytes);
    server.take_requests();
    client.push_blob(&repository, "x/y", bytes.into()).await.unwrap();
    assert_eq!(server.take_requests().len(), 1, "what is there is not sent again");
}

#[tokio::test]
async fn referrers_are_listed_or_found_by_tag() {
    let server = Server::start(None).unwrap();
    let digest = server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let client = client(Credentials::Anonymous);
    let repository = repository(&server, "app");
    let subject: Digest = digest.parse().unwrap();
    let signature = format!(
        "{{\"schemaVersion\":2,\"artifactType\":\"a/sig\",\
         \"subject\":{{\"digest\":\"{digest}\",\"mediaType\":\"\",\"size\":1}}}}"
    );
    let reference = repository.at(Digest::of(signature.as_bytes()));
    client.push_manifest(&reference, media::OCI_MANIFEST, signature.into()).await.unwrap();
    let found = client.referrers(&repository, &subject, Some("a/sig")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(client.referrers(&repository, &subject, Some("other")).await.unwrap().is_empty());

    server.forget_referrers();
    assert!(client.referrers(&repository, &subject, None).await.unwrap().is_empty());
    let index = format!(
        "{{\"schemaVersion\":2,\"manifests\":[{{\"digest\":\"{}\",\"artifactType\":\"a/sig\"}}]}}",
        found[0].digest
    );
    let tag = format!("sha256-{}", subject.hash());
    server.put_manifest("app", media::OCI_INDEX, (index, &[&tag]));
    let by_tag = client.referrers(&repository, &subject, Some("a/sig")).await.unwrap();
    assert_eq!(by_tag[0].digest, found[0].digest);
}

#[tokio::test]
async fn lists_go_on_and_indexes_lead_to_the_usual_machine() {
    let server = Server::start(None).unwrap();
    let tags: Vec<String> = (0..25).map(|n| format!("1.{n:02}.0")).collect();
    let names: Vec<&str> = tags.iter().map(String::as_str).collect();
    let amd = server.put_artifact("app", &Artifact::flux(b"amd".to_vec()), &names);
    let arm = server.put_artifact("app", &Artifact::flux(b"arm".to_vec()), &[]);
    server.set_page(10);
    let client = client(Credentials::Anonymous);
    let repository = repository(&server, "app");
    assert_eq!(client.tags(&repository).await.unwrap(), tags);
    assert_eq!(server.take_requests().len(), 3);
    let child = |digest: &str, machine: &str| {
        format!(
            "{{\"mediaType\":\"{}\",\"digest\":\"{digest}\",\"size\":1,\
             \"platform\":{{\"os\":\"linux\",\"architecture\":\"{machine}\"}}}}",
            media::OCI_MANIFEST
        )
    };
    let index = format!(
        "{{\"schemaVersion\":2,\"manifests\":[{},{}]}}",
        child(&arm, "arm64"),
        child(&amd, "amd64")
    );
    server.put_manifest("app", media::OCI_INDEX, (index, &["multi"]));
    let tag = repository.tag("multi").unwrap();
    assert_eq!(&*pull(&client, &tag).await.unwrap(), b"amd");
}

#[tokio::test]
async fn certificates_are_checked_on_both_sides() {
    let authority = Authority::new().unwrap();
    let server =
        Server::start(Some(authority.server(ClientCertificates::Required).unwrap())).unwrap();
    server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    let tag = repository(&server, "app").tag("v1").unwrap();
    let mine = authority.sign(&["client"]).unwrap();
    let with = |tls: Tls| Client::new(Options { tls, ..impatient() }).unwrap();
    let authorities = Some(authority.pem().as_bytes().to_vec());
    let identity = Some((mine.certificate.into_bytes(), mine.key.into_bytes()));
    let known =
        Tls { authorities: authorities.clone(), identity: identity.clone(), ..Tls::default() };
    with(known).head(&tag).await.unwrap();
    let nobody = Tls { authorities, ..Tls::default() };
    assert!(with(nobody).head(&tag).await.is_err());
    let distrustful = Tls { identity: identity.clone(), ..Tls::default() };
    assert!(with(distrustful).head(&tag).await.is_err());
    let careless = Tls { identity, trust_anybody: true, ..Tls::default() };
    with(careless).head(&tag).await.unwrap();
}

#[tokio::test]
async fn passwords_do_not_go_over_weaker_lines() {
    let authority = Authority::new().unwrap();
    let server =
        Server::start(Some(authority.server(ClientCertificates::Ignored).unwrap())).unwrap();
    let weak = Server::start(None).unwrap();
    let username = "u".to_owned();
    server.set_access(Access::Token { username, password: "p".to_owned(), refresh: String::new() });
    server.set_realm(&format!("http://{}/token", weak.host()));
    let tls = Tls { authorities: Some(authority.pem().as_bytes().to_vec()), ..Tls::default() };
    let keychain = Arc::new(Fixed(basic("u", "p")));
    let client = Client::new(Options { keychain, tls, ..impatient() }).unwrap();
    let error = client.manifest(&repository(&server, "app").tag("v1").unwrap()).await.unwrap_err();
    assert!(error.to_string().ends_with("is not encrypted"), "{error}");
    assert!(weak.take_requests().is_empty());
}

#[tokio::test]
async fn a_proxy_is_asked_instead_of_the_registry() {
    let server = Server::start(None).unwrap();
    server.put_artifact("app", &Artifact::flux(b"layer".to_vec()), &["v1"]);
    // To a proxy a request without TLS names its whole address; the registry takes it as well.
    let proxy = Some(format!("http://{}", server.host()));
    let client = Client::new(Options { proxy, ..impatient() }).unwrap();
    let elsewhere = Repository::parse("registry.local:9/app", Insecure::Allowed).unwrap();
    let tag = elsewhere.tag("v1").unwrap();
    assert_eq!(&*pull(&client, &tag).await.unwrap(), b"layer");
}

#[tokio::test]
async fn who_does_not_answer_is_told_by_name() {
    let gone = Server::start(None).unwrap().host();
    let repository = Repository::parse(&format!("{gone}/app"), Insecure::Refused).unwrap();
    let error = client(Credentials::Anonymous).head(&repository.tag("v1").unwrap()).await;
    let error = error.unwrap_err().to_string();
    let refused = format!(
        "Head \"https://{gone}/v2/app/manifests/v1\": dial tcp {gone}: connect: connection refused"
    );
    assert!(error.starts_with(&refused), "{error}");
}
