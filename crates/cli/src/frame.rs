//! Flags that every command takes, and what they amount to.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{CliError, Environment};

/// The namespace that commands work in unless told otherwise.
const DEFAULT_NAMESPACE: &str = "flux-system";

/// What the global flags say, the environment taken into account.
#[derive(Clone, Debug)]
pub(crate) struct Global {
    /// The namespace to work in.
    pub(crate) namespace: String,
    /// How long an operation may take.
    pub(crate) timeout: std::time::Duration,
    /// How to reach the API server.
    pub(crate) connection: Connection,
}

/// How to reach the API server: kubectl's flags.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// Path of a kubeconfig file.
    pub(crate) kubeconfig: Option<String>,
    /// Name of a context in it.
    pub(crate) context: Option<String>,
    /// User to act as.
    pub(crate) impersonate: Option<String>,
    /// Groups to act as.
    pub(crate) impersonate_groups: Vec<String>,
}

/// Adds the global flags to the root command.
pub(crate) fn global_flags(command: Command) -> Command {
    let text = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).global(true).help(help).num_args(1)
    };
    command
        .arg(text("namespace", "If present, the namespace scope for this CLI request").short('n'))
        .arg(
            text("timeout", "timeout for this operation")
                .default_value("5m0s")
                .value_parser(duration),
        )
        .arg(text("kubeconfig", "Path to the kubeconfig file to use for CLI requests."))
        .arg(text("context", "The name of the kubeconfig context to use"))
        .arg(text("as", "Username to impersonate for the operation."))
        .arg(text("as-group", "Group to impersonate for the operation.").action(ArgAction::Append))
}

/// A flag as pflag reads it: `--name`, `--name=true`, `--name=false`.
pub(crate) fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .value_parser(clap::builder::BoolishValueParser::new())
}

/// Tells whether a flag made by [`flag`] is on.
pub(crate) fn is_on(matches: &ArgMatches, name: &str) -> bool {
    matches.get_one::<bool>(name).copied().unwrap_or(false)
}

/// Returns the value of a flag that takes a text.
pub(crate) fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.get_one::<String>(name).map(String::as_str)
}

/// Returns the values of a flag or argument that can be repeated.
pub(crate) fn texts(matches: &ArgMatches, name: &str) -> Vec<String> {
    matches.get_many::<String>(name).into_iter().flatten().cloned().collect()
}

/// Reads a duration as Go prints it.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let parsed: flux_gostd::duration::Duration =
        text.parse().map_err(|error| format!("{error}"))?;
    parsed.to_std().ok_or_else(|| format!("negative duration {text}"))
}

impl Global {
    /// Reads the global flags.
    ///
    /// # Errors
    /// A namespace that is no RFC 1123 label.
    pub(crate) fn read(matches: &ArgMatches, environment: &Environment) -> Result<Self, CliError> {
        let own = |name: &str| text(matches, name).map(str::to_owned);
        let from_environment = environment
            .variable("FLUX_SYSTEM_NAMESPACE")
            .filter(|namespace| is_label(namespace))
            .unwrap_or(DEFAULT_NAMESPACE);
        let namespace = own("namespace").unwrap_or_else(|| from_environment.to_owned());
        if !is_label(&namespace) {
            return Err(CliError::Usage(format!(
                "namespace must be a valid DNS label: \"{namespace}\""
            )));
        }
        let timeout = matches
            .get_one::<std::time::Duration>("timeout")
            .copied()
            .unwrap_or(std::time::Duration::from_secs(300));
        let connection = Connection {
            kubeconfig: own("kubeconfig")
                .or_else(|| environment.variable("KUBECONFIG").map(str::to_owned)),
            context: own("context"),
            impersonate: own("as"),
            impersonate_groups: texts(matches, "as-group"),
        };
        Ok(Self { namespace, timeout, connection })
    }
}

/// Tells whether a text is a DNS label by RFC 1123.
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let edge = |b: Option<&u8>| b.is_some_and(|b| *b != b'-');
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
}
