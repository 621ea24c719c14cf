//! Git's programs on a server that lets us in by SSH.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use gix::bstr::ByteSlice as _;
use gix_transport::Protocol;
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;

use crate::remote::Failure;
use crate::{Cancel, TransportError};

/// What servers say if there is no such repository, or none that may be seen.
const ABSENT: &[&str] = &[
    "repository not found",
    "does not appear to be a git repository",
    "repository does not exist",
    "could not be found",
    "project you were looking for",
    "no such repository",
    "access denied or repository not exported",
];

/// Who logs in where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
}

/// A program that runs on a server.
pub struct Process {
    /// What it prints.
    pub output: Box<dyn Read + Send>,
    /// What it reads.
    pub input: Box<dyn Write + Send>,
    /// What it complains about, so far.
    pub complaints: Arc<Mutex<Vec<u8>>>,
}

/// Runs programs on servers. How it gets in is its own affair.
pub trait Shell: Send + Sync {
    /// Starts a program; reading and writing end when `cancel` says so.
    ///
    /// # Errors
    /// The server cannot be reached, is not the one it should be, or does not let us in.
    fn start(
        &self,
        account: &Account,
        command: &str,
        cancel: &Cancel,
    ) -> Result<Process, TransportError>;
}

/// Returns a transport that starts `git-upload-pack` when it is first used.
pub(crate) fn connect(
    shell: &dyn Shell,
    account: &Account,
    url: &gix::Url,
    failure: &Failure,
    cancel: &Cancel,
) -> Box<dyn Transport> {
    let path = url.path.to_str_lossy();
    let command = format!("git-upload-pack '{}'", path.replace('\'', "'\\''"));
    let started = shell.start(account, &command, cancel);
    let (output, input): (Box<dyn Read + Send>, Box<dyn Write + Send>) = match started {
        Ok(Process { output, input, complaints }) => {
            let output = Output { inner: output, complaints, failure: failure.clone(), any: false };
            (Box::new(output), input)
        }
        Err(error) => {
            // The first one to read is told.
            failure.note(error);
            (Box::new(io::empty()), Box::new(io::sink()))
        }
    };
    let mode = ConnectMode::Process;
    let none = None::<(String, Option<u16>)>;
    Box::new(Connection::new(output, input, Protocol::V1, url.path.clone(), none, mode, false))
}

/// Says what the program complained about if it ends without having printed anything.
struct Output {
    inner: Box<dyn Read + Send>,
    complaints: Arc<Mutex<Vec<u8>>>,
    failure: Failure,
    any: bool,
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buffer) {
            Ok(count) => count,
            Err(error) => {
                let known = match error.kind() {
                    io::ErrorKind::TimedOut => TransportError::Timeout,
                    io::ErrorKind::Interrupted => TransportError::Cancelled,
                    _ => TransportError::Connection("unexpected EOF".to_owned()),
                };
                return Err(self.failure.note(known));
            }
        };
        if count > 0 {
            self.any = true;
            return Ok(count);
        }
        if !self.any {
            let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
            let said = String::from_utf8_lossy(&complaints).into_owned();
            return Err(self.failure.note(complaint(&said)));
        }
        Ok(0)
    }
}

/// Tells a missing repository from other troubles.
fn complaint(said: &str) -> TransportError {
    let lower = said.to_lowercase();
    if ABSENT.iter().any(|phrase| lower.contains(phrase)) {
        return TransportError::Absent;
    }
    match said.trim() {
        "" => TransportError::Connection("unexpected EOF".to_owned()),
        said => TransportError::Protocol(format!("unknown error: {said}")),
    }
}
