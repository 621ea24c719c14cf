//! One program on a server, seen from a thread that blocks.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use flux_git::{Cancel, Process, TransportError};
use russh::client::{Handle, Msg};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::runtime;

use crate::client::Handler;

/// No more than this is kept of what a program complains about.
const MAX_COMPLAINTS: usize = 16 * 1024;

/// A program that was started.
pub(crate) struct Started {
    handle: Handle<Handler>,
    output: ChannelReadHalf,
    input: ChannelWriteHalf<Msg>,
}

/// Starts a program.
pub(crate) async fn start(
    handle: Handle<Handler>,
    command: &str,
) -> Result<Started, TransportError> {
    let failed = |error: russh::Error| TransportError::Connection(format!("ssh: {error}"));
    let channel = handle.channel_open_session().await.map_err(failed)?;
    channel.exec(false, command).await.map_err(failed)?;
    let (output, input) = channel.split();
    Ok(Started { handle, output, input })
}

impl Started {
    /// Returns the program as readers and writers that block.
    pub(crate) fn into_process(self, runtime: runtime::Handle, cancel: Cancel) -> Process {
        let complaints = Arc::default();
        let session = Session { handle: Some(self.handle), runtime: runtime.clone() };
        let output = Output {
            channel: Guarded::new(self.output, runtime.clone()),
            rest: io::Cursor::new(Vec::new()),
            complaints: Arc::clone(&complaints),
            cancel: cancel.clone(),
            _session: session,
        };
        let input = Input { channel: Guarded::new(self.input, runtime), cancel };
        Process { output: Box::new(output), input: Box::new(input), complaints }
    }
}

/// Something that must be dropped where the runtime is known.
struct Guarded<T> {
    inner: Option<T>,
    runtime: runtime::Handle,
}

impl<T> Guarded<T> {
    fn new(inner: T, runtime: runtime::Handle) -> Self {
        Self { inner: Some(inner), runtime }
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.inner.take();
    }
}

/// The connection, which ends with the program's output.
struct Session {
    handle: Option<Handle<Handler>>,
    runtime: runtime::Handle,
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        // Saying goodbye is a courtesy; nobody waits for it.
        self.runtime.spawn(async move {
            handle.disconnect(russh::Disconnect::ByApplication, "", "").await.ok();
        });
    }
}

struct Output {
    channel: Guarded<ChannelReadHalf>,
    rest: io::Cursor<Vec<u8>>,
    complaints: Arc<Mutex<Vec<u8>>>,
    cancel: Cancel,
    _session: Session,
}

impl Output {
    /// Waits for the next piece; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let left = self.cancel.remaining().map_err(over)?;
        let Some(channel) = &mut self.channel.inner else { return Ok(None) };
        let complaints = &self.complaints;
        self.channel.runtime.block_on(async {
            let piece = tokio::time::timeout(left, async {
                loop {
                    match channel.wait().await? {
                        ChannelMsg::Data { data } => return Some(data.to_vec()),
                        ChannelMsg::ExtendedData { data, .. } => {
                            let mut all = complaints.lock().unwrap_or_else(PoisonError::into_inner);
                            let room = MAX_COMPLAINTS.saturating_sub(all.len());
                            all.extend(data.iter().take(room));
                        }
                        ChannelMsg::Close => return None,
                        // The end of the output may come before the last complaint.
                        _ => {}
                    }
                }
            });
            piece.await.map_err(|_| io::ErrorKind::TimedOut.into())
        })
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.rest.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.next()? {
                Some(piece) => self.rest = io::Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}

struct Input {
    channel: Guarded<ChannelWriteHalf<Msg>>,
    cancel: Cancel,
}

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.cancel.remaining().map_err(over)?;
        let Some(channel) = &self.channel.inner else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        self.channel.runtime.block_on(async {
            let sent = tokio::time::timeout(left, channel.data_bytes(bytes.to_vec()));
            match sent.await {
                Ok(Ok(())) => Ok(bytes.len()),
                Ok(Err(error)) => Err(io::Error::other(error.to_string())),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says why an operation is over, in a way that survives being an I/O error.
fn over(error: TransportError) -> io::Error {
    match error {
        TransportError::Cancelled => io::Error::new(io::ErrorKind::Interrupted, error),
        error => io::Error::new(io::ErrorKind::TimedOut, error),
    }
}
