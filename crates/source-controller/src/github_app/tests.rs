use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A key of no use anywhere.
const KEY: &[u8] = include_bytes!("../../../ssh/tests/fixtures/id_rsa_pem");

fn data(entries: &[(&str, &[u8])]) -> Data {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect()
}

fn app(api: &str, installation: (&str, &str)) -> App {
    App::from_secret(&data(&[
        ("githubAppID", b"7"),
        (installation.0, installation.1.as_bytes()),
        ("githubAppPrivateKey", KEY),
        ("githubAppBaseURL", api.as_bytes()),
    ]))
    .unwrap()
}

/// Answers with fixed texts by the first line of the request; returns the address and a count.
async fn github() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            let mut request = vec![0; 8192];
            let size = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..size]).into_owned();
            let (status, body) = match request.split(" HTTP").next().unwrap() {
                "POST /api/app/installations/9/access_tokens" => {
                    (201, r#"{"token":"t0ken","expires_at":"2026-01-01T01:00:00Z"}"#)
                }
                "GET /api/users/me/installation" => (200, r#"{"id":9}"#),
                _ => (404, r#"{"message":"Not Found"}"#),
            };
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, count)
}

const NOW: i64 = 1_767_225_600;

async fn credentials(tokens: &Tokens, app: &App, now: i64) -> Result<Credentials, AppError> {
    let tls = Tls::default();
    tokens.credentials(app, Way { proxy: None, tls: &tls }, now).await
}

#[tokio::test]
async fn a_token_is_kept_for_most_of_its_life() {
    let (api, count) = github().await;
    let (tokens, app) = (Tokens::default(), app(&api, ("githubAppInstallationID", "9")));
    let want = Credentials::Basic { username: USER.to_owned(), password: "t0ken".to_owned() };
    assert_eq!(credentials(&tokens, &app, NOW).await.unwrap(), want);
    assert_eq!(credentials(&tokens, &app, NOW + 2_800).await.unwrap(), want);
    assert_eq!(count.load(Ordering::Relaxed), 1);
    credentials(&tokens, &app, NOW + 2_900).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_owner_is_looked_up_as_organization_and_as_user() {
    let (api, count) = github().await;
    let app = app(&api, ("githubAppInstallationOwner", "me"));
    credentials(&Tokens::default(), &app, NOW).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_refusal_is_told_as_upstream_tells_it() {
    let (api, _) = github().await;
    let app = app(&api, ("githubAppInstallationID", "1"));
    let failed = credentials(&Tokens::default(), &app, NOW).await.unwrap_err();
    let want = format!("POST {api}/app/installations/1/access_tokens: 404 Not Found []");
    assert_eq!(failed.to_string(), want);
}

#[test]
fn a_proof_names_the_app_for_two_minutes() {
    let proof = app("http://x", ("githubAppInstallationID", "9")).proof(NOW).unwrap();
    let parts: Vec<_> = proof.split('.').collect();
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims, json!({ "iss": "7", "iat": NOW - 30, "exp": NOW + 90 }));
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 256);
}

#[test]
fn an_incomplete_secret_is_refused() {
    let refused =
        |entries: &[(&str, &[u8])]| App::from_secret(&data(entries)).err().unwrap().to_string();
    assert!(refused(&[]).contains("app ID must be provided"));
    assert!(refused(&[("githubAppID", b"7")]).contains("installation owner or ID must"));
    let both: &[(&str, &[u8])] = &[
        ("githubAppID", b"7"),
        ("githubAppInstallationID", b"9"),
        ("githubAppInstallationOwner", b"me"),
    ];
    assert!(refused(both).contains("only one of"));
    assert!(refused(&both[..2]).contains("private key must be provided"));
}
