//! Values of flags that have a type of their own, and references by kind and name.

use crate::cobra::Check;

/// Splits `kind/name`; without exactly one slash all of it is the name.
pub(crate) fn kind_name(text: &str) -> (&str, &str) {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [kind, name] => (kind, name),
        _ => ("", text),
    }
}

/// Splits `kind/name.namespace`; the namespace is what follows the last dot.
pub(crate) fn kind_name_namespace(text: &str) -> (&str, &str, &str) {
    let (kind, name) = kind_name(text);
    match name.rsplit_once('.') {
        Some((name, namespace)) => (kind, name, namespace),
        None => (kind, name, ""),
    }
}

/// Returns the item that equals a text but for case.
pub(crate) fn fold<'a>(items: &[&'a str], text: &str) -> Option<&'a str> {
    items.iter().copied().find(|item| item.eq_ignore_ascii_case(text))
}

const KUSTOMIZATION_SOURCES: [&str; 3] = ["OCIRepository", "GitRepository", "Bucket"];
const CHART_SOURCES: [&str; 3] = ["HelmRepository", "GitRepository", "Bucket"];
/// Kinds that a HelmRelease takes a chart from directly.
pub(crate) const CHART_REFERENCES: [&str; 2] = ["OCIRepository", "HelmChart"];
const CRDS: [&str; 3] = ["Skip", "Create", "CreateReplace"];
const GIT_PROVIDERS: [&str; 4] = ["generic", "github", "aws", "azure"];
const OCI_PROVIDERS: [&str; 4] = ["generic", "aws", "azure", "gcp"];
const RECEIVERS: [&str; 12] = [
    "generic",
    "generic-hmac",
    "github",
    "gitlab",
    "bitbucket",
    "harbor",
    "dockerhub",
    "quay",
    "gcr",
    "nexus",
    "acr",
    "cdevents",
];

fn unsupported_kind(kind: &str, supported: &[&str]) -> String {
    format!("source kind '{kind}' is not supported, must be one of: {}", supported.join(", "))
}

/// `[Kind/]name[.namespace]` of the source of a Kustomization.
pub(crate) const KUSTOMIZATION_SOURCE: Check = ("string", |text| {
    if text.trim().is_empty() {
        let kinds = KUSTOMIZATION_SOURCES.join(", ");
        return Err(format!(
            "no Kustomization source given, please specify source that contains the Kubernetes manifests in the format '[<kind>/]<name>.<namespace>', where kind must be one of: ({kinds}), if kind is not specified it defaults to GitRepository"
        ));
    }
    let (kind, name) = kind_name(text);
    let bare = kind_name_namespace(text).1;
    if bare.is_empty() {
        return Err(format!("no name given for source of kind '{kind}'"));
    }
    if kind.is_empty() && KUSTOMIZATION_SOURCES.contains(&bare) {
        return Err(format!("no kind specified for source '{bare}'"));
    }
    let kind = if kind.is_empty() { "GitRepository" } else { kind };
    let clean = fold(&KUSTOMIZATION_SOURCES, kind);
    let clean = clean.ok_or_else(|| unsupported_kind(kind, &KUSTOMIZATION_SOURCES))?;
    Ok(format!("{clean}/{name}"))
});

fn chart_source(text: &str) -> Result<String, String> {
    let (kind, name) = kind_name(text);
    if kind.is_empty() || name.is_empty() {
        return Err(format!("invalid helm chart source '{text}', must be in format <kind>/<name>"));
    }
    let clean = fold(&CHART_SOURCES, kind).ok_or_else(|| unsupported_kind(kind, &CHART_SOURCES))?;
    Ok(format!("{clean}/{name}"))
}

/// `Kind/name[.namespace]` of the source of a chart.
pub(crate) const CHART_SOURCE: Check = ("string", |text| match text.trim() {
    "" => Err(format!(
        "no helm chart source given, please specify source that contains the chart in the format '<kind>/<name>.<namespace>', where kind must be one of: ({})",
        CHART_SOURCES.join(", ")
    )),
    _ => chart_source(text),
});

/// `Kind/name` of the source of a HelmChart.
pub(crate) const LOCAL_CHART_SOURCE: Check = ("helmChartSource", |text| match text.trim() {
    "" => Err(format!(
        "no helm chart source given, please specify source that contains the chart in the format '<kind>/<name>', where kind must be one of: ({})",
        CHART_SOURCES.join(", ")
    )),
    _ => chart_source(text),
});

/// What an upgrade does with definitions.
pub(crate) const CRDS_POLICY: Check = ("Skip|Create|CreateReplace", |text| {
    let all = CRDS.join(", ");
    match text {
        _ if text.trim().is_empty() => {
            Err(format!("no upgrade CRDs policy given, must be one of: {all}"))
        }
        _ if CRDS.contains(&text) => Ok(text.to_owned()),
        _ => Err(format!("unsupported upgrade CRDs policy '{text}', must be one of: {all}")),
    }
});

/// Who sends to a receiver.
pub(crate) const RECEIVER: Check = (
    "generic|generic-hmac|github|gitlab|bitbucket|harbor|dockerhub|quay|gcr|nexus|acr|cdevents",
    |text| match text {
        _ if text.trim().is_empty() => {
            Err("no receiver type given, please specify the receiver type".to_owned())
        }
        _ if RECEIVERS.contains(&text) => Ok(text.to_owned()),
        _ => Err(format!(
            "receiver type '{text}' is not supported, must be one of: {}",
            RECEIVERS.join(", ")
        )),
    },
);

/// Who serves a Git repository.
pub(crate) const GIT_PROVIDER: Check = ("generic|github|aws|azure", |text| match text {
    _ if text.trim().is_empty() => {
        Err("no source Git provider given, please specify the Git provider name".to_owned())
    }
    _ if GIT_PROVIDERS.contains(&text) => Ok(text.to_owned()),
    _ => Err(format!(
        "source Git provider '{text}' is not supported, must be one of: {}",
        GIT_PROVIDERS.join("|")
    )),
});

/// Who serves a registry.
pub(crate) const OCI_PROVIDER: Check = ("sourceOCIProvider", |text| match text {
    _ if text.trim().is_empty() => {
        Err("no source OCI provider given, please specify the OCI provider name".to_owned())
    }
    _ if OCI_PROVIDERS.contains(&text) => Ok(text.to_owned()),
    _ => Err(format!(
        "source OCI provider '{text}' is not supported, must be one of: {}",
        OCI_PROVIDERS.join(", ")
    )),
});

/// Who serves a bucket.
pub(crate) const BUCKET_PROVIDER: Check = ("generic|aws|azure|gcp", |text| match text {
    _ if text.trim().is_empty() => Err(
        "no source bucket provider given, please specify the S3 compatible storage provider name"
            .to_owned(),
    ),
    _ if OCI_PROVIDERS.contains(&text) => Ok(text.to_owned()),
    _ => Err(format!(
        "source bucket provider '{text}' is not supported, must be one of: {}",
        OCI_PROVIDERS.join("|")
    )),
});

/// Who verifies signatures.
pub(crate) const VERIFY_PROVIDER: Check = ("sourceOCIVerifyProvider", |text| {
    match text {
    _ if text.trim().is_empty() => Err("no source OCI verify provider given, please specify the OCI verify provider name to use for signature verification, available options are: (cosign)".to_owned()),
    "cosign" => Ok(text.to_owned()),
    _ => Err(format!("source OCI verify provider '{text}' is not supported, must be one of: cosign")),
}
});

/// Who decrypts.
pub(crate) const DECRYPTION: Check = ("decryptionProvider", |text| match text {
    _ if text.trim().is_empty() => {
        Err("no decryption provider given, must be one of: sops".to_owned())
    }
    "sops" => Ok(text.to_owned()),
    _ => Err(format!("unsupported decryption provider '{text}', must be one of: sops")),
});

/// A path that cannot leave where it starts.
pub(crate) const SAFE_PATH: Check = ("safeRelativePath", |text| {
    let clean = flux_tree::path::join_confined("", text);
    Ok(format!("./{clean}"))
});

/// Says what is wrong with the name of a label.
pub(crate) fn qualified_name_error(key: &str) -> Option<String> {
    const RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let name = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["", _] => return Some("prefix part must be non-empty".to_owned()),
        [_, name] => *name,
        _ => {
            return Some(format!(
                "a qualified name {RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ));
        }
    };
    match name {
        "" => Some("name part must be non-empty".to_owned()),
        _ if name.len() > 63 => Some("name part must be no more than 63 characters".to_owned()),
        _ if !is_label_text(name) => Some(format!("name part {RULE}")),
        _ => None,
    }
}

/// Says what is wrong with the value of a label.
pub(crate) fn label_value_error(value: &str) -> Option<String> {
    match value {
        "" => None,
        _ if value.len() > 63 => Some("must be no more than 63 characters".to_owned()),
        _ if !is_label_text(value) => Some("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')".to_owned()),
        _ => None,
    }
}

fn is_label_text(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
}
