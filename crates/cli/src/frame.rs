//! Flags that every command takes, and what they amount to.

use std::collections::BTreeMap;

use flux_cluster::{Connection, Contexts, Impersonation, Overrides};

use crate::cobra::{Complete, Flag, Matches};
use crate::{CliError, Environment};

/// The namespace that commands work in unless told otherwise.
pub(crate) const DEFAULT_NAMESPACE: &str = "flux-system";

/// What the global flags say, the environment taken into account.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    /// The namespace to work in.
    pub(crate) namespace: String,
    /// How long an operation may take.
    pub(crate) timeout: std::time::Duration,
    /// How to reach the API server.
    pub(crate) connection: Connection,
    /// Something that the user should know before the command runs.
    pub(crate) warning: Option<String>,
}

/// Returns the flags that every command takes.
pub(crate) fn global_flags(environment: &Environment) -> Vec<Flag> {
    let home = environment.variable("HOME").unwrap_or_default();
    let (namespace, _) = default_namespace(environment);
    vec![
        Flag::duration("timeout", "how long an operation may take").default("5m0s"),
        Flag::bool("verbose", "print the objects that are generated"),
        Flag::bool(
            "ns-follows-kube-context",
            "work in the namespace of the kubeconfig's context instead of flux-system; FLUX_NS_FOLLOWS_KUBE_CONTEXT does the same",
        ),
        Flag::float("kube-api-qps", "requests to the API server per second").default("50"),
        Flag::int("kube-api-burst", "requests to the API server that may exceed the rate")
            .default("300"),
        Flag::text("kubeconfig", "kubeconfig file to use"),
        Flag::text("context", "context of the kubeconfig to use").complete(Complete::Contexts),
        Flag::text("cluster", "cluster of the kubeconfig to use"),
        Flag::text("user", "user of the kubeconfig to use"),
        Flag::text("namespace", "namespace to work in")
            .short('n')
            .default(&namespace)
            .complete(Complete::Namespaces),
        Flag::text("server", "address and port of the API server"),
        Flag::text("token", "bearer token for the API server"),
        Flag::text("as", "user to speak for: a person, or a service account of a namespace"),
        Flag::repeated("as-group", "group to speak for; can be repeated"),
        Flag::text("as-uid", "uid to speak for"),
        Flag::repeated(
            "as-user-extra",
            "further facts about the user to speak for, as key=value; can be repeated",
        ),
        Flag::text(
            "certificate-authority",
            "file with the certificate authorities to trust as the API server's",
        ),
        Flag::text("client-certificate", "file with the certificate to show to the API server"),
        Flag::text("client-key", "file with the key of the certificate to show to the API server"),
        Flag::bool(
            "insecure-skip-tls-verify",
            "do not check the API server's certificate, which makes the connection insecure",
        ),
        Flag::text(
            "tls-server-name",
            "name that the API server's certificate must have; the name in its address by default",
        ),
        Flag::text("cache-dir", "directory for caches; accepted, nothing is cached on disk")
            .default(&format!("{home}/.kube/cache")),
        Flag::bool("disable-compression", "ask the API server for uncompressed answers"),
    ]
}

/// Returns the namespace without any flag, and a warning if the environment's is no name.
fn default_namespace(environment: &Environment) -> (String, Option<String>) {
    match environment.variable("FLUX_SYSTEM_NAMESPACE") {
        Some(name) if is_label(name) => (name.to_owned(), None),
        Some(name) => {
            let quoted = flux_gostd::quote::quote(name);
            let warning = format!(" ignoring invalid FLUX_SYSTEM_NAMESPACE: {quoted}");
            (DEFAULT_NAMESPACE.to_owned(), Some(warning))
        }
        None => (DEFAULT_NAMESPACE.to_owned(), None),
    }
}

impl Global {
    /// Reads the global flags.
    ///
    /// # Errors
    /// A namespace that is no RFC 1123 label, except where upstream does not look either.
    pub(crate) fn read(matches: &Matches, environment: &Environment) -> Result<Self, CliError> {
        let connection = connection(matches, environment);
        let (_, warning) = default_namespace(environment);
        let mut namespace = matches.text("namespace").to_owned();
        // `create` and `plugin` replace the hook that does both.
        let unchecked = matches!(matches.path.first(), Some(&("create" | "plugin")));
        let follows = matches.is_on("ns-follows-kube-context")
            || environment.variable("FLUX_NS_FOLLOWS_KUBE_CONTEXT").is_some();
        if !unchecked && follows && !matches.given("namespace") {
            // A kubeconfig that cannot be read is told of by the command that needs it.
            let found = Contexts::read(&connection).ok().and_then(|it| it.namespace);
            namespace = found.unwrap_or(namespace);
        }
        if !unchecked && !is_label(&namespace) {
            let quoted = flux_gostd::quote::quote(&namespace);
            return Err(CliError::Usage(format!("namespace must be a valid DNS label: {quoted}")));
        }
        Ok(Self { namespace, timeout: matches.duration("timeout"), connection, warning })
    }
}

/// Reads how to reach the API server.
pub(crate) fn connection(matches: &Matches, environment: &Environment) -> Connection {
    let own = |name: &str| matches.some(name).map(str::to_owned);
    let path = |name: &str| matches.some(name).map(|path| environment.directory.join(path));
    let kubeconfig = path("kubeconfig").or_else(|| {
        let list = environment.variable("KUBECONFIG")?;
        let paths = std::env::split_paths(list).map(|path| environment.directory.join(path));
        std::env::join_paths(paths).ok().map(Into::into)
    });
    let impersonate = own("as").map(|user| Impersonation {
        user,
        groups: matches.list("as-group"),
        uid: own("as-uid"),
        extra: extra(&matches.list("as-user-extra")),
    });
    Connection {
        kubeconfig,
        context: own("context"),
        user_agent: concat!("flux/v", env!("CARGO_PKG_VERSION")).to_owned(),
        overrides: Overrides {
            cluster: own("cluster"),
            user: own("user"),
            server: own("server")
                .map(|it| if it.contains("://") { it } else { format!("https://{it}") }),
            token: own("token"),
            certificate_authority: path("certificate-authority"),
            client_certificate: path("client-certificate"),
            client_key: path("client-key"),
            insecure_skip_tls_verify: matches.is_on("insecure-skip-tls-verify"),
            tls_server_name: own("tls-server-name"),
            disable_compression: matches.is_on("disable-compression"),
            impersonate,
        },
    }
}

fn extra(pairs: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in pairs.iter().filter_map(|pair| pair.split_once('=')) {
        extra.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    extra
}

/// Tells whether a text is a DNS label by RFC 1123.
pub(crate) fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edge = |b: Option<&u8>| b.is_some_and(|b| *b != b'-');
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
}

/// Flags that several commands share.
pub(crate) mod shared {
    use crate::cobra::Flag;

    /// `-A`.
    pub(crate) fn all_namespaces(help: &str) -> Flag {
        Flag::bool("all-namespaces", help).short('A')
    }

    /// `-o json|yaml`.
    pub(crate) fn output(help: &str) -> Flag {
        Flag::text("output", help)
            .short('o')
            .complete(crate::cobra::Complete::Words(&["json", "yaml"]))
    }

    /// `-s`.
    pub(crate) fn silent(help: &str) -> Flag {
        Flag::bool("silent", help).short('s')
    }
}
