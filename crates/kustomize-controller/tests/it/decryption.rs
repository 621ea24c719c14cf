//! Encrypted files, and where their keys come from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flux_cluster::{Target, Write};
use flux_keys::KeyRing;
use flux_manifest::{GroupVersionKind, Object};
use flux_sops::{Format, MasterKey, Means, Recipe, Rule, Service, encrypt};
use flux_testkit::web::Server;
use flux_testkit::worlds::apply::{NAMESPACE, World};
use serde_json::{Value, json};

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";
const IDENTITY: &str = "AGE-SECRET-KEY-13HMVS82JFD92V24V94UNFXPH274K398L9DM8V0CK2U9YUJJNS2XQPTTG6M";
const RECIPIENT: &str = "age1pxerjzhmf3manysys837mjuszqfeyhvkmmjz9qgck7n9t0q50apqpxzem8";

/// Encrypts the values of a Secret that holds `value`.
fn secret(value: &str, service: Service, encrypted: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  key: {value}\n"
    );
    let key = MasterKey { service, created_at: String::new(), encrypted: encrypted.to_owned() };
    let rule = Rule::EncryptedRegex("^(data|stringData)$".to_owned());
    let recipe = Recipe { rule, mac_only_encrypted: false, groups: vec![vec![key]], threshold: 0 };
    let now = flux_gostd::Time::from_unix(1_800_000_000, 0);
    let mut entropy = |bytes: &mut [u8]| bytes.fill(9);
    let mut means = Means { source: &Sender, now, entropy: &mut entropy };
    let sealed = encrypt(Format::Yaml, text.as_bytes(), recipe, &mut means).unwrap();
    String::from_utf8(sealed.write(Format::Yaml).unwrap()).unwrap()
}

/// Encrypts for age in earnest, and for Vault as the server of these tests does.
struct Sender;

impl flux_sops::KeySource for Sender {
    fn decrypt(&self, _: &MasterKey) -> Result<zeroize::Zeroizing<Vec<u8>>, String> {
        Err("only the controller decrypts".to_owned())
    }

    fn encrypt(&self, service: &Service, part: &[u8]) -> Result<String, String> {
        match service {
            Service::Vault { .. } => Ok(STANDARD.encode(part)),
            other => KeyRing::new().encrypt(other, part),
        }
    }
}

fn for_age(value: &str) -> String {
    secret(value, Service::Age { recipient: RECIPIENT.to_owned() }, "")
}

async fn create(world: &World, object: Value) {
    let object = Object::try_from(object).unwrap();
    world.cluster.apply(&object, &Write::by("test").forced()).await.unwrap();
}

async fn create_keys(world: &World, namespace: &str, name: &str, entry: &str, value: &str) {
    let object = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": name, "namespace": namespace },
        "data": { entry: STANDARD.encode(value) },
    });
    create(world, object).await;
}

async fn live_value(world: &World) -> String {
    let kind = GroupVersionKind::new("", "v1", "Secret");
    let live = world.cluster.get(&Target::new(kind, NAMESPACE, "s")).await.unwrap();
    let value = live.pointer("/data/key").unwrap().as_str().unwrap().to_owned();
    String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
}

fn with_secret(name: &str) -> Value {
    json!({ "decryption": { "provider": "sops", "secretRef": { "name": name } } })
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_a_secret_decrypt_what_is_applied() {
    let world = World::new().await;
    create_keys(&world, NAMESPACE, "keys", "me.agekey", IDENTITY).await;
    world.push(R1, &[("s.yaml", &for_age("one"))]).await;
    world.apply("app", with_secret("keys")).await;
    world.ready("app", R1).await;
    assert_eq!(live_value(&world).await, "one");
    world.push(R2, &[("s.yaml", &for_age("two"))]).await;
    world.ready("app", R2).await;
    assert_eq!(live_value(&world).await, "two");
}

#[tokio::test(start_paused = true)]
async fn missing_and_broken_keys_fail_the_build_in_the_words_of_the_original() {
    let world = World::new().await;
    world.push(R1, &[("s.yaml", &for_age("one"))]).await;
    world.apply("none", with_secret("none")).await;
    assert_eq!(world.fails("none", "BuildFailed").await, "secrets \"none\" not found");
    create_keys(&world, NAMESPACE, "broken", "me.agekey", "hello").await;
    world.apply("broken", with_secret("broken")).await;
    assert_eq!(
        world.fails("broken", "BuildFailed").await,
        "failed to import 'me.agekey' data from sops decryption Secret 'apps/broken': failed to \
         parse and add to age identities: unknown identity type"
    );
    create_keys(&world, NAMESPACE, "empty", "note.txt", "hello").await;
    world.apply("empty", with_secret("empty")).await;
    let message = world.fails("empty", "BuildFailed").await;
    let begin = "decryption failed for 'Secret.v1.[noGrp]/s': failed to decrypt and format 'apps/s' \
                 Secret data: cannot get sops data key: Failed to get the data key required to \
                 decrypt the SOPS file.\n\nGroup 0: FAILED\n";
    assert!(message.starts_with(begin), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_the_controller_stands_in_where_none_is_named() {
    let world = World::with(|options| {
        options.sops_age_secret = "fallback".to_owned();
        options.shared.runtime_namespace = NAMESPACE.to_owned();
    });
    let world = world.await;
    create_keys(&world, NAMESPACE, "fallback", "me.agekey", IDENTITY).await;
    create_keys(&world, NAMESPACE, "own", "note.txt", "hello").await;
    world.push(R1, &[("s.yaml", &for_age("one"))]).await;
    world.apply("app", json!({ "decryption": { "provider": "sops" } })).await;
    world.ready("app", R1).await;
    assert_eq!(live_value(&world).await, "one");
    // Whoever names a Secret gets nothing else.
    world.apply("other", with_secret("own")).await;
    world.fails("other", "BuildFailed").await;
}

#[tokio::test(start_paused = true)]
async fn vault_is_asked_in_the_name_of_a_service_account() {
    let server = Server::start(|request| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let answer = match request.uri().path() {
            "/v1/auth/kubernetes/login" => {
                let claims = body["jwt"].as_str().unwrap().split('.').nth(1).unwrap();
                let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
                let claims: Value =
                    serde_json::from_slice(&engine.decode(claims).unwrap()).unwrap();
                assert_eq!(claims["sub"], "system:serviceaccount:apps:decryptor");
                assert_eq!(body["role"], "apps_decryptor");
                let host = request.headers()["host"].to_str().unwrap();
                assert_eq!(claims["aud"], json!([format!("http://{host}")]));
                json!({ "auth": { "client_token": "s.given" } })
            }
            "/v1/transit/decrypt/k" => {
                assert_eq!(request.headers()["x-vault-token"], "s.given");
                json!({ "data": { "plaintext": body["ciphertext"] } })
            }
            other => panic!("{other}"),
        };
        http::Response::new(Bytes::from(answer.to_string()))
    });
    let server = server.unwrap();
    let world = World::with(|options| {
        options.sops_vault_configmap = "vaults".to_owned();
        options.default_decryption_service_account = "decryptor".to_owned();
        options.shared.runtime_namespace = NAMESPACE.to_owned();
    });
    let world = world.await;
    let account = json!({ "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": { "name": "decryptor", "namespace": NAMESPACE } });
    create(&world, account).await;
    let config = |address: &str| {
        let text =
            format!("instances:\n- address: {address}\n  loginPath: auth/kubernetes/login\n");
        json!({ "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": { "name": "vaults", "namespace": NAMESPACE },
            "data": { "config.yaml": text } })
    };
    create(&world, config("http://other")).await;
    let (address, engine, key) = (server.url(), "transit".to_owned(), "k".to_owned());
    let service = Service::Vault { address, engine, key };
    world.push(R1, &[("s.yaml", &secret("one", service, ""))]).await;
    world.apply("app", json!({ "decryption": { "provider": "sops" } })).await;
    let message = world.fails("app", "BuildFailed").await;
    let message = message.replace("\n      | ", " ");
    assert!(message.contains("no Vault login path configured for address"), "{message}");
    create(&world, config(&server.url())).await;
    world.request("app", "now").await;
    world.ready("app", R1).await;
    assert_eq!(live_value(&world).await, "one");
}
