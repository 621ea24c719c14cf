//! Serves the API alone: `serve [--listen ADDRESS] [--token-auth-file FILE]`, until Ctrl-C.

use std::path::PathBuf;

use flux_apiserver::{Controllers, Options, Server, authn};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut listen = "127.0.0.1:0".to_owned();
    let mut options = Options { controllers: Controllers::NONE, ..Options::default() };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--listen" => listen = value,
            "--token-auth-file" => {
                options.token_users = authn::parse_token_file(&std::fs::read_to_string(value)?)?;
            }
            "--data-dir" => options.data_dir = Some(PathBuf::from(value)),
            "--compaction-seconds" => {
                options.compaction_interval = std::time::Duration::from_secs(value.parse()?);
            }
            other => return Err(format!("unknown flag {other}").into()),
        }
    }
    let server = Server::start(options)?;
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    println!("token {}", server.admin_token());
    println!("serving https://{}", listener.local_addr()?);
    server.serve_tls(listener, async { _ = tokio::signal::ctrl_c().await }).await?;
    Ok(())
}
