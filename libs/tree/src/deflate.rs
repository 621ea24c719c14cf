//! Compression whose result depends on the content only.

use std::io::{self, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// A gzip stream without name and time.
pub struct GzipWriter<W: Write> {
    inner: GzEncoder<W>,
}

impl<W: Write> GzipWriter<W> {
    /// Begins a stream in `out`.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(out: W) -> io::Result<Self> {
        let builder = GzBuilder::new().mtime(0).operating_system(255);
        Ok(Self { inner: builder.write(out, Compression::new(6)) })
    }

    /// Ends the stream and returns what it was written to.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn finish(self) -> io::Result<W> {
        self.inner.finish()
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
