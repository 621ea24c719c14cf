//! The streams of a command and the symbols of its progress lines.
//!
//! Data goes to standard output, everything else to standard error, so that a redirected
//! output is always clean.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::CliError;

/// The streams that a command reads and writes.
pub struct Io {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
    errors: Box<dyn Write + Send>,
}

/// What a command wrote, for tests.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    output: Arc<Mutex<Vec<u8>>>,
    errors: Arc<Mutex<Vec<u8>>>,
    both: Arc<Mutex<Vec<u8>>>,
}

impl Captured {
    /// Returns what went to standard output.
    pub fn output(&self) -> String {
        text(&self.output)
    }

    /// Returns what went to standard error.
    pub fn errors(&self) -> String {
        text(&self.errors)
    }

    /// Returns what went to either, in the order in which it was written.
    pub fn both(&self) -> String {
        text(&self.both)
    }
}

fn text(bytes: &Mutex<Vec<u8>>) -> String {
    let bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Keeps what is written, in a place of its own and in one that it shares.
struct Sink([Arc<Mutex<Vec<u8>>>; 2]);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for place in &self.0 {
            place.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Io {
    /// Returns the streams of the process.
    pub fn process() -> Self {
        Self {
            input: Box::new(std::io::stdin()),
            output: Box::new(std::io::stdout()),
            errors: Box::new(std::io::stderr()),
        }
    }

    /// Returns streams that keep what is written and read from `input`.
    pub fn captured(input: impl Into<Vec<u8>>) -> (Self, Captured) {
        let captured = Captured::default();
        let io = Self {
            input: Box::new(std::io::Cursor::new(input.into())),
            output: Box::new(Sink([captured.output.clone(), captured.both.clone()])),
            errors: Box::new(Sink([captured.errors.clone(), captured.both.clone()])),
        };
        (io, captured)
    }

    /// Reads all of standard input.
    ///
    /// # Errors
    /// The stream cannot be read or is no UTF-8.
    pub fn read_input(&mut self) -> Result<String, CliError> {
        let mut text = String::new();
        self.input.read_to_string(&mut text)?;
        Ok(text)
    }

    /// Writes data to standard output, as it is.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub fn data(&mut self, text: &str) -> Result<(), CliError> {
        self.output.write_all(text.as_bytes())?;
        Ok(self.output.flush()?)
    }

    /// Reports that something is being done.
    ///
    /// # Errors
    /// The stream cannot be written; so for all that follow.
    pub fn action(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("►", text)
    }

    /// Reports that something is being generated.
    pub fn generate(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("✚", text)
    }

    /// Reports that something is waited for.
    pub fn waiting(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("◎", text)
    }

    /// Reports that something went well.
    pub fn success(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("✔", text)
    }

    /// Reports what the user should know although the command goes on.
    pub fn warning(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("⚠️", text)
    }

    /// Reports that something failed.
    pub fn failure(&mut self, text: &str) -> Result<(), CliError> {
        self.progress("✗", text)
    }

    /// Writes text to standard error, as it is.
    pub fn notice(&mut self, text: &str) -> Result<(), CliError> {
        self.errors.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Asks a question; anything but `y` or `yes` is a no.
    pub fn confirm(&mut self, question: &str) -> Result<bool, CliError> {
        self.data(&format!("{question}? [y/N] "))?;
        let answer = self.read_line()?;
        self.data("\n")?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }

    /// Reads one line of standard input, empty at its end.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub fn read_line(&mut self) -> Result<String, CliError> {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while self.input.read(&mut byte)? == 1 && byte != *b"\n" {
            line.extend_from_slice(&byte);
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }

    fn progress(&mut self, symbol: &str, text: &str) -> Result<(), CliError> {
        writeln!(self.errors, "{symbol} {text}")?;
        Ok(())
    }
}
