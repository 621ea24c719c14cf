//! `spec.conversion`: how objects get from one version to another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::spec::{Demands, one_of};
use crate::crd::definition::list;
use crate::names;

const FIELD: &str = "spec.conversion";
const FORM: &str = "; desired format: https://host[/path]";
/// The versions of ConversionReview that the original speaks.
const SPOKEN: [&str; 2] = ["v1", "v1beta1"];

pub(super) fn check(conversion: &Value, demands: &Demands, errors: &mut Errors) {
    if conversion.is_null() {
        return;
    }
    let strategy = conversion["strategy"].as_str().unwrap_or_default();
    one_of(&format!("{FIELD}.strategy"), strategy, &["None", "Webhook"], errors);
    let webhook = &conversion["webhook"];
    let config = webhook.get("clientConfig").filter(|config| !config.is_null());
    let versions: Vec<&str> =
        list(webhook, "/conversionReviewVersions").filter_map(Value::as_str).collect();
    if strategy == "Webhook" {
        match config {
            None => {
                let detail = "required when strategy is set to Webhook";
                errors.push(FieldError::required(format!("{FIELD}.webhookClientConfig"), detail));
            }
            Some(config) => client(config, demands, errors),
        }
        review_versions(&versions, webhook, errors);
        return;
    }
    const DETAIL: &str = "should not be set when strategy is not set to Webhook";
    if config.is_some() {
        errors.push(FieldError::forbidden(format!("{FIELD}.webhookClientConfig"), DETAIL));
    }
    if !versions.is_empty() {
        errors.push(FieldError::forbidden(format!("{FIELD}.conversionReviewVersions"), DETAIL));
    }
}

fn client(config: &Value, demands: &Demands, errors: &mut Errors) {
    let field = format!("{FIELD}.webhookClientConfig");
    match (config["url"].as_str(), &config["service"]) {
        (Some(text), Value::Null) => url(&format!("{field}.url"), text, errors),
        (None, service @ Value::Object(_)) => {
            self::service(&format!("{field}.service"), service, errors);
        }
        _ => errors.push(FieldError::required(&field, "exactly one of url or service is required")),
    }
    let bundle = config["caBundle"].as_str().unwrap_or_default();
    if demands.certificates
        && !bundle.is_empty()
        && let Some(why) = bundle_error(bundle)
    {
        let field = format!("{field}.caBundle");
        errors.push(FieldError::invalid_showing(field, Value::from(bundle).to_string(), why));
    }
}

/// Tells why certificates cannot be used.
pub(super) fn bundle_error(base64: &str) -> Option<&'static str> {
    let pem = STANDARD.decode(base64).unwrap_or_default();
    let text = String::from_utf8_lossy(&pem);
    let begins = text.find("-----BEGIN CERTIFICATE-----");
    let ends = text.find("-----END CERTIFICATE-----");
    let is_pem = begins.zip(ends).is_some_and(|(begins, ends)| begins < ends);
    (!is_pem).then_some("unable to load root certificates: unable to parse bytes as PEM block")
}

fn url(field: &str, text: &str, errors: &mut Errors) {
    let mut wrong = |value: &str, detail: String| {
        errors.push(FieldError::invalid(field, &value.into(), detail))
    };
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), rest),
    };
    if text.starts_with(':') || text.chars().any(|c| c.is_ascii_control()) {
        let why = match text.starts_with(':') {
            true => "missing protocol scheme",
            false => "net/url: invalid control character in URL",
        };
        let text = Value::from(text);
        let detail = format!("url must be a valid URL: parse {text}: {why}{FORM}");
        errors.push(FieldError::required(field, detail));
        return;
    }
    let authority = rest.strip_prefix("//").map(|rest| rest.split('/').next().unwrap_or_default());
    let (user, host) = match authority.unwrap_or_default().rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority.unwrap_or_default()),
    };
    if scheme != "https" {
        wrong(&scheme, format!("'https' is the only allowed URL scheme{FORM}"));
    }
    if host.is_empty() {
        wrong(host, format!("host must be specified{FORM}"));
    }
    if let Some(user) = user {
        wrong(user, "user information is not permitted in the URL".to_owned());
    }
    if !fragment.is_empty() {
        wrong(fragment, "fragments are not permitted in the URL".to_owned());
    }
    if !query.is_empty() {
        wrong(query, "query parameters are not permitted in the URL".to_owned());
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn service(field: &str, service: &Value, errors: &mut Errors) {
    let text = |key: &str| service[key].as_str().unwrap_or_default();
    // The original takes one for the other in its reports.
    for (key, reported) in [("namespace", "name"), ("name", "namespace")] {
        if text(key).is_empty() {
            errors.push(FieldError::required(format!("{field}.{reported}"), ""));
        }
    }
    let port = service["port"].as_i64().unwrap_or_default();
    if !(1..=65535).contains(&port) {
        let detail = "port is not valid: must be between 1 and 65535, inclusive";
        errors.push(FieldError::invalid(format!("{field}.port"), &port.into(), detail));
    }
    let path = text("path");
    let mut wrong = |detail: String| {
        errors.push(FieldError::invalid(format!("{field}.path"), &path.into(), detail));
    };
    match path {
        "" | "/" => return,
        "//" => return wrong("segment[0] may not be empty".to_owned()),
        _ => {}
    }
    if !path.starts_with('/') {
        wrong("must start with a '/'".to_owned());
    }
    let inner: String = path.chars().skip(1).collect();
    for (at, step) in inner.strip_suffix('/').unwrap_or(&inner).split('/').enumerate() {
        if step.is_empty() {
            wrong(format!("segment[{at}] may not be empty"));
            continue;
        }
        for failure in names::dns_subdomain_errors(step, None) {
            wrong(format!("segment[{at}]: {failure}"));
        }
    }
}

fn review_versions(versions: &[&str], webhook: &Value, errors: &mut Errors) {
    let field = format!("{FIELD}.conversionReviewVersions");
    if versions.is_empty() {
        errors.push(FieldError::required(field, ""));
        return;
    }
    for (at, version) in versions.iter().enumerate() {
        let field = format!("{field}[{at}]");
        if versions.iter().take(at).any(|before| before == version) {
            errors.push(FieldError::invalid(field, &(*version).into(), "duplicate version"));
            continue;
        }
        for wrong in names::dns_1035_label_errors(version, None) {
            errors.push(FieldError::invalid(&field, &(*version).into(), wrong));
        }
    }
    if !versions.iter().any(|version| SPOKEN.contains(version)) {
        let detail = format!("must include at least one of {}", SPOKEN.join(", "));
        errors.push(FieldError::invalid(field, &webhook["conversionReviewVersions"], detail));
    }
}
