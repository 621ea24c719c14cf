//! Plays recorded runs of the original controllers: `traces FOLDER [CONTROLLER/NAME…]`.
//!
//! Prints one JSON array a run: its name, and what differed.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use flux_testkit::traces;
use serde_json::json;

/// The controllers that can be played.
const CONTROLLERS: [&str; 2] = ["kustomize-controller", "source-controller"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("traces FOLDER [CONTROLLER/NAME…]"));
    let wanted: Vec<String> = arguments.collect();
    for controller in CONTROLLERS {
        for (name, scenario) in traces::scenarios(&folder, controller).unwrap() {
            let full = format!("{controller}/{name}");
            if !wanted.is_empty() && !wanted.contains(&full) {
                continue;
            }
            let played = std::panic::catch_unwind(|| traces::play(controller, &name, &scenario));
            let differences = match played {
                Ok(None) => continue,
                Ok(Some(differences)) => differences,
                Err(_) => vec!["the player stopped; see its messages".to_owned()],
            };
            println!("{}", json!([full, differences]));
        }
    }
}
