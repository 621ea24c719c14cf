use kube::config::Kubeconfig;

use super::{Trust, confined};

#[test]
fn a_foreign_kubeconfig_cannot_reach_beyond_its_text() {
    let text = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://example.com",
            "certificate-authority": "/etc/ca", "insecure-skip-tls-verify": true}}],
        "users": [{"name": "u", "user": {"token": "t", "tokenFile": "/etc/token",
            "client-key": "/etc/key", "as": "root", "exec": {"command": "sh"}}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}"#;
    let read = |trust| confined(Kubeconfig::from_yaml(text).unwrap(), trust);
    let file = read(Trust::default());
    let cluster = file.clusters[0].cluster.as_ref().unwrap();
    assert_eq!(cluster.certificate_authority, None);
    assert_eq!(cluster.insecure_skip_tls_verify, None);
    let user = file.auth_infos[0].auth_info.as_ref().unwrap();
    assert!(user.token.is_some());
    assert_eq!((&user.token_file, &user.client_key, &user.impersonate), (&None, &None, &None));
    assert!(user.exec.is_none());

    // The operator can allow two of them.
    let file = read(Trust { programs: true, unchecked_certificates: true });
    let (cluster, user) = (&file.clusters[0].cluster, &file.auth_infos[0].auth_info);
    assert_eq!(cluster.as_ref().unwrap().insecure_skip_tls_verify, Some(true));
    assert!(user.as_ref().unwrap().exec.is_some());
    assert!(user.as_ref().unwrap().token_file.is_none());
}
