//! One POST to a webhook over HTTPS.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;

use super::calls::{Call, Reply};
use crate::meta;

/// Answers may have this many bytes.
const MAX_ANSWER: usize = 3 << 20;

/// Sends a review and returns the `response` of the answer.
pub(super) async fn post(call: Call) -> Reply {
    let url = format!(
        "{}{}timeout={}s",
        call.url,
        if call.url.contains('?') { '&' } else { '?' },
        call.timeout.as_secs()
    );
    let fail =
        |why: String| format!("failed to call webhook: Post {}: {why}", Value::from(url.as_str()));
    let answer = tokio::time::timeout(call.timeout, exchange(&call, &url)).await;
    let bytes = match answer {
        Err(_) => return Err(fail("context deadline exceeded".to_owned())),
        Ok(answer) => answer.map_err(fail)?,
    };
    let review: Value = serde_json::from_slice(&bytes)
        .map_err(|error| format!("failed to call webhook: {error}"))?;
    let response = review.get("response").cloned().unwrap_or_default();
    if !response.is_object() {
        return Err("webhook response was absent".to_owned());
    }
    let (wanted, found) = (call.uid.as_str(), meta::text(&response, "/uid"));
    if wanted != found {
        return Err(format!("expected response.uid={wanted:?}, got {found:?}"));
    }
    Ok(response)
}

async fn exchange(call: &Call, url: &str) -> Result<Bytes, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("{error}"))?;
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(443);
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let socket = TcpStream::connect((bare.as_str(), port)).await.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
            _ => error.to_string(),
        };
        format!("dial tcp {host}:{port}: {why}")
    })?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(&call.authorities)?));
    let name = ServerName::try_from(bare).map_err(|error| error.to_string())?;
    let stream = connector.connect(name, socket).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // Ends with the sender.
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::post(path)
        .header(http::header::HOST, format!("{host}:{port}"))
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::USER_AGENT, "kube-apiserver-admission")
        .body(Full::new(Bytes::from(call.review.to_string())))
        .map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let code = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
    connection.abort();
    let bytes = body.map_err(|error| error.to_string())?.to_bytes();
    match code.is_success() {
        true => Ok(bytes),
        false => Err(format!("the server responded with the status code {}", code.as_u16())),
    }
}

fn tls(authorities: &[u8]) -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() {
        return Err("tls: failed to verify certificate: x509: certificate signed by unknown \
                    authority"
            .to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
