use kube::config::Kubeconfig;

use super::confined;

#[test]
fn a_foreign_kubeconfig_cannot_reach_beyond_its_text() {
    let text = r#"{"apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://example.com",
            "certificate-authority": "/etc/ca", "insecure-skip-tls-verify": true}}],
        "users": [{"name": "u", "user": {"token": "t", "tokenFile": "/etc/token",
            "client-key": "/etc/key", "as": "root", "exec": {"command": "sh"}}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}"#;
    let file = confined(Kubeconfig::from_yaml(text).unwrap());
    let cluster = file.clusters[0].cluster.as_ref().unwrap();
    assert_eq!(cluster.certificate_authority, None);
    assert_eq!(cluster.insecure_skip_tls_verify, None);
    let user = file.auth_infos[0].auth_info.as_ref().unwrap();
    assert!(user.token.is_some());
    assert_eq!((&user.token_file, &user.client_key, &user.impersonate), (&None, &None, &None));
    assert!(user.exec.is_none());
}
