use std::time::Duration;

use clap::Command;

use super::{Shared, add};

fn parse(args: &[&str]) -> Result<Shared, String> {
    let command = add(Command::new("c"), "4", "30s").no_binary_name(true);
    let matches = command.try_get_matches_from(args).map_err(|e| e.to_string())?;
    Shared::from_matches(&matches).map_err(|e| e.to_string())
}

#[test]
fn without_flags_everything_is_as_upstream() {
    assert_eq!(parse(&[]).unwrap(), Shared::default());
}

#[test]
fn flags_are_read_in_gos_notation() {
    let shared = parse(&[
        "--concurrent=8",
        "--requeue-dependency",
        "1m30s",
        "--enable-leader-election",
        "--watch-all-namespaces=false",
        "--min-retry-delay=1s",
    ])
    .unwrap();
    assert_eq!(shared.concurrent, 8);
    assert_eq!(shared.requeue_dependency, Duration::from_secs(90));
    assert_eq!(shared.leader_election.unwrap().lease_duration, Duration::from_secs(35));
    assert_eq!(shared.watched().namespace.as_deref(), Some("flux-system"));
}

#[test]
fn wrong_values_are_refused() {
    assert!(parse(&["--interval-jitter-percentage=100"]).is_err());
    assert!(parse(&["--requeue-dependency=5"]).is_err());
    assert!(parse(&["--log-level=loud"]).unwrap_err().contains("log-level"));
}

#[test]
fn shards_have_leases_of_their_own() {
    let args = ["--enable-leader-election", "--watch-label-selector=sharding.fluxcd.io/key=a"];
    let lease = parse(&args).unwrap().lease("kustomize-controller", "me").unwrap();
    assert!(lease.name.starts_with("kustomize-controller-leader-election-"), "{}", lease.name);
    assert_eq!(lease.name.len(), "kustomize-controller-leader-election-".len() + 8);
}
