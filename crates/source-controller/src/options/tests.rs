use super::*;

#[test]
fn the_advertised_address_follows_from_the_one_listened_on() {
    assert_eq!(advertised(":9090", Some("pod")), "localhost:9090");
    assert_eq!(advertised("0.0.0.0:9090", Some("pod")), "pod:9090");
    assert_eq!(advertised("10.0.0.1:9090", Some("pod")), "10.0.0.1:9090");
}

#[test]
fn flags_have_the_defaults_of_upstream() {
    let matches = command().try_get_matches_from(["source-controller"]).unwrap();
    let settings = StorageSettings::from_matches(&matches).unwrap();
    assert_eq!(settings.path, PathBuf::from("/data"));
    assert_eq!(settings.address, ":9090");
    assert_eq!((settings.retention_ttl, settings.retention_records), (Duration::from_secs(60), 2));
    assert_eq!(Shared::from_matches(&matches).unwrap().concurrent, 2);
}

#[test]
fn an_unknown_algorithm_is_refused() {
    let matches = command().try_get_matches_from(["x", "--artifact-digest-algo=md5"]).unwrap();
    let failed = StorageSettings::from_matches(&matches).unwrap_err();
    let want = "unable to parse artifact digest algorithm: unsupported digest algorithm";
    assert_eq!(failed.to_string(), want);
}
