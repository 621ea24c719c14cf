//! Connections through a SOCKS5 proxy, RFC 1928 and 1929.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A proxy and how to log in there.
#[derive(Clone)]
pub(crate) struct Proxy {
    address: String,
    login: Option<(String, String)>,
}

impl Proxy {
    /// Reads `socks5://[user[:password]@]host:port`; gives the text back if it is something else.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let wrong = || url.to_owned();
        let rest = url.strip_prefix("socks5://").ok_or_else(wrong)?.trim_end_matches('/');
        let (login, address) = match rest.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, rest),
        };
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            (decode(user), decode(password))
        });
        let has_port =
            address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { address.to_owned() } else { format!("{address}:1080") };
        Ok(Self { address, login })
    }

    /// Has the proxy connect to a server.
    pub(crate) async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let method = if self.login.is_some() { 2 } else { 0 };
        stream.write_all(&[5, 1, method]).await?;
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).await?;
        if answer != [5, method] {
            return Err(io::Error::other("no acceptable authentication methods"));
        }
        if let Some((user, password)) = &self.login {
            let mut login = vec![1];
            for text in [user, password] {
                login.push(length(text)?);
                login.extend_from_slice(text.as_bytes());
            }
            stream.write_all(&login).await?;
            stream.read_exact(&mut answer).await?;
            if answer[1] != 0 {
                return Err(io::Error::other("username/password authentication failed"));
            }
        }
        let mut request = vec![5, 1, 0, 3, length(host)?];
        request.extend_from_slice(host.as_bytes());
        request.extend_from_slice(&port.to_be_bytes());
        stream.write_all(&request).await?;
        let mut head = [0; 4];
        stream.read_exact(&mut head).await?;
        if head[1] != 0 {
            return Err(io::Error::other(format!("general SOCKS server failure ({})", head[1])));
        }
        let bound = match head[3] {
            1 => 4,
            4 => 16,
            _ => usize::from(stream.read_u8().await?),
        };
        let mut rest = vec![0; bound + 2];
        stream.read_exact(&mut rest).await?;
        Ok(stream)
    }
}

fn length(text: &str) -> io::Result<u8> {
    u8::try_from(text.len()).map_err(|_| io::Error::other("name too long"))
}

/// Replaces `%xx` by what it stands for.
fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let code = rest.hex_pair().filter(|_| byte == b'%');
        match code {
            Some(value) => {
                rest.nth(1);
                bytes.push(value);
            }
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A look at the next two bytes as hexadecimal digits.
trait Peek {
    fn hex_pair(&self) -> Option<u8>;
}

impl Peek for std::str::Bytes<'_> {
    fn hex_pair(&self) -> Option<u8> {
        let mut ahead = self.clone();
        let mut digit = || char::from(ahead.next()?).to_digit(16);
        u8::try_from(digit()? * 16 + digit()?).ok()
    }
}
