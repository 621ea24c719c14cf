use super::*;

#[test]
fn the_authority_stays_the_same_in_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = Pki::open(Some(dir.path())).unwrap();
    let second = Pki::open(Some(dir.path())).unwrap();
    assert_eq!(first.ca_pem(), second.ca_pem());
    assert_eq!(first.account_key_der(), second.account_key_der());
    assert!(second.serving(&["example.com".to_owned()]).is_ok());
}
