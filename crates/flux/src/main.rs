//! The executable: chooses a face and nothing else.

use std::ffi::OsString;
use std::process::ExitCode;

use flux_cli::{Environment, Exit, Io};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Fails only if a provider is installed already, and then that one serves as well.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("✗ cannot start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let Exit(status) =
        runtime.block_on(flux_cli::start(arguments, &Environment::process(), &mut Io::process()));
    // A blocked read of standard input must not keep the process.
    runtime.shutdown_background();
    ExitCode::from(status)
}
