//! Keys of every kind against messages that the original programs made, and key services against
//! servers that look at signatures and tokens.

mod local;
mod services;

use flux_sops::{KeySource as _, MasterKey, Service};

use crate::KeyRing;

/// What the messages hold.
const PLAIN: &[u8] = b"thirty-two bytes of a data key..";

fn master(service: Service, encrypted: &str) -> MasterKey {
    MasterKey { service, created_at: String::new(), encrypted: encrypted.to_owned() }
}

/// Encrypts and decrypts with what a ring holds.
fn round_trip(ring: &KeyRing, service: &Service) -> Result<Vec<u8>, String> {
    let encrypted = ring.encrypt(service, PLAIN)?;
    ring.decrypt(&master(service.clone(), &encrypted)).map(|plain| plain.to_vec())
}
