//! Compression whose result is the same wherever it is made.
//!
//! The digest of an artifact covers compressed bytes, and users compare digests: after a switch
//! from upstream, and back, an unchanged source must keep the one it has. So this makes exactly
//! the bytes that Go's `compress/gzip` makes at its default level: the same matches, the same
//! blocks, the same code lengths.

use std::io::{self, Write};

mod block;
mod huffman;
mod matches;
#[cfg(test)]
mod tests;

use matches::Matcher;

/// Magic, method, no flags, no time, no hint at the level, an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A gzip stream without name and time.
pub struct GzipWriter<W: Write> {
    out: W,
    matcher: Matcher,
    checksum: flate2::Crc,
}

impl<W: Write> GzipWriter<W> {
    /// Begins a stream in `out`.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&HEADER)?;
        Ok(Self { out, matcher: Matcher::new(), checksum: flate2::Crc::new() })
    }

    /// Ends the stream and returns what it was written to.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.matcher.finish();
        self.drain()?;
        self.out.write_all(&self.checksum.sum().to_le_bytes())?;
        self.out.write_all(&self.checksum.amount().to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn drain(&mut self) -> io::Result<()> {
        let bytes = self.matcher.output();
        self.out.write_all(bytes)?;
        bytes.clear();
        Ok(())
    }
}

impl<W: Write> Write for GzipWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.checksum.update(bytes);
        self.matcher.add(bytes);
        self.drain()?;
        Ok(bytes.len())
    }

    /// Passes on what is complete. Nothing is cut short: that would change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
