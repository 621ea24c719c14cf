//! Key services.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use flux_sops::Service;
use flux_testkit::web::Server;
use http::{Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{PLAIN, round_trip};
use crate::aws::{Credentials, signed};
use crate::http::Request as Outgoing;
use crate::{Endpoints, KeyRing, Services, VaultLogin, VaultTokens, jwt};

const NOW: i64 = 1_800_000_000;

fn services(endpoints: Endpoints) -> (tokio::runtime::Runtime, Services) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let services = Services::new(runtime.handle().clone(), Arc::new(|| NOW));
    (runtime, Services { client: client.into(), endpoints, ..services })
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_string())).unwrap()
}

fn header<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Encrypts by turning every byte around, which is enough to see whether what comes back is used.
fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

#[test]
fn vault_is_asked_with_the_token_of_the_secret() {
    let server = Server::start(|request| {
        if header(&request, "x-vault-token") != "s.right" {
            return answer(403, &json!({ "errors": ["permission denied"] }));
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        match request.uri().path() {
            "/v1/sops/transit/encrypt/first" => {
                let plain = STANDARD.decode(body["plaintext"].as_str().unwrap()).unwrap();
                let text = format!("vault:v1:{}", STANDARD.encode(turned(&plain)));
                answer(200, &json!({ "data": { "ciphertext": text } }))
            }
            "/v1/sops/transit/decrypt/first" => {
                let text = body["ciphertext"].as_str().unwrap();
                let text = STANDARD.decode(text.strip_prefix("vault:v1:").unwrap()).unwrap();
                answer(200, &json!({ "data": { "plaintext": STANDARD.encode(turned(&text)) } }))
            }
            _ => answer(404, &json!({ "errors": [] })),
        }
    });
    let server = server.unwrap();
    let (_runtime, services) = services(Endpoints::default());
    let key = |name: &str| Service::Vault {
        address: server.url(),
        engine: "sops/transit".to_owned(),
        key: name.to_owned(),
    };
    let ring = |token: &str| {
        let mut ring = KeyRing::new().with_services(services.clone());
        ring.import("sops.vault-token", token.as_bytes()).unwrap();
        ring
    };
    assert_eq!(round_trip(&ring("  s.right\n"), &key("first")), Ok(PLAIN.to_vec()));
    let url = server.url();
    assert_eq!(
        round_trip(&ring("s.wrong"), &key("first")).unwrap_err(),
        format!(
            "failed to encrypt sops data key to Vault transit backend 'sops/transit/encrypt/first': \
             Error making API request.\n\nURL: PUT {url}/v1/sops/transit/encrypt/first\nCode: 403. \
             Errors:\n\n* permission denied"
        )
    );
    assert_eq!(
        round_trip(&ring("s.right"), &key("other")).unwrap_err(),
        "failed to encrypt sops data key to Vault transit backend 'sops/transit/encrypt/other': \
         transit backend is empty"
    );
}

#[test]
fn vault_gives_a_token_for_that_of_a_service_account() {
    struct Logins;
    impl VaultTokens for Logins {
        fn login(&self, address: &str) -> Result<VaultLogin, String> {
            assert!(address.starts_with("http://127.0.0.1:"));
            let (path, role) = ("auth/kubernetes/login".to_owned(), "apps_sops".to_owned());
            Ok(VaultLogin { path, role, jwt: "header.claims.signature".to_owned().into() })
        }
    }
    let logins = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&logins);
    let server = Server::start(move |request| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        if request.uri().path() == "/v1/auth/kubernetes/login" {
            *counted.lock().unwrap() += 1;
            let wanted = json!({ "role": "apps_sops", "jwt": "header.claims.signature" });
            assert_eq!(body, wanted);
            return answer(200, &json!({ "auth": { "client_token": "s.given" } }));
        }
        assert_eq!(header(&request, "x-vault-token"), "s.given");
        let data = match request.uri().path() {
            "/v1/t/encrypt/k" => json!({ "ciphertext": body["plaintext"] }),
            _ => json!({ "plaintext": body["ciphertext"] }),
        };
        answer(200, &json!({ "data": data }))
    });
    let server = server.unwrap();
    let (_runtime, services) = services(Endpoints::default());
    let ring = KeyRing::new().with_services(services).with_vault_logins(Box::new(Logins));
    let (address, engine) = (server.url(), "t".to_owned());
    let key = Service::Vault { address, engine, key: "k".to_owned() };
    assert_eq!(round_trip(&ring, &key), Ok(PLAIN.to_vec()));
    assert_eq!(*logins.lock().unwrap(), 1, "a token is used again");
}

/// Computes the signature that a request should bear, from what came over the wire.
fn expected_signature(request: &Request<Bytes>, secret: &str) -> String {
    let authorization = header(request, "authorization");
    let field = |name: &str| {
        let (_, rest) = authorization.split_once(&format!("{name}=")).unwrap();
        rest.split([',', ' ']).next().unwrap().to_owned()
    };
    let scope = field("Credential").split_once('/').unwrap().1.to_owned();
    let names = field("SignedHeaders");
    let lines: String =
        names.split(';').map(|name| format!("{name}:{}\n", header(request, name))).collect();
    let canonical = format!(
        "{}\n{}\n\n{lines}\n{names}\n{}",
        request.method(),
        request.uri().path(),
        hex::encode(Sha256::digest(request.body()))
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        header(request, "x-amz-date"),
        hex::encode(Sha256::digest(canonical))
    );
    let sign = |key: &[u8], text: &str| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
        aws_lc_rs::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
    };
    let key =
        scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| sign(&key, part));
    hex::encode(sign(&key, &text))
}

fn is_signed(request: &Request<Bytes>, secret: &str) -> bool {
    let names = ["content-type", "host", "x-amz-date"];
    let signed = header(request, "authorization");
    signed.ends_with(&format!("Signature={}", expected_signature(request, secret)))
        && names.iter().all(|name| signed.contains(name))
}

#[test]
fn a_known_request_gets_the_known_signature() {
    let credentials = "aws_access_key_id: AKIDEXAMPLE\n\
                       aws_secret_access_key: wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n";
    let credentials = Credentials::parse(credentials.as_bytes()).unwrap();
    let request = Outgoing::new(reqwest::Method::GET, "https://example.amazonaws.com/");
    let request = signed(request, &credentials, ("service", "us-east-1"), 1_440_938_160);
    let authorization = request.headers.iter().find(|(name, _)| *name == "authorization").unwrap();
    assert_eq!(
        authorization.1.as_str(),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

#[test]
fn aws_is_asked_with_signed_requests_under_the_role_of_the_key() {
    let kms = Server::start(|request| {
        let role = header(&request, "x-amz-security-token") == "role-token";
        if !is_signed(&request, if role { "role-secret" } else { "secret" }) {
            let body = json!({ "__type": "com.amazon#InvalidSignatureException", "message": "no" });
            return answer(400, &body);
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        if body["EncryptionContext"] != json!({ "app": "web" }) || !role {
            return answer(
                400,
                &json!({ "__type": "AccessDeniedException", "message": "not you" }),
            );
        }
        let turn = |name: &str| {
            let bytes = STANDARD.decode(body[name].as_str().unwrap()).unwrap();
            STANDARD.encode(turned(&bytes))
        };
        match header(&request, "x-amz-target") {
            "TrentService.Encrypt" => answer(200, &json!({ "CiphertextBlob": turn("Plaintext") })),
            _ => answer(200, &json!({ "Plaintext": turn("CiphertextBlob") })),
        }
    });
    let sts = Server::start(|request| {
        assert!(is_signed(&request, "secret"));
        let body = String::from_utf8_lossy(request.body()).into_owned();
        assert!(body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fsops"), "{body}");
        let xml = "<AssumeRoleResponse><AccessKeyId>RID</AccessKeyId><SecretAccessKey>role-secret\
                   </SecretAccessKey><SessionToken>role-token</SessionToken></AssumeRoleResponse>";
        Response::new(Bytes::from(xml))
    });
    let (kms, sts) = (kms.unwrap(), sts.unwrap());
    let (_runtime, services) = services(Endpoints {
        aws_kms: Some(kms.url()),
        aws_sts: Some(sts.url()),
        ..Endpoints::default()
    });
    let ring = |secret: &str| {
        let mut ring = KeyRing::new().with_services(services.clone());
        let file = format!("aws_access_key_id: ID\naws_secret_access_key: {secret}\n");
        ring.import("sops.aws-kms", file.as_bytes()).unwrap();
        ring
    };
    let key = |role: &str| Service::AwsKms {
        arn: "arn:aws:kms:eu-west-1:123456789012:key/1-2".to_owned(),
        role: role.to_owned(),
        context: [("app".to_owned(), "web".to_owned())].into(),
        profile: String::new(),
    };
    assert_eq!(round_trip(&ring("secret"), &key("arn:aws:iam::1:role/sops")), Ok(PLAIN.to_vec()));
    assert_eq!(
        round_trip(&ring("secret"), &key("")).unwrap_err(),
        "failed to encrypt sops data key with AWS KMS: operation error KMS: Encrypt, https response \
         error StatusCode: 400, RequestID: , AccessDeniedException: not you"
    );
    let error = round_trip(&ring("wrong"), &key("")).unwrap_err();
    assert!(error.ends_with("InvalidSignatureException: no"), "{error}");
}

const SERVICE_KEY: &str = include_str!("data/service.pem");

/// Checks a signed statement; returns its header and what it claims.
fn statement(text: &str) -> (Value, Value) {
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let key = jwt::rsa_key(SERVICE_KEY).unwrap();
    let public = aws_lc_rs::signature::KeyPair::public_key(&key).as_ref().to_vec();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    let read = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (read(head), read(claims))
}

/// Returns a field of a form.
fn field(request: &Request<Bytes>, name: &str) -> String {
    let body = String::from_utf8_lossy(request.body()).into_owned();
    let found = body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap_or_default().replace("%3A", ":").replace("%2F", "/")
}

#[test]
fn google_is_asked_with_a_token_for_a_signed_statement() {
    let tokens = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&tokens);
    let server = Server::start(move |request| {
        if request.uri().path() == "/token" {
            *counted.lock().unwrap() += 1;
            let (head, claims) = statement(&field(&request, "assertion"));
            assert_eq!((&head["kid"], &claims["iss"]), (&json!("7"), &json!("sops@example.com")));
            assert_eq!(claims["exp"], json!(NOW + 3600));
            return answer(200, &json!({ "access_token": "ya29.x", "expires_in": 3600 }));
        }
        assert_eq!(header(&request, "authorization"), "Bearer ya29.x");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        match request.uri().path() {
            "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:encrypt" => {
                answer(200, &json!({ "ciphertext": body["plaintext"] }))
            }
            "/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k:decrypt" => {
                answer(200, &json!({ "plaintext": body["ciphertext"] }))
            }
            _ => {
                let error = json!({ "code": 403, "status": "PERMISSION_DENIED", "message": "no" });
                answer(403, &json!({ "error": error }))
            }
        }
    });
    let server = server.unwrap();
    let (_runtime, services) =
        services(Endpoints { gcp_kms: Some(server.url()), ..Endpoints::default() });
    let mut ring = KeyRing::new().with_services(services);
    let account = json!({
        "type": "service_account", "client_email": "sops@example.com", "private_key_id": "7",
        "private_key": SERVICE_KEY, "token_uri": format!("{}/token", server.url()),
    });
    ring.import("sops.gcp-kms", account.to_string().as_bytes()).unwrap();
    let key = |name: &str| Service::GcpKms {
        resource: format!("projects/p/locations/l/keyRings/r/cryptoKeys/{name}"),
    };
    assert_eq!(round_trip(&ring, &key("k")), Ok(PLAIN.to_vec()));
    assert_eq!(*tokens.lock().unwrap(), 1, "a token is used again");
    assert_eq!(
        round_trip(&ring, &key("other")).unwrap_err(),
        "failed to encrypt sops data key with GCP KMS key: rpc error: code = PermissionDenied desc = \
         no"
    );
    assert_eq!(
        round_trip(&ring, &Service::GcpKms { resource: "k".to_owned() }).unwrap_err(),
        "cannot create GCP KMS service: no valid resource ID found in \"k\""
    );
}

/// Plays a vault and the authority that gives tokens for it.
fn azure(domain: &'static str) -> Server {
    let server = Server::start(move |request| {
        let path = request.uri().path().to_owned();
        if path == "/tenant/oauth2/v2.0/token" {
            let proof = field(&request, "client_assertion");
            let known = if proof.is_empty() {
                field(&request, "client_secret") == "hush"
            } else {
                let (head, claims) = statement(&proof);
                head["x5t"].as_str().unwrap().len() == 27 && claims["sub"] == "client"
            };
            if !known || field(&request, "scope") != "http://vault.test/.default" {
                return answer(
                    401,
                    &json!({ "error": "invalid_client", "error_description": "?" }),
                );
            }
            return answer(200, &json!({ "access_token": "eyJ.a", "expires_in": 3600 }));
        }
        if header(&request, "authorization") != "Bearer eyJ.a" {
            let challenge =
                format!("Bearer authorization=\"http://a\", resource=\"http://{domain}\"");
            let response = Response::builder().status(401).header("www-authenticate", challenge);
            return response.body(Bytes::new()).unwrap();
        }
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["alg"], "RSA-OAEP-256");
        match path.as_str() {
            "/keys/k/v1/encrypt" | "/keys/k/v1/decrypt" => {
                let value = URL_SAFE_NO_PAD.decode(body["value"].as_str().unwrap()).unwrap();
                answer(200, &json!({ "value": URL_SAFE_NO_PAD.encode(turned(&value)) }))
            }
            _ => answer(404, &json!({ "error": { "code": "KeyNotFound", "message": "none" } })),
        }
    });
    server.unwrap()
}

#[test]
fn azure_is_asked_with_a_token_for_the_domain_of_the_vault() {
    let vault = azure("vault.test");
    let (_runtime, mut services) = services(Endpoints::default());
    let client = reqwest::Client::builder().no_proxy().resolve("my.vault.test", vault.address());
    services.client = client.build().unwrap().into();
    let ring = |file: Value| {
        let mut ring = KeyRing::new().with_services(services.clone());
        let mut file = file;
        file["authorityHost"] = json!(vault.url());
        ring.import("sops.azure-kv", file.to_string().as_bytes()).unwrap();
        ring
    };
    let url = format!("http://my.vault.test:{}", vault.address().port());
    let key = |name: &str| {
        let (name, version) = (name.to_owned(), "v1".to_owned());
        Service::AzureKeyVault { url: url.clone(), name, version }
    };
    let by_secret = json!({ "tenantId": "tenant", "clientId": "client", "clientSecret": "hush" });
    assert_eq!(round_trip(&ring(by_secret), &key("k")), Ok(PLAIN.to_vec()));
    let pem = format!("{SERVICE_KEY}{}", include_str!("data/service.crt"));
    let by_certificate =
        json!({ "tenantId": "tenant", "clientId": "client", "clientCertificate": pem });
    assert_eq!(round_trip(&ring(by_certificate), &key("k")), Ok(PLAIN.to_vec()));
    let by_az = || json!({ "tenant": "tenant", "appId": "client", "password": "hush" });
    assert_eq!(round_trip(&ring(by_az()), &key("k")), Ok(PLAIN.to_vec()));
    assert_eq!(
        round_trip(&ring(by_az()), &key("other")).unwrap_err(),
        format!(
            "failed to encrypt sops data key with Azure Key Vault key '{url}/keys/other/v1': RESPONSE \
             404: 404 Not Found, ERROR CODE: KeyNotFound: none"
        )
    );
    let wrong = json!({ "tenant": "tenant", "appId": "client", "password": "wrong" });
    let error = round_trip(&ring(wrong), &key("k")).unwrap_err();
    assert!(error.ends_with("401 Unauthorized: invalid_client ?"), "{error}");
}

#[test]
fn a_server_that_only_says_it_is_a_vault_gets_no_token() {
    let thief = azure("vault.test");
    let (_runtime, mut services) = services(Endpoints::default());
    let client = reqwest::Client::builder().no_proxy().resolve("thief.test", thief.address());
    services.client = client.build().unwrap().into();
    let mut ring = KeyRing::new().with_services(services);
    let file = json!({ "tenant": "tenant", "appId": "client", "password": "hush",
        "authorityHost": thief.url() });
    ring.import("sops.azure-kv", file.to_string().as_bytes()).unwrap();
    let url = format!("http://thief.test:{}", thief.address().port());
    let (name, version) = ("k".to_owned(), "v1".to_owned());
    let error = round_trip(&ring, &Service::AzureKeyVault { url, name, version }).unwrap_err();
    let want = "challenge resource \"http://vault.test\" doesn't match the requested domain";
    assert!(error.ends_with(want), "{error}");
}

#[test]
fn credentials_are_checked_when_they_are_imported() {
    let mut ring = KeyRing::new();
    let cases = [
        ("sops.gcp-kms", "{}", "missing 'type' field in credentials"),
        (
            "sops.azure-kv",
            "{}",
            "invalid data: requires a 'clientId' field, a combination of \
            'tenantId', 'clientId' and 'clientSecret', or 'tenantId', 'clientId' and \
            'clientCertificate'",
        ),
        ("sops.aws-kms", "- a", "failed to unmarshal AWS credentials file: it is no map"),
    ];
    for (name, value, want) in cases {
        assert_eq!(ring.import(name, value.as_bytes()).unwrap_err(), want);
    }
    // Files as PowerShell writes them.
    let utf16: Vec<u8> =
        "\u{FEFF}{\"clientId\":\"c\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(ring.import("sops.azure-kv", &utf16), Ok(()));
}
