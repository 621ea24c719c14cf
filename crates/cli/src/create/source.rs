//! `create source`.

use flux_manifest::Object;
use serde_json::{Value, json};

use super::secret::{self, Secret};
use super::types::{
    BUCKET_PROVIDER, GIT_PROVIDER, LOCAL_CHART_SOURCE, OCI_PROVIDER, VERIFY_PROVIDER, kind_name,
};
use super::{Cast, Words, apply_and_wait, kind_named, print_export, read, upsert_secret, usage};
use crate::CliError;
use crate::cobra::{Command, Complete, Flag};
use crate::context::Context;

fn leaf(word: &'static str, kind: &'static str) -> Command {
    Command::leaf(word, &format!("Create or update a {kind}"))
        .operands("[name]")
        .complete(Complete::Names("source.toolkit.fluxcd.io", "v1", kind))
}

/// Describes the commands.
pub(super) fn command() -> Command {
    Command::group("source", "Create or update sources")
        .persistent([Flag::duration("fetch-timeout", "how long fetching may take")])
        .child(git_command())
        .child(helm_command())
        .child(oci_command())
        .child(bucket_command())
        .child(chart_command())
}

fn git_command() -> Command {
    leaf("git", "GitRepository")
        .example("  # Create a source for a public repository\n  flux create source git podinfo --url=https://github.com/stefanprodan/podinfo --branch=master\n\n  # Print a source that follows a range of versions\n  flux create source git podinfo --url=https://github.com/stefanprodan/podinfo --tag-semver=6.x --export")
        .flags([
            Flag::text("url", "address of the repository: ssh, http or https"),
            Flag::text("branch", "branch to follow"),
            Flag::text("tag", "tag to check out"),
            Flag::text("tag-semver", "range of versions among the tags"),
            Flag::text("ref-name", "full name of a reference"),
            Flag::text("commit", "commit to check out"),
            Flag::text("username", "user name for basic authentication").short('u'),
            Flag::text("password", "password for basic authentication").short('p'),
            Flag::text("secret-ref", "name of a Secret that is there with credentials"),
            Flag::text("proxy-secret-ref", "name of a Secret with address and credentials of a proxy"),
            Flag::custom("provider", GIT_PROVIDER, "who serves the repository"),
            Flag::text("ca-file", "file with the certificate authority to trust"),
            Flag::text("private-key-file", "file with a private key without a passphrase for SSH"),
            Flag::bool("recurse-submodules", "check out submodules as well"),
            Flag::bool("silent", "do not ask whether the deploy key is in place").short('s'),
            Flag::list("ignore-paths", "paths to leave out, in .gitignore's format"),
            Flag::list("sparse-checkout-paths", "directories to check out"),
        ])
        .flags(secret::ssh_key_flags())
}

fn helm_command() -> Command {
    leaf("helm", "HelmRepository")
        .example("  # Create a source for a repository of charts\n  flux create source helm podinfo --url=https://stefanprodan.github.io/podinfo --interval=10m")
        .flags([
            Flag::text("url", "address of the repository: http, https or oci"),
            Flag::text("username", "user name for basic authentication").short('u'),
            Flag::text("password", "password for basic authentication").short('p'),
            Flag::text("cert-file", "file with a client certificate"),
            Flag::text("key-file", "file with the key of the client certificate"),
            Flag::text("ca-file", "file with the certificate authority to trust"),
            Flag::text("secret-ref", "name of a Secret that is there with credentials"),
            Flag::text("oci-provider", "who serves the registry"),
            Flag::bool("pass-credentials", "send credentials to other hosts as well"),
        ])
}

fn verify_flags() -> [Flag; 4] {
    [
        Flag::custom("verify-provider", VERIFY_PROVIDER, "who verifies signatures: cosign"),
        Flag::text(
            "verify-secret-ref",
            "name of a Secret with the public keys to verify signatures",
        ),
        Flag::text("verify-subject", "regular expression for the subject of the signer"),
        Flag::text("verify-issuer", "regular expression for the issuer of the signer"),
    ]
}

fn oci_command() -> Command {
    leaf("oci", "OCIRepository")
        .example("  # Create a source for an artifact in a registry\n  flux create source oci podinfo --url=oci://ghcr.io/stefanprodan/manifests/podinfo --tag=6.6.2 --interval=10m")
        .flags([
            Flag::custom("provider", OCI_PROVIDER, "who serves the registry"),
            Flag::text("url", "address of the repository"),
            Flag::text("tag", "tag of the artifact"),
            Flag::text("tag-semver", "range of versions among the tags"),
            Flag::text("digest", "digest of the artifact"),
            Flag::text("secret-ref", "name of a Secret of type kubernetes.io/dockerconfigjson"),
            Flag::text("proxy-secret-ref", "name of a Secret with address and credentials of a proxy"),
            Flag::text("service-account", "name of a service account with image pull secrets"),
            Flag::text("cert-ref", "name of a Secret with TLS certificates"),
            Flag::list("ignore-paths", "paths to leave out, in .gitignore's format"),
            Flag::bool("insecure", "connect by plain HTTP"),
            Flag::text("layer-selector", "layer of the artifact, as <media-type>:<operation>; the operation is extract or copy"),
        ])
        .flags(verify_flags())
}

fn bucket_command() -> Command {
    leaf("bucket", "Bucket")
        .example("  # Create a source for a bucket\n  flux create source bucket podinfo --bucket-name=podinfo --endpoint=minio.minio.svc.cluster.local:9000 --secret-ref=minio")
        .flags([
            Flag::custom("provider", BUCKET_PROVIDER, "who serves the bucket").default("generic"),
            Flag::text("bucket-name", "name of the bucket"),
            Flag::text("endpoint", "address of the bucket's server"),
            Flag::text("access-key", "access key"),
            Flag::text("secret-key", "secret key"),
            Flag::text("region", "region of the bucket"),
            Flag::bool("insecure", "connect by plain HTTP"),
            Flag::text("secret-ref", "name of a Secret that is there with credentials"),
            Flag::text("proxy-secret-ref", "name of a Secret with address and credentials of a proxy"),
            Flag::list("ignore-paths", "paths to leave out, in .gitignore's format"),
        ])
}

fn chart_command() -> Command {
    leaf("chart", "HelmChart")
        .example("  # Create a source for a chart of a repository\n  flux create source chart podinfo --source=HelmRepository/podinfo --chart=podinfo --chart-version=6.x")
        .flags([
            Flag::text("chart", "name or path of the chart"),
            Flag::text("chart-version", "version of the chart or a range; of no effect for charts from GitRepositories"),
            Flag::custom("source", LOCAL_CHART_SOURCE, "source of the chart as <kind>/<name>, the kind one of HelmRepository, GitRepository, Bucket"),
            Flag::text("reconcile-strategy", "when there is a new artifact: ChartVersion or Revision").default("ChartVersion"),
        ])
        .flags(verify_flags())
}

/// Runs the command for a kind of source.
pub(super) async fn run(kind: &str, cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    match kind {
        "git" => git(cast, cx).await,
        "helm" => helm(cast, cx).await,
        "oci" => oci(cast, cx).await,
        "bucket" => bucket(cast, cx).await,
        _ => chart(cast, cx).await,
    }
}

/// Returns what stands before `:` in an address, and its host.
pub(super) fn scheme_and_host(url: &str) -> (String, &str) {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // What comes before a colon is a scheme even without slashes.
        None => match url.split_once(':') {
            Some((scheme, _)) if !scheme.contains(['/', '@', '.']) => (scheme, ""),
            _ => ("", ""),
        },
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (scheme.to_lowercase(), host.rsplit('@').next().unwrap_or_default())
}

async fn git(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let url = flags.some("url").ok_or_else(|| usage("url is required"))?;
    let (scheme, host) = scheme_and_host(url);
    if !matches!(scheme.as_str(), "ssh" | "http" | "https") {
        let text = format!("git URL scheme '{scheme}' not supported, can be: ssh, http and https");
        return Err(CliError::Usage(text));
    }
    let references = ["branch", "tag", "tag-semver", "commit", "ref-name"];
    if references.iter().all(|flag| flags.some(flag).is_none()) {
        return Err(usage(
            "a Git ref is required, use one of the following: --branch, --tag, --commit, --ref-name or --tag-semver",
        ));
    }
    if flags.some("ca-file").is_some() && scheme == "ssh" {
        return Err(usage("specifying a CA file is not supported for Git over SSH"));
    }
    let spec = json!({
        "url": url,
        "interval": cast.interval(),
        "recurseSubmodules": cast.on("recurse-submodules"),
        "ref": git_reference(cast),
        "ignore": cast.lines("ignore-paths"),
        "sparseCheckout": list(cast, "sparse-checkout-paths"),
        "timeout": cast.duration("fetch-timeout"),
        "secretRef": cast.reference("secret-ref"),
        "proxySecretRef": cast.reference("proxy-secret-ref"),
        "provider": cast.text("provider"),
    });
    let mut object = cast.object(kind_named("GitRepository")?, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    cx.io.generate("generating GitRepository source")?;
    if flags.some("secret-ref").is_none() {
        let secret = git_credentials(cast, &scheme, host, cx).await?;
        configure(secret, &mut object, "applying secret with repository credentials", cx).await?;
    }
    let words = Words { subject: "GitRepository source", written: "GitRepository source" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    fetched(&ready, "GitRepository source", cx)
}

fn list(cast: &Cast<'_>, flag: &str) -> Value {
    match cast.matches.list(flag) {
        items if items.is_empty() => Value::Null,
        items => json!(items),
    }
}

/// Returns the reference that counts: a commit, then a name, a range, a tag, a branch.
fn git_reference(cast: &Cast<'_>) -> Value {
    let flags = cast.matches;
    if flags.some("commit").is_some() {
        return json!({"commit": cast.text("commit"), "branch": cast.text("branch")});
    }
    let order =
        [("ref-name", "name"), ("tag-semver", "semver"), ("tag", "tag"), ("branch", "branch")];
    let first = order.into_iter().find(|(flag, _)| flags.some(flag).is_some());
    first.map_or(json!({}), |(flag, field)| json!({ field: cast.text(flag) }))
}

async fn git_credentials(
    cast: &Cast<'_>,
    scheme: &str,
    host: &str,
    cx: &mut Context<'_>,
) -> Result<Secret, CliError> {
    let flags = cast.matches;
    let mut secret = Secret::new(&cast.name, &cx.global.namespace);
    match scheme {
        "ssh" => {
            secret::add_ssh_key(&mut secret, flags, host, cx).await?;
            if let Some(key) = secret.text("known_hosts") {
                cx.io.success(&format!("collected public key from SSH server:\n{key}"))?;
            }
            if let Some(key) = secret.text("identity.pub") {
                cx.io.generate(&format!("deploy key: {key}"))?;
                if !flags.is_on("silent")
                    && !cx.io.confirm("Have you added the deploy key to your repository")?
                {
                    return Err(CliError::Failed("aborting".to_owned()));
                }
            }
        }
        "http" => {
            cx.io.warning("insecure configuration: credentials configured for an HTTP URL")?
        }
        _ => {
            if let Some(path) = flags.some("ca-file") {
                secret.set("ca.crt", &read(path, "unable to read TLS CA file", cx)?);
            }
        }
    }
    if let (Some(user), Some(password)) = (flags.some("username"), flags.some("password")) {
        secret.set("username", user);
        secret.set("password", password);
    }
    Ok(secret)
}

/// Writes a Secret with something in it, and refers to it.
async fn configure(
    secret: Secret,
    object: &mut Object,
    doing: &str,
    cx: &mut Context<'_>,
) -> Result<(), CliError> {
    if secret.is_empty() {
        return Ok(());
    }
    cx.io.action(doing)?;
    upsert_secret(&secret.object()?, cx).await?;
    let name = secret.name().to_owned();
    object.edit(|fields| {
        if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
            spec.insert("secretRef".to_owned(), json!({ "name": name }));
        }
    });
    cx.io.success("authentication configured")
}

/// Says which revision was fetched.
fn fetched(ready: &Object, subject: &str, cx: &mut Context<'_>) -> Result<(), CliError> {
    cx.io.success(&format!("{subject} reconciliation completed"))?;
    let revision = ready.pointer("/status/artifact/revision").and_then(Value::as_str);
    match revision {
        Some(revision) => cx.io.success(&format!("fetched revision: {revision}")),
        None if subject == "OCIRepository" => {
            Err(CliError::Failed("no artifact was found".to_owned()))
        }
        None => Err(CliError::Failed(format!(
            "{subject} reconciliation completed but no artifact was found"
        ))),
    }
}

async fn helm(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let url = flags.some("url").ok_or_else(|| usage("url is required"))?;
    let (scheme, host) = scheme_and_host(url);
    if !matches!(scheme.as_str(), "http" | "https" | "oci") {
        let text = format!("url scheme '{scheme}' not supported, can be: http, https and oci");
        return Err(CliError::Usage(text));
    }
    if host.is_empty() {
        return Err(usage("url host is required"));
    }
    let of_registry = scheme == "oci";
    let named = flags.some("secret-ref").is_some();
    let spec = json!({
        "url": url,
        "interval": cast.interval(),
        "type": if of_registry { "oci".into() } else { Value::Null },
        "provider": if of_registry { cast.text("oci-provider") } else { Value::Null },
        "timeout": cast.duration("fetch-timeout"),
        "secretRef": cast.reference("secret-ref"),
        "passCredentials": if named { cast.on("pass-credentials") } else { Value::Null },
    });
    let mut object = cast.object(kind_named("HelmRepository")?, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    let files = [
        ("ca-file", "unable to read TLS CA file"),
        ("cert-file", "failed to read cert file"),
        ("key-file", "failed to read key file"),
    ];
    let mut contents = Vec::new();
    for (flag, what) in files {
        contents.push(flags.some(flag).map(|path| read(path, what, cx)).transpose()?);
    }
    cx.io.generate("generating HelmRepository source")?;
    if !named {
        let name = format!("helm-{}", cast.name);
        let secret = secret::of_helm(Secret::new(&name, &cx.global.namespace), flags, &contents);
        configure(secret, &mut object, "applying secret with repository credentials", cx).await?;
    }
    let words = Words { subject: "HelmRepository source", written: "source" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    if of_registry {
        return cx.io.success("HelmRepository source reconciliation completed");
    }
    fetched(&ready, "HelmRepository source", cx)
}

async fn oci(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let url = flags.some("url").ok_or_else(|| usage("url is required"))?;
    if ["tag-semver", "tag", "digest"].iter().all(|flag| flags.some(flag).is_none()) {
        return Err(usage("--tag, --tag-semver or --digest is required"));
    }
    let spec = json!({
        "provider": cast.text("provider"),
        "url": url,
        "insecure": cast.on("insecure"),
        "interval": cast.interval(),
        "ref": {
            "digest": cast.text("digest"),
            "semver": cast.text("tag-semver"),
            "tag": cast.text("tag"),
        },
        "ignore": cast.lines("ignore-paths"),
        "layerSelector": layer_selector(flags.text("layer-selector"))?,
        "timeout": cast.duration("fetch-timeout"),
        "serviceAccountName": cast.text("service-account"),
        "secretRef": cast.reference("secret-ref"),
        "proxySecretRef": cast.reference("proxy-secret-ref"),
        "certSecretRef": cast.reference("cert-ref"),
        "verify": verification(cast)?,
    });
    let object = cast.object(kind_named("OCIRepository")?, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    let words = Words { subject: "OCIRepository", written: "OCIRepository" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    fetched(&ready, "OCIRepository", cx)
}

fn layer_selector(text: &str) -> Result<Value, CliError> {
    let quoted = flux_gostd::quote::quote(text);
    if text.is_empty() {
        return Ok(Value::Null);
    }
    match text.split_once(':') {
        Some((media, operation)) if !media.is_empty() && !operation.is_empty() => match operation {
            "extract" | "copy" => Ok(json!({"mediaType": media, "operation": operation})),
            _ => Err(CliError::Usage(format!(
                "invalid --layer-selector {quoted}: operation must be \"extract\" or \"copy\""
            ))),
        },
        _ => Err(CliError::Usage(format!(
            "invalid --layer-selector {quoted}: must be in the format '<media-type>:<operation>'"
        ))),
    }
}

/// Returns how signatures are verified.
fn verification(cast: &Cast<'_>) -> Result<Value, CliError> {
    let flags = cast.matches;
    let (issuer, subject) = (flags.text("verify-issuer"), flags.text("verify-subject"));
    let identity = !issuer.is_empty() || !subject.is_empty();
    if let Some(provider) = flags.some("verify-provider") {
        let identities = json!([{"issuer": issuer, "subject": subject}]);
        return Ok(json!({
            "provider": provider,
            "secretRef": cast.reference("verify-secret-ref"),
            "matchOIDCIdentity": if identity { identities } else { Value::Null },
        }));
    }
    if flags.some("verify-secret-ref").is_some() {
        return Err(usage("a verification provider must be specified when a secret is specified"));
    }
    if identity {
        return Err(usage(
            "a verification provider must be specified when OIDC issuer/subject is specified",
        ));
    }
    Ok(Value::Null)
}

async fn bucket(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let name = flags.some("bucket-name").ok_or_else(|| usage("bucket-name is required"))?;
    let endpoint = flags.some("endpoint").ok_or_else(|| usage("endpoint is required"))?;
    let spec = json!({
        "bucketName": name,
        "provider": cast.text("provider"),
        "insecure": cast.on("insecure"),
        "endpoint": endpoint,
        "region": cast.text("region"),
        "interval": cast.interval(),
        "ignore": cast.lines("ignore-paths"),
        "timeout": cast.duration("fetch-timeout"),
        "secretRef": cast.reference("secret-ref"),
        "proxySecretRef": cast.reference("proxy-secret-ref"),
    });
    let mut object = cast.object(kind_named("Bucket")?, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    cx.io.generate("generating Bucket source")?;
    if flags.some("secret-ref").is_none() {
        let mut secret = Secret::new(&format!("bucket-{}", cast.name), &cx.global.namespace);
        secret.label(cast.labels()?);
        if let (Some(access), Some(key)) = (flags.some("access-key"), flags.some("secret-key")) {
            secret.set("accesskey", access);
            secret.set("secretkey", key);
        }
        configure(secret, &mut object, "applying secret with the bucket credentials", cx).await?;
    }
    let words = Words { subject: "Bucket source", written: "Bucket source" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    fetched(&ready, "Bucket source", cx)
}

async fn chart(cast: &Cast<'_>, cx: &mut Context<'_>) -> Result<(), CliError> {
    let flags = cast.matches;
    let source = flags.some("source").ok_or_else(|| usage("chart source is required"))?;
    let chart = flags.some("chart").ok_or_else(|| usage("chart name or path is required"))?;
    cx.io.generate("generating HelmChart source")?;
    let (kind, name) = kind_name(source);
    let spec = json!({
        "chart": chart,
        "version": cast.text("chart-version"),
        "interval": cast.interval(),
        "reconcileStrategy": cast.text("reconcile-strategy"),
        "sourceRef": {"kind": kind, "name": name},
        "verify": verification(cast)?,
    });
    let object = cast.object(kind_named("HelmChart")?, spec, cx)?;
    if cast.is_export() {
        return print_export(object.as_value(), cx);
    }
    let words = Words { subject: "HelmChart source", written: "source" };
    let ready = apply_and_wait(&object, &words, cx).await?;
    fetched(&ready, "HelmChart source", cx)
}
