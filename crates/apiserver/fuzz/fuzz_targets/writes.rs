//! Sends patches, applies and whole objects made of bytes: `cargo fuzz run writes`.
#![no_main]

#[path = "../../tests/it/requests.rs"]
mod requests;

use std::sync::LazyLock;

use flux_apiserver::{Controllers, Options, Server};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers")
});

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let options = Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
    Server::start(options).expect("a server in memory")
});

fuzz_target!(|input: &[u8]| {
    RUNTIME.block_on(requests::send(&SERVER, input));
});
