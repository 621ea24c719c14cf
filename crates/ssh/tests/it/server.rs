//! An SSH server that runs `git-upload-pack` for whoever has one of the keys of the fixtures.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use russh::keys::{PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use tokio::net::TcpListener;

use crate::text;

pub(crate) struct SshServer {
    pub(crate) port: u16,
    algorithms: Arc<Mutex<Vec<String>>>,
}

impl SshServer {
    /// Serves the repositories below `root` until the runtime ends.
    pub(crate) async fn start(root: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let key = PrivateKey::from_openssh(text("host")).unwrap();
        let config = Arc::new(Config {
            keys: vec![key],
            auth_rejection_time: std::time::Duration::ZERO,
            auth_rejection_time_initial: Some(std::time::Duration::ZERO),
            ..Config::default()
        });
        let names = ["id_ed25519", "id_ecdsa", "id_ecdsa_pem", "id_rsa", "id_rsa_pem", "id_locked"];
        let allowed =
            names.map(|name| PublicKey::from_openssh(&text(&format!("{name}.pub"))).unwrap());
        let algorithms = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&algorithms);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let handler = Connection {
                    root: root.clone(),
                    allowed: allowed.to_vec(),
                    algorithms: Arc::clone(&seen),
                    input: None,
                };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, stream, handler).await {
                        session.await.ok();
                    }
                });
            }
        });
        Self { port, algorithms }
    }

    /// Returns the algorithms that clients proved themselves with.
    pub(crate) fn algorithms(&self) -> Vec<String> {
        self.algorithms.lock().unwrap().clone()
    }
}

struct Connection {
    root: PathBuf,
    allowed: Vec<PublicKey>,
    algorithms: Arc<Mutex<Vec<String>>>,
    input: Option<mpsc::Sender<Vec<u8>>>,
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_publickey(
        &mut self,
        _user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Self::Error> {
        self.algorithms.lock().unwrap().push(key.algorithm.to_string());
        let is_allowed =
            self.allowed.iter().any(|allowed| allowed.key_data() == key.public_key.key_data());
        Ok(if is_allowed { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(data).into_owned();
        let path = command.strip_prefix("git-upload-pack '/").unwrap().trim_end_matches('\'');
        let mut child = Command::new("git")
            .arg("upload-pack")
            .arg(self.root.join(path))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, receiver) = mpsc::channel::<Vec<u8>>();
        self.input = Some(sender);
        let mut stdin = child.stdin.take().unwrap();
        std::thread::spawn(move || {
            while let Ok(bytes) = receiver.recv() {
                if stdin.write_all(&bytes).is_err() {
                    break;
                }
            }
        });
        let (handle, runtime) = (session.handle(), tokio::runtime::Handle::current());
        std::thread::spawn(move || {
            let mut stdout = child.stdout.take().unwrap();
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(count) = stdout.read(&mut buffer) {
                if count == 0 {
                    break;
                }
                if runtime.block_on(handle.data(channel, buffer[..count].to_vec())).is_err() {
                    break;
                }
            }
            let mut complaints = Vec::new();
            child.stderr.take().unwrap().read_to_end(&mut complaints).unwrap();
            child.kill().ok();
            child.wait().ok();
            runtime.block_on(async {
                handle.extended_data(channel, 1, complaints).await.ok();
                handle.eof(channel).await.ok();
                handle.close(channel).await.ok();
            });
        });
        Ok(())
    }

    async fn data(
        &mut self,
        _channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(input) = &self.input {
            input.send(data.to_vec()).ok();
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        _channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.input = None;
        Ok(())
    }
}
