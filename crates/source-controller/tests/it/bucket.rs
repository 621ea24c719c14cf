//! What one Bucket goes through.

use flux_testkit::certificates::{Authority, ClientCertificates};
use flux_testkit::stores::Server;
use flux_testkit::worlds::source::{World, condition};
use flux_tree::Tree as _;
use serde_json::{Value, json};

const KIND: &str = "Bucket";

async fn world() -> (World, Server) {
    let server = Server::start("data", None).unwrap();
    server.put("a.yaml", "one");
    server.put("sub/b & c+d.yaml", "two");
    (World::start("ns").await, server)
}

fn spec(server: &Server, more: Value) -> Value {
    let mut spec = json!({
        "interval": "10m", "endpoint": server.host(), "bucketName": "data", "insecure": true,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    spec
}

#[tokio::test]
async fn an_archive_holds_the_objects_and_an_unchanged_bucket_is_only_listed() {
    let (mut world, server) = world().await;
    server.set_page(1);
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    let files = world.files(&ready);
    assert_eq!(&*files.read("sub/b & c+d.yaml").unwrap(), b"two");
    assert_eq!(ready["status"]["artifact"]["revision"].as_str().unwrap().len(), 71);
    let told = world.notification().await;
    assert_eq!(told.message, "stored artifact with 2 fetched files from 'data' bucket");
    server.take_requests();
    world.request(KIND, "app", "1").await;
    world.until((KIND, "app"), |app| app["status"]["lastHandledReconcileAt"] == "1").await;
    assert_eq!(
        server.take_requests(),
        ["GET /data/", "HEAD /data/", "GET /data/.sourceignore", "GET /data/", "GET /data/"]
    );
    server.put("a.yaml", "changed");
    world.request(KIND, "app", "2").await;
    let handled = |app: &Value| app["status"]["lastHandledReconcileAt"] == "2";
    let again = world.until((KIND, "app"), handled).await;
    assert_ne!(again["status"]["artifact"]["revision"], ready["status"]["artifact"]["revision"]);
}

#[tokio::test]
async fn rules_and_prefixes_leave_objects_out() {
    let (world, server) = world().await;
    server.put(".sourceignore", "*.md\n");
    server.put("x/keep.yaml", "1");
    server.put("x/README.md", "1");
    server.put("x/dir/", "");
    server.put("x/skip.yaml", "1");
    let more = json!({ "prefix": "x/", "ignore": "skip.yaml\n" });
    world.source(KIND, "app", spec(&server, more)).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    let files = world.files(&ready);
    assert!(files.is_file("x/keep.yaml") && files.is_file(".sourceignore"));
    assert!(!files.is_file("x/README.md") && !files.is_file("x/skip.yaml"));
    assert!(!files.is_file("a.yaml"));
    assert_eq!(ready["status"]["observedIgnore"], "skip.yaml\n");
}

#[tokio::test]
async fn keys_come_from_a_secret_or_from_a_directory() {
    let (world, server) = world().await;
    server.set_authorization("Credential=mine/");
    world.source(KIND, "open", spec(&server, json!({}))).await;
    let denied = world.until_ready(KIND, "open", "False").await;
    assert_eq!(
        condition(&denied, "Ready"),
        "BucketOperationFailed: failed to confirm existence of 'data' bucket: Access Denied."
    );
    world.secret("half", &[("accesskey", "mine")]).await;
    world.source(KIND, "half", spec(&server, json!({ "secretRef": { "name": "half" } }))).await;
    let half = world.until_ready(KIND, "half", "False").await;
    assert_eq!(
        condition(&half, "Ready"),
        "AuthenticationFailed: invalid 'half' secret data: required fields 'accesskey' and \
         'secretkey'"
    );
    world.secret("key", &[("accesskey", "mine"), ("secretkey", "secret")]).await;
    world.source(KIND, "key", spec(&server, json!({ "secretRef": { "name": "key" } }))).await;
    world.until_ready(KIND, "key", "True").await;

    server.set_authorization("Credential=temporary/");
    server.add_user("ann", "word");
    world.secret("ldap", &[("username", "ann"), ("password", "word")]).await;
    let endpoint = format!("http://{}/sts", server.host());
    let sts = json!({ "provider": "ldap", "endpoint": endpoint, "secretRef": { "name": "ldap" } });
    world.source(KIND, "ldap", spec(&server, json!({ "sts": sts }))).await;
    world.until_ready(KIND, "ldap", "True").await;
}

#[tokio::test]
async fn certificates_come_from_a_secret() {
    let authority = Authority::new().unwrap();
    let tls = authority.server(ClientCertificates::Required).unwrap();
    let server = Server::start("data", Some(tls)).unwrap();
    server.put("a.yaml", "one");
    let world = World::start("ns").await;
    let mine = authority.sign(&["client"]).unwrap();
    let data =
        [("ca.crt", authority.pem()), ("tls.crt", &mine.certificate), ("tls.key", &mine.key)];
    world.secret("tls", &data).await;
    let more = json!({ "insecure": false, "certSecretRef": { "name": "tls" } });
    world.source(KIND, "app", spec(&server, more)).await;
    world.until_ready(KIND, "app", "True").await;
}

#[tokio::test]
async fn google_and_azure_are_read_as_well() {
    let (world, server) = world().await;
    server.set_page(1);
    server.set_authorization("Bearer the-token");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let key = json!({
        "client_email": "me@example.com", "private_key": pair.serialize_pem(),
        "token_uri": format!("http://{}/token", server.host()),
    });
    world.secret("google", &[("serviceaccount", &key.to_string())]).await;
    let more = json!({ "provider": "gcp", "secretRef": { "name": "google" } });
    world.source(KIND, "google", spec(&server, more)).await;
    let ready = world.until_ready(KIND, "google", "True").await;
    assert!(world.files(&ready).is_file("sub/b & c+d.yaml"));

    let address = format!("http://{}", server.host());
    let data = [
        ("tenantId", "t"),
        ("clientId", "c"),
        ("clientSecret", "s"),
        ("authorityHost", address.as_str()),
    ];
    world.secret("azure", &data).await;
    let more = json!({
        "provider": "azure", "endpoint": address, "secretRef": { "name": "azure" },
    });
    world.source(KIND, "azure", spec(&server, more)).await;
    let ready = world.until_ready(KIND, "azure", "True").await;
    assert!(world.files(&ready).is_file("sub/b & c+d.yaml"));
}

#[tokio::test]
async fn a_store_that_is_slow_strange_or_changing_does_no_harm() {
    let (world, server) = world().await;
    server.break_down(2);
    server.let_vanish("a.yaml");
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    let files = world.files(&ready);
    assert!(files.is_file("sub/b & c+d.yaml") && !files.is_file("a.yaml"));
    server.be_strange();
    world.request(KIND, "app", "1").await;
    let failed = world.until_ready(KIND, "app", "False").await;
    assert_eq!(
        condition(&failed, "Ready"),
        "BucketOperationFailed: indexation of objects from bucket 'data' failed: \
         list does not go on where it ended"
    );
    let missing = spec(&server, json!({ "bucketName": "other" }));
    world.source(KIND, "other", missing).await;
    let missing = world.until_ready(KIND, "other", "False").await;
    assert!(condition(&missing, "Ready").contains("bucket"), "{}", condition(&missing, "Ready"));
}

#[tokio::test]
async fn an_empty_bucket_is_an_empty_archive() {
    let server = Server::start("data", None).unwrap();
    let world = World::start("ns").await;
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    assert_eq!(
        ready["status"]["artifact"]["revision"],
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}
