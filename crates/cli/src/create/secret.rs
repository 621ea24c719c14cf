//! `create secret`.

mod ssh;

use std::collections::BTreeMap;
use std::path::Path;

use flux_manifest::Object;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(super) use self::ssh::{add_ssh_key, ssh_key_flags};
use super::source::scheme_and_host;
use super::types::RECEIVER;
use super::{Cast, made, prune, read, upsert_secret, usage};
use crate::CliError;
use crate::cobra::{Command, Flag, Matches};
use crate::context::Context;

/// A Secret in the making.
pub(super) struct Secret {
    name: String,
    namespace: String,
    kind: Option<&'static str>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    texts: BTreeMap<String, String>,
}

impl Secret {
    /// Begins an empty one.
    pub(super) fn new(name: &str, namespace: &str) -> Self {
        Self {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            kind: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            texts: BTreeMap::new(),
        }
    }

    /// Puts a text into it.
    pub(super) fn set(&mut self, key: &str, text: &str) {
        self.texts.insert(key.to_owned(), text.to_owned());
    }

    /// Returns a text of it.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Gives it labels.
    pub(super) fn label(&mut self, labels: BTreeMap<String, String>) {
        self.labels = labels;
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether there is no text in it.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns it as an object.
    pub(super) fn object(&self) -> Result<Object, CliError> {
        let map = |map: &BTreeMap<String, String>| match map.is_empty() {
            true => Value::Null,
            false => json!(map),
        };
        let mut value = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": map(&self.labels),
                "annotations": map(&self.annotations),
            },
            "stringData": map(&self.texts),
            "type": self.kind,
        });
        prune(&mut value);
        made(value)
    }
}

/// Describes the commands.
pub(super) fn command() -> Command {
    Command::group("secret", "Create or update Secrets")
        .long("Creates or updates Secrets with credentials in the form in which controllers read them.")
        .child(git_command())
        .child(
            leaf("githubapp", "a GitHub App")
                .example("  # Print a Secret for a GitHub App\n  flux create secret githubapp podinfo-auth --app-id=1 --app-installation-id=2 --app-private-key=./key.pem --export")
                .flags([
                    Flag::text("app-id", "id of the app"),
                    Flag::text("app-installation-owner", "user or organization that has installed the app"),
                    Flag::text("app-installation-id", "id of the installation"),
                    Flag::text("app-private-key", "file with the private key of the app"),
                    Flag::text("app-base-url", "address of GitHub if it is not github.com"),
                ]),
        )
        .child(
            leaf("helm", "Helm repositories")
                .example("  # Print a Secret for a Helm repository\n  flux create secret helm repo-auth --username=my-username --password=my-password --export")
                .flags(basic_flags())
                .flags(tls_flags()),
        )
        .child(
            leaf("notation", "verification of signatures with Notation")
                .example("  # Print a Secret with a trust policy\n  flux create secret notation my-cert --ca-cert-file=./ca.pem --trust-policy-file=./policy.json --export")
                .flags([
                    Flag::text("trust-policy-file", "file with the trust policy"),
                    Flag::list("ca-cert-file", "files with the certificates of authorities, .crt or .pem"),
                ]),
        )
        .child(
            leaf("oci", "registries")
                .example("  # Print a Secret for a registry\n  flux create secret oci podinfo-auth --url=ghcr.io --username=my-username --password=my-password --export")
                .flag(Flag::text("url", "address of the registry"))
                .flags(basic_flags()),
        )
        .child(
            leaf("proxy", "proxies")
                .example("  # Print a Secret for a proxy\n  flux create secret proxy my-proxy --address=https://my-proxy.com --export")
                .flag(Flag::text("address", "address of the proxy"))
                .flags(basic_flags()),
        )
        .child(
            leaf("receiver", "receivers of webhooks")
                .example("  # Print a Secret with a token, and the address to send to\n  flux create secret receiver github --type=github --hostname=flux.example.com --export")
                .flags([
                    Flag::custom("type", RECEIVER, "who sends"),
                    Flag::text("token", "token of the webhook; a random one by default"),
                    Flag::text("hostname", "host name of the webhook's address"),
                    Flag::text("email-claim", "address of the sender's service account; needed for gcr"),
                    Flag::text("audience-claim", "audience of the sender's tokens for gcr; the webhook's address by default"),
                ]),
        )
        .child(
            leaf("tls", "TLS")
                .example("  # Print a Secret with a client certificate\n  flux create secret tls certs --tls-crt-file=./client.crt --tls-key-file=./client.key --ca-crt-file=./ca.crt --export")
                .flags(tls_flags()),
        )
}

fn leaf(word: &'static str, what: &str) -> Command {
    Command::leaf(word, &format!("Create or update a Secret for {what}")).operands("[name]")
}

fn git_command() -> Command {
    leaf("git", "Git repositories")
        .example("  # Print a Secret for a repository over https\n  flux create secret git podinfo-auth --url=https://github.com/stefanprodan/podinfo --username=username --password=password --export\n\n  # Create one with a new SSH key\n  flux create secret git podinfo-auth --url=ssh://git@github.com/stefanprodan/podinfo --ssh-key-algorithm=ed25519")
        .flag(Flag::text("url", "address of the repository, such as ssh://git@host/org/repository"))
        .flags(basic_flags())
        .flags(ssh_key_flags())
        .flags([
            Flag::text("ca-crt-file", "file with the certificate authority to trust"),
            Flag::text("private-key-file", "file with a private key for SSH"),
            Flag::text("bearer-token", "bearer token"),
        ])
}

fn basic_flags() -> [Flag; 2] {
    [
        Flag::text("username", "user name for basic authentication").short('u'),
        Flag::text("password", "password for basic authentication").short('p'),
    ]
}

fn tls_flags() -> [Flag; 3] {
    [
        Flag::text("tls-crt-file", "file with a client certificate"),
        Flag::text("tls-key-file", "file with the key of the client certificate"),
        Flag::text("ca-crt-file", "file with the certificate authority to trust"),
    ]
}

/// Runs the command for a kind of Secret.
pub(super) async fn run(kind: &str, cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let mut secret = Secret::new(&cast.name, &cx.global.namespace);
    match kind {
        "git" => git(&mut secret, cast, cx).await?,
        "githubapp" => github_app(&mut secret, cast, cx)?,
        "helm" => helm(&mut secret, cast, cx)?,
        "notation" => notation(&mut secret, cast, cx)?,
        "oci" => oci(&mut secret, cast)?,
        "proxy" => proxy(&mut secret, cast)?,
        "receiver" => receiver(&mut secret, cast)?,
        _ => tls(&mut secret, cast, cx)?,
    }
    secret.label(cast.labels()?);
    let object = secret.object()?;
    if cast.is_export() {
        let end = if kind == "tls" { "" } else { "\n" };
        let text = flux_yaml::to_string(object.as_value());
        return cx.io.data(&format!("---\n{text}{end}"));
    }
    if let Some(key) = secret.text("identity.pub") {
        cx.io.generate(&format!("deploy key: {key}"))?;
    }
    upsert_secret(&object, cx).await?;
    let what = if kind == "notation" { "notation configuration" } else { kind };
    let namespace = cx.global.namespace.clone();
    cx.io.action(&format!("{what} secret '{}' created in '{namespace}' namespace", cast.name))
}

async fn git(secret: &mut Secret, cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let url = flags.some("url").ok_or_else(|| usage("url is required"))?;
    let (scheme, host) = scheme_and_host(url);
    match scheme.as_str() {
        "ssh" => add_ssh_key(secret, flags, host, cx).await,
        "http" | "https" => {
            let basic = flags.some("username").zip(flags.some("password"));
            let bearer = flags.some("bearer-token");
            if basic.is_none() && bearer.is_none() {
                return Err(usage(
                    "for Git over HTTP/S the username and password, or a bearer token is required",
                ));
            }
            if basic.is_some() && bearer.is_some() {
                return Err(usage("user credentials and bearer token cannot be used together"));
            }
            if let Some((user, password)) = basic {
                secret.set("username", user);
                secret.set("password", password);
            }
            if let Some(token) = bearer {
                secret.set("bearerToken", token);
            }
            if let Some(path) = flags.some("ca-crt-file") {
                secret.set("ca.crt", &read(path, "unable to read TLS CA file", cx)?);
            }
            Ok(())
        }
        _ => Err(CliError::Usage(format!(
            "git URL scheme '{scheme}' not supported, can be: ssh, http and https"
        ))),
    }
}

fn github_app(secret: &mut Secret, cast: &Cast<'_>, cx: &Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let key = read(flags.text("app-private-key"), "unable to read private key file", cx)?;
    if flags.some("app-id").is_none() {
        return Err(usage("githubAppID is required"));
    }
    let owner = flags.some("app-installation-owner");
    let id = flags.some("app-installation-id");
    if owner.is_none() && id.is_none() {
        return Err(usage("githubAppInstallationOwner or githubAppInstallationID is required"));
    }
    secret.kind = Some("Opaque");
    secret.set("githubAppPrivateKey", &key);
    let fields = [
        ("app-id", "githubAppID"),
        ("app-installation-owner", "githubAppInstallationOwner"),
        ("app-installation-id", "githubAppInstallationID"),
        ("app-base-url", "githubAppBaseURL"),
    ];
    for (flag, key) in fields {
        if let Some(text) = flags.some(flag) {
            secret.set(key, text);
        }
    }
    Ok(())
}

fn helm(secret: &mut Secret, cast: &Cast<'_>, cx: &Context<'_>) -> Result<(), CliError> {
    let contents = certificates(cast.matches, cx)?;
    let filled = of_helm(Secret::new(&secret.name, &secret.namespace), cast.matches, &contents);
    *secret = filled;
    Ok(())
}

/// Reads authority, certificate and key where flags name files.
fn certificates(flags: &Matches, cx: &Context<'_>) -> Result<Vec<Option<String>>, CliError> {
    let files = [
        ("ca-crt-file", "unable to read TLS CA file"),
        ("tls-crt-file", "failed to read cert file"),
        ("tls-key-file", "failed to read key file"),
    ];
    let mut contents = Vec::new();
    for (flag, what) in files {
        contents.push(flags.some(flag).map(|path| read(path, what, cx)).transpose()?);
    }
    Ok(contents)
}

/// Fills a Secret for a Helm repository: a certificate comes before a password.
pub(super) fn of_helm(mut secret: Secret, flags: &Matches, contents: &[Option<String>]) -> Secret {
    let content = |at: usize| contents.get(at).and_then(Option::as_deref);
    let (user, password) = (flags.text("username"), flags.text("password"));
    if let (Some(certificate), Some(key)) = (content(1), content(2)) {
        secret.kind = Some("kubernetes.io/tls");
        secret.set("tls.crt", certificate);
        secret.set("tls.key", key);
    } else if !user.is_empty() || !password.is_empty() {
        secret.kind = Some("kubernetes.io/basic-auth");
        secret.set("username", user);
        secret.set("password", password);
    } else if content(0).is_some() {
        secret.kind = Some("Opaque");
    }
    if let Some(authority) = content(0) {
        secret.set("ca.crt", authority);
    }
    secret
}

fn notation(secret: &mut Secret, cast: &Cast<'_>, cx: &Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let files = flags.list("ca-cert-file");
    if files.is_empty() {
        return Err(usage("--ca-cert-file is required"));
    }
    let path = flags.some("trust-policy-file");
    let path = path.ok_or_else(|| usage("--trust-policy-file is required"))?;
    let policy = read(path, "unable to read trust policy file", cx)?;
    let document: Value = serde_json::from_str(&policy).map_err(|error| {
        CliError::Failed(format!("failed to unmarshal trust policy {path}: {error}"))
    })?;
    check_policy(&document)?;
    let mut errors = Vec::new();
    for file in &files {
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.ends_with(".crt") && !name.ends_with(".pem") {
            errors.push(format!("{name} must end with either .crt or .pem"));
            continue;
        }
        match read(file, "unable to read TLS CA file", cx) {
            Ok(text) => secret.set(&name, &text),
            Err(error) => errors.push(error.to_string()),
        }
    }
    if !errors.is_empty() {
        return Err(CliError::Failed(errors.join("\n")));
    }
    secret.set("trustpolicy.json", &policy);
    Ok(())
}

/// Refuses a trust policy that can verify nothing.
fn check_policy(document: &Value) -> Result<(), CliError> {
    let fail = |text: &str| CliError::Failed(format!("invalid trust policy: {text}"));
    match document.get("version").and_then(Value::as_str) {
        None | Some("") => {
            return Err(fail("trust policy document has empty version, version must be specified"));
        }
        Some("1.0") => {}
        Some(other) => {
            let quoted = flux_gostd::quote::quote(other);
            return Err(fail(&format!("trust policy document uses unsupported version {quoted}")));
        }
    }
    let policies = document.get("trustPolicies").and_then(Value::as_array);
    if policies.is_none_or(Vec::is_empty) {
        return Err(fail("trust policy document can not have zero trust policy statements"));
    }
    Ok(())
}

fn oci(secret: &mut Secret, cast: &Cast<'_>) -> Result<(), CliError> {
    use base64::Engine;
    let flags = cast.matches;
    let needed = |flag: &str| {
        flags.some(flag).ok_or_else(|| CliError::Usage(format!("--{flag} is required")))
    };
    let (url, user, password) = (needed("url")?, needed("username")?, needed("password")?);
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let quote = |text: &str| Value::from(text).to_string();
    // The order of the fields is that of the original.
    let text = format!(
        "{{\n  \"auths\": {{\n    {}: {{\n      \"username\": {},\n      \"password\": {},\n      \"auth\": {}\n    }}\n  }}\n}}",
        quote(url),
        quote(user),
        quote(password),
        quote(&auth),
    );
    secret.kind = Some("kubernetes.io/dockerconfigjson");
    secret.set(".dockerconfigjson", &text);
    Ok(())
}

fn proxy(secret: &mut Secret, cast: &Cast<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let address = flags.some("address").ok_or_else(|| usage("address is required"))?;
    secret.kind = Some("Opaque");
    secret.set("address", address);
    for key in ["username", "password"] {
        if let Some(text) = flags.some(key) {
            secret.set(key, text);
        }
    }
    Ok(())
}

fn receiver(secret: &mut Secret, cast: &Cast<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let kind = flags.some("type").ok_or_else(|| usage("--type is required"))?;
    let host = flags.some("hostname").ok_or_else(|| usage("--hostname is required"))?;
    let email = flags.some("email-claim");
    if kind == "gcr" && email.is_none() {
        return Err(usage("--email-claim is required for gcr receiver type"));
    }
    let token = match flags.some("token") {
        Some(token) => token.to_owned(),
        None => random_token(),
    };
    let url = format!("https://{host}{}", webhook_path(&token, &secret.name, &secret.namespace));
    if kind == "gcr" {
        secret.set("email", email.unwrap_or_default());
        secret.set("audience", flags.some("audience-claim").unwrap_or(&url));
    }
    secret.set("token", &token);
    secret.annotations.insert("notification.toolkit.fluxcd.io/webhook".to_owned(), url);
    Ok(())
}

/// Returns the path at which a receiver listens.
pub(crate) fn webhook_path(token: &str, name: &str, namespace: &str) -> String {
    let digest = Sha256::digest(format!("{token}{name}{namespace}").as_bytes());
    format!("/hook/{}", hex::encode(digest))
}

fn random_token() -> String {
    hex::encode(rand_10::random::<[u8; 32]>())
}

fn tls(secret: &mut Secret, cast: &Cast<'_>, cx: &Context<'_>) -> Result<(), CliError> {
    let contents = certificates(cast.matches, cx)?;
    let content = |at: usize| contents.get(at).and_then(Option::as_deref);
    let (authority, certificate, key) = (content(0), content(1), content(2));
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            secret.kind = Some("kubernetes.io/tls");
            secret.set("tls.crt", certificate);
            secret.set("tls.key", key);
        }
        (None, None) if authority.is_some() => secret.kind = Some("Opaque"),
        (None, None) => return Err(usage("no CA certificate or client certificate provided")),
        _ => return Err(usage("both client certificate and key are required")),
    }
    if let Some(authority) = authority {
        secret.set("ca.crt", authority);
    }
    Ok(())
}
