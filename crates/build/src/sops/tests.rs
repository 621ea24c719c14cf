//! Builds of encrypted trees.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_gostd::Time;
use flux_sops::{Format, KeyGroup, KeySource, MasterKey, Means, Recipe, Rule, Service, encrypt};
use flux_tree::MemoryTree;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{Built, Options, Sops, Stage, build};

/// Keeps the data key in the open.
struct Open;

impl KeySource for Open {
    fn decrypt(&self, key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, String> {
        if key.service.name() != "mine" {
            return Err("no such key".to_owned());
        }
        STANDARD.decode(&key.encrypted).map(Zeroizing::new).map_err(|error| error.to_string())
    }

    fn encrypt(&self, _service: &Service, part: &[u8]) -> Result<String, String> {
        Ok(STANDARD.encode(part))
    }
}

fn sealed_for(recipient: &str, format: Format, text: &str, rule: Rule) -> String {
    let service = Service::Age { recipient: recipient.to_owned() };
    let key = MasterKey { service, created_at: String::new(), encrypted: String::new() };
    let groups: Vec<KeyGroup> = vec![vec![key]];
    let recipe = Recipe { rule, mac_only_encrypted: false, groups, threshold: 0 };
    let now = Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap();
    let mut entropy = |bytes: &mut [u8]| bytes.fill(7);
    let mut means = Means { source: &Open, now, entropy: &mut entropy };
    let sealed = encrypt(format, text.as_bytes(), recipe, &mut means).unwrap();
    String::from_utf8(sealed.write(format).unwrap()).unwrap()
}

fn sealed(format: Format, text: &str) -> String {
    sealed_for("mine", format, text, Rule::default())
}

fn only_data(text: &str) -> String {
    sealed_for("mine", Format::Yaml, text, Rule::EncryptedRegex("^(data|stringData)$".into()))
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n    name: s\nstringData:\n    a: one\n";

fn run(files: &[(&str, &str)], path: &str) -> Result<Built, (Stage, String)> {
    let tree = MemoryTree::from_files(files.iter().copied()).unwrap();
    let decryptor = Sops::new(&Open, "/r");
    let options = Options { root: "/r", decryptor: &decryptor, ..Options::default() };
    let kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": { "name": "app", "namespace": "apps" },
        "spec": { "path": path, "decryption": { "provider": "sops" } },
    });
    build(&tree, &kustomization, &[], &options).map_err(|error| (error.stage(), error.to_string()))
}

/// Returns the values of the first Secret in the clear.
fn values(files: &[(&str, &str)], path: &str) -> Value {
    let built = run(files, path).unwrap();
    let secret = built.objects.iter().find(|object| object.kind() == "Secret").unwrap();
    let data = secret.pointer("/data").cloned().unwrap_or_default();
    let plain = |value: &Value| {
        let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    match data {
        Value::Object(data) => {
            data.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
        }
        _ => secret.pointer("/stringData").cloned().unwrap_or_default(),
    }
}

fn error(files: &[(&str, &str)]) -> String {
    let (stage, error) = run(files, "./").unwrap_err();
    assert_eq!(stage, Stage::Decrypt);
    error
}

#[test]
fn an_encrypted_object_is_decrypted_after_the_build() {
    let secret = only_data(SECRET);
    let file = "namespace: apps\nresources: [s.yaml]\n";
    let files = [("kustomization.yaml", file), ("s.yaml", secret.as_str())];
    assert_eq!(values(&files, "./"), json!({ "a": "one" }));
    let built = run(&files, "./").unwrap();
    assert!(!built.yaml.contains("sops"), "{}", built.yaml);
    assert!(built.yaml.contains("namespace: apps"), "{}", built.yaml);
}

#[test]
fn files_of_generators_and_patches_are_decrypted_before_the_build() {
    let env = sealed(Format::Dotenv, "a=one\n");
    let other = sealed(Format::Json, "{\"b\":\"two\"}");
    let blob = sealed(Format::Binary, "three");
    let patch = sealed(
        Format::Yaml,
        "kind: Secret\napiVersion: v1\nmetadata:\n    name: s\nstringData:\n    d: four\n",
    );
    let overlay = "resources: [../base]\nsecretGenerator:\n- name: g\n  envs: [v.txt]\n  files: [o.json, \
                   blob=o.bin]\n  options: {disableNameSuffixHash: true}\n";
    let base = "resources: [s.yaml]\npatches: [{path: p.yaml}]\n";
    let files = [
        ("overlay/kustomization.yaml", overlay),
        ("overlay/v.txt", env.as_str()),
        ("overlay/o.json", other.as_str()),
        ("overlay/o.bin", blob.as_str()),
        ("base/kustomization.yaml", base),
        ("base/s.yaml", SECRET),
        ("base/p.yaml", patch.as_str()),
    ];
    let built = run(&files, "overlay").unwrap();
    let find = |name: &str| built.objects.iter().find(|object| object.name() == name).unwrap();
    assert_eq!(find("s").pointer("/stringData"), Some(&json!({ "a": "one", "d": "four" })));
    let plain = |key: &str| {
        let value = find("g").pointer(&format!("/data/{key}")).unwrap();
        String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
    };
    assert_eq!(plain("a"), "one");
    assert_eq!(plain("o.json"), "{\n\t\"b\": \"two\"\n}\n");
    assert_eq!(plain("blob"), "three");
}

#[test]
fn values_of_a_secret_are_decrypted_into_the_format_of_their_names() {
    let inside = sealed(Format::Json, "{\"data\":\"plain\"}");
    let lines = sealed(Format::Dotenv, "A=1\n");
    let encode = |text: &str| STANDARD.encode(text);
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  key: {}\n  c.json: {}\n  \
         l.yaml: {}\n  open: {}\n",
        encode(&inside),
        encode(&inside),
        encode(&lines),
        encode("text")
    );
    let want = json!({
        "key": "plain", "c.json": "{\n\t\"data\": \"plain\"\n}\n", "l.yaml": "A: \"1\"\n", "open": "text",
    });
    assert_eq!(values(&[("s.yaml", &secret)], "./"), want);
}

#[test]
fn an_object_can_keep_itself_from_decryption() {
    let secret = only_data(&SECRET.replace(
        "name: s",
        "name: s\n    annotations:\n        kustomize.toolkit.fluxcd.io/decrypt: Disabled",
    ));
    let built = run(&[("s.yaml", &secret)], "./").unwrap();
    assert!(built.yaml.contains("ENC["), "{}", built.yaml);
}

#[test]
fn a_kind_other_than_secret_is_decrypted_as_a_whole_only() {
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: c\ndata:\n    a: one\n";
    let built = run(&[("c.yaml", &only_data(text))], "./").unwrap();
    assert_eq!(built.objects[0].pointer("/data"), Some(&json!({ "a": "one" })));
}

#[test]
fn failures_tell_what_failed_and_no_secret() {
    let stranger =
        sealed_for("not mine", Format::Yaml, SECRET, Rule::EncryptedRegex("^stringData$".into()));
    let got = error(&[("s.yaml", &stranger)]);
    let want = "decryption failed for 'Secret.v1.[noGrp]/s': failed to decrypt and format '/s' Secret \
                data: cannot get sops data key: Failed to get the data key required to decrypt the SOPS \
                file.\n\nGroup 0: FAILED\n  not mine: FAILED\n    - | no such key\n\nRecovery failed \
                because no master key was able to decrypt the file. In\norder for SOPS to recover the \
                file, at least one key has to be successful,\nbut none were.";
    assert_eq!(got, want);
    let open = only_data(SECRET).replace("stringData:\n", "stringData:\n    z: hunter2\n");
    assert_eq!(
        error(&[("s.yaml", &open)]),
        "decryption failed for 'Secret.v1.[noGrp]/s': failed to decrypt and format '/s' Secret data: \
         error decrypting sops tree: Error walking tree: Could not decrypt value: Input string \
         <redacted> does not match sops' data format"
    );
    let generator = |file: &str| format!("secretGenerator: [{{name: g, envs: [{file}]}}]\n");
    assert_eq!(
        error(&[("kustomization.yaml", &generator("none.env"))]),
        "error decrypting sources: lstat none.env: no such file or directory"
    );
    let large = format!("{}sops_mac=ENC[\n", "#\n".repeat(3 << 20));
    assert_eq!(
        error(&[("kustomization.yaml", &generator("l.env")), ("l.env", &large)]),
        "error decrypting sources: cannot decrypt file with size (6291470 bytes) exceeding limit (5242880)"
    );
    let changed = sealed(Format::Dotenv, "A=1\n").replacen("data:", "data:AAAA", 1);
    assert_eq!(
        error(&[("kustomization.yaml", &generator("l.env")), ("l.env", &changed)]),
        "error decrypting sources: error decrypting sops tree: Error walking tree: Could not decrypt value: Could not decrypt \
         with AES_GCM: cipher: message authentication failed"
    );
    assert_eq!(
        error(&[("kustomization.yaml", "resources: [sub]\n"), ("sub/a.yaml", SECRET)]),
        "error decrypting sources: no kustomization file found"
    );
}

#[test]
fn a_path_that_climbs_stays_in_the_tree() {
    let env = sealed(Format::Dotenv, "a=one\n");
    let file = "secretGenerator: [{name: g, envs: [../../v.env]}]\n";
    // The file is found for decryption and not for the build, which does not climb.
    let (stage, error) =
        run(&[("app/kustomization.yaml", file), ("v.env", &env)], "app").unwrap_err();
    assert_eq!(stage, Stage::Build, "{error}");
}
