//! How a command ends.

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl Exit {
    /// Everything went well.
    pub const SUCCESS: Self = Self(0);
    /// The command failed, or found what it was asked to report by its status.
    pub const FAILURE: Self = Self(1);
}

/// Why a command failed; printed as `✗ <text>`, its hint below.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments do not fit.
    #[error("{0}")]
    Usage(String),
    /// The API server refused or could not be reached.
    #[error("{0}")]
    Cluster(String),
    /// Anything else, in the words that the user is to read.
    #[error("{0}")]
    Failed(String),
    /// Changes were found, which is what was asked for: printed as a warning, status 1.
    #[error("{0}")]
    Changes(String),
    /// A comparison could not be made: status 2, as 1 says that there are changes.
    #[error("{0}")]
    Differs(String),
    /// Nobody reads the output any more.
    #[error("broken pipe")]
    BrokenPipe,
    /// The output could not be written.
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Output(error),
        }
    }
}
