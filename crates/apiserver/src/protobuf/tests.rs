use serde_json::{Value, json};

use super::parse;

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
    out
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn piece(field: u64, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [varint(field << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn message(fields: &[Vec<u8>]) -> Vec<u8> {
    fields.concat()
}

fn entry(key: &str, value: impl AsRef<[u8]>) -> Vec<u8> {
    message(&[piece(1, key), piece(2, value)])
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = message(&[piece(1, api_version), piece(2, kind)]);
    let envelope = message(&[piece(1, type_meta), piece(2, raw), piece(3, ""), piece(4, "")]);
    [b"k8s\0".to_vec(), envelope].concat()
}

fn read(api_version: &str, kind: &str, raw: &[Vec<u8>]) -> Value {
    parse(&body(api_version, kind, &message(raw))).unwrap()
}

fn refusal(body: &[u8]) -> String {
    parse(body).unwrap_err()
}

#[test]
fn a_config_map_becomes_its_json() {
    let meta = message(&[piece(1, "a"), piece(2, ""), number(7, 0), piece(8, "")]);
    let raw = [piece(1, meta), piece(2, entry("b", "c")), piece(2, entry("e", "")), number(4, 0)];
    assert_eq!(
        read("v1", "ConfigMap", &raw),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
               "data": {"b": "c", "e": ""}, "immutable": false})
    );
}

#[test]
fn bytes_of_a_secret_become_base64() {
    let raw = [piece(2, entry("key", [0xff, 0x00])), piece(3, "Opaque")];
    let secret = read("v1", "Secret", &raw);
    assert_eq!(secret["data"], json!({"key": "/wA="}));
    assert_eq!(secret["type"], "Opaque");
}

#[test]
fn metadata_keeps_times_owners_and_managed_fields() {
    let owner = message(&[piece(1, "Pod"), piece(3, "p"), number(6, 1)]);
    let managed = message(&[piece(1, "kubectl"), piece(7, piece(1, r#"{"f:data":{}}"#))]);
    let meta = message(&[
        piece(8, number(1, 1_700_000_000)),
        number(10, 0),
        piece(13, owner),
        piece(14, "one"),
        piece(14, "two"),
        piece(17, managed),
    ]);
    assert_eq!(
        read("v1", "Namespace", &[piece(1, meta), piece(2, ""), piece(3, "")]),
        json!({"apiVersion": "v1", "kind": "Namespace", "spec": {}, "status": {}, "metadata": {
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "deletionGracePeriodSeconds": 0,
            "finalizers": ["one", "two"],
            "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:data": {}}}],
            "ownerReferences": [{"kind": "Pod", "name": "p", "controller": true}],
        }})
    );
}

#[test]
fn roles_and_bindings_keep_their_lists() {
    let rule = message(&[piece(1, "get"), piece(1, "list"), piece(2, ""), piece(3, "pods")]);
    let role = read("rbac.authorization.k8s.io/v1", "Role", &[piece(2, rule)]);
    let expected = json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]);
    assert_eq!(role["rules"], expected);

    let subject = message(&[piece(1, "User"), piece(3, "jane")]);
    let role_ref = message(&[piece(2, "Role"), piece(3, "r")]);
    let raw = [piece(2, subject), piece(3, role_ref)];
    let binding = read("rbac.authorization.k8s.io/v1", "RoleBinding", &raw);
    assert_eq!(binding["subjects"], json!([{"kind": "User", "name": "jane"}]));
    assert_eq!(binding["roleRef"], json!({"kind": "Role", "name": "r"}));
}

#[test]
fn reviews_and_token_requests_keep_what_is_asked() {
    let attributes = message(&[piece(2, "create"), piece(5, "pods")]);
    let spec = message(&[piece(1, attributes), piece(5, entry("team", piece(1, "a")))]);
    let review = read("authorization.k8s.io/v1", "SubjectAccessReview", &[piece(2, spec)]);
    let asked = json!({"verb": "create", "resource": "pods"});
    assert_eq!(review["spec"], json!({"resourceAttributes": asked, "extra": {"team": ["a"]}}));

    let spec = message(&[piece(1, "me"), number(4, 600)]);
    let request = read("authentication.k8s.io/v1", "TokenRequest", &[piece(2, spec)]);
    assert_eq!(request["spec"], json!({"audiences": ["me"], "expirationSeconds": 600}));
}

#[test]
fn options_of_a_deletion_are_read_in_any_group() {
    let raw = [number(1, 0), piece(2, piece(1, "u")), piece(4, "Orphan"), piece(5, "All")];
    assert_eq!(
        read("policy/v1", "DeleteOptions", &raw),
        json!({"apiVersion": "policy/v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0,
               "preconditions": {"uid": "u"}, "propagationPolicy": "Orphan", "dryRun": ["All"]})
    );
}

#[test]
fn leases_keep_microseconds() {
    let time = message(&[number(1, 1_700_000_000), number(2, 1_500_000)]);
    let raw = [piece(2, message(&[piece(1, "me"), piece(4, time)]))];
    let lease = read("coordination.k8s.io/v1", "Lease", &raw);
    let expected = json!({"holderIdentity": "me", "renewTime": "2023-11-14T22:13:20.001500Z"});
    assert_eq!(lease["spec"], expected);
}

#[test]
fn unknown_fields_are_skipped_and_repeated_messages_merge() {
    let fixed = [varint(90 << 3 | 1), vec![0; 8], varint(91 << 3 | 5), vec![0; 4]].concat();
    let raw =
        [fixed, piece(1, piece(1, "a")), piece(99, "x"), piece(1, piece(3, "n")), number(98, 7)];
    let map = read("v1", "ConfigMap", &raw);
    assert_eq!(map["metadata"], json!({"name": "a", "namespace": "n"}));
}

#[test]
fn bodies_without_magic_and_unknown_kinds_are_refused() {
    assert!(refusal(b"{}").contains("expected prefix [107 56 115 0]"));
    assert!(refusal(b"").contains("expected prefix"));
    let refused = refusal(&body("v1", "Widget", b""));
    assert_eq!(refused, "protobuf is not supported for kind \"Widget\" of version \"v1\"");
}

#[test]
fn damaged_bodies_are_errors() {
    let of = |raw: &[u8]| refusal(&body("v1", "ConfigMap", raw));
    assert_eq!(of(&[0x0a, 0x05, 0x01]), "unexpected EOF");
    assert_eq!(of(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), "unexpected EOF");
    assert_eq!(of(&[0xff; 11]), "proto: integer overflow");
    assert_eq!(of(&number(1, 3)), "proto: wrong wireType for field 1");
    assert_eq!(of(&piece(4, "x")), "proto: wrong wireType for field 4");
    assert_eq!(of(&varint(7 << 3 | 3)), "proto: illegal wireType 3");
    assert_eq!(of(&[0x02, 0x00]), "proto: illegal tag 0 (wire type 2)");
    let far = piece(1, piece(8, number(1, u64::MAX >> 1)));
    assert!(of(&far).contains("out of range"));
}

#[test]
fn no_cut_and_no_flipped_byte_makes_a_body_panic() {
    let meta = message(&[piece(1, "a"), piece(8, number(1, 5)), piece(11, entry("k", "v"))]);
    let whole = body("v1", "ConfigMap", &message(&[piece(1, meta), piece(2, entry("b", "c"))]));
    for end in 0..whole.len() {
        assert!(parse(&whole[..end]).is_err() || end > 4);
        for flipped in [0x00, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[end] = flipped;
            if let Ok(object) = parse(&damaged) {
                assert!(object.is_object());
            }
        }
    }
}

/// A Deployment as `kubectl create deployment` writes it: zero values included.
fn deployment(container: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let labels = piece(1, entry("app", "web"));
    let pod = message(&[piece(2, message(container)), piece(3, ""), piece(6, "")]);
    let template = message(&[piece(1, piece(11, entry("app", "web"))), piece(2, pod)]);
    let strategy = message(&[piece(1, ""), piece(2, int_or_string(1, "25%"))]);
    let spec = message(&[
        number(1, 2),
        piece(2, labels),
        piece(3, template),
        piece(4, strategy),
        number(5, 0),
        number(7, 0),
    ]);
    let status = message(&[number(1, 0), number(2, 0), number(7, 0)]);
    vec![piece(1, message(&[piece(1, "web"), piece(8, "")])), piece(2, spec), piece(3, status)]
}

fn int_or_string(field: u64, text: &str) -> Vec<u8> {
    piece(field, message(&[number(1, 1), number(2, 0), piece(3, text)]))
}

#[test]
fn a_deployment_becomes_its_json() {
    let port = message(&[piece(1, ""), number(2, 0), number(3, 80), piece(4, ""), piece(5, "")]);
    let limits = message(&[piece(1, "cpu"), piece(2, piece(1, "250m"))]);
    let container =
        [piece(1, "nginx"), piece(2, "nginx"), piece(6, port), piece(8, piece(1, limits))];
    assert_eq!(
        read("apps/v1", "Deployment", &deployment(&container)),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"replicas": 2, "paused": false, "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"rollingUpdate": {"maxUnavailable": "25%"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [
                    {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}],
                        "resources": {"limits": {"cpu": "250m"}}}]}}},
            "status": {}})
    );
}

#[test]
fn what_no_table_knows_is_refused_rather_than_lost() {
    let container = [piece(1, "c"), piece(15, piece(10, piece(1, "windows")))];
    let raw = message(&deployment(&container));
    assert_eq!(
        refusal(&body("apps/v1", "Deployment", &raw)),
        "protobuf: field 10 is not read by this server; send JSON"
    );
    let status = piece(3, number(1, 3));
    assert_eq!(
        refusal(&body("batch/v1", "Job", &status)),
        "protobuf: `status` is not read by this server; send JSON"
    );
}
