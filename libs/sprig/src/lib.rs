//! The functions of sprig 3.3 for Go templates.
//!
//! In: values, and a [`Host`] for time, randomness and names. Out: values, with the words of the
//! original's errors and panics.
//! Never: clocks, environment, network; `env` and `expandenv` are left out, as Helm does.
//!
//! Start at [`functions`]. Each module holds the functions of one chapter of sprig's documentation
//! and adds them to the `Registry` itself.

mod crypto;
mod dates;
mod defaults;
mod encoding;
mod json;
mod lists;
mod maps;
mod numbers;
mod paths;
mod patterns;
mod random;
mod registry;
mod strings;
#[cfg(test)]
mod tests;
mod urls;
mod values;
mod versions;
mod words;

use std::rc::Rc;

use flux_gostd::Time;
use flux_gotemplate::Functions;

pub use json::{Layout, to_json_text};
pub use registry::{Arguments, Called};
pub use values::{is_empty, plain_text, to_int64};

/// What functions need that no argument gives.
pub trait Host {
    /// The current time, shown in the zone that counts as local.
    fn now(&self) -> Time;

    /// Fills `bytes` with random ones.
    fn fill(&self, bytes: &mut [u8]);

    /// The addresses of a host, for `getHostByName`.
    fn addresses(&self, host: &str) -> Vec<String>;
}

/// All functions by name.
pub fn functions(host: &Rc<dyn Host>) -> Functions {
    let mut registry = registry::Registry::new(host.clone());
    crypto::register(&mut registry);
    dates::register(&mut registry);
    defaults::register(&mut registry);
    encoding::register(&mut registry);
    json::register(&mut registry);
    lists::register(&mut registry);
    maps::register(&mut registry);
    numbers::register(&mut registry);
    paths::register(&mut registry);
    patterns::register(&mut registry);
    random::register(&mut registry);
    strings::register(&mut registry);
    urls::register(&mut registry);
    versions::register(&mut registry);
    words::register(&mut registry);
    registry.functions
}
