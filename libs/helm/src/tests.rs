//! Charts as a whole; the recorded answers are compared by `cargo xtask conformance helm`.

use std::sync::Arc;

use flux_gostd::Time;

use crate::{
    Capabilities, Chart, File, Host, InstallOptions, Installation, KubeVersion, Lookup, NoCluster,
    ReleaseOptions, RenderOptions, Values, install, load_values,
};

/// A host whose clock stands and whose bytes are all the same.
struct Fixed;

impl Host for Fixed {
    fn now(&self) -> Time {
        Time::from_unix(1_700_000_000, 0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    fn addresses(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn chart(files: &[(&str, &str)]) -> Chart {
    let mut all =
        vec![File::new("Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.2.3\n".as_bytes())];
    if files.iter().any(|(name, _)| *name == "Chart.yaml") {
        all.clear();
    }
    all.extend(files.iter().map(|(name, text)| File::new(*name, text.as_bytes())));
    Chart::from_files(all).unwrap()
}

fn options(lookup: Arc<dyn Lookup + Send + Sync>) -> InstallOptions<'static> {
    let version = KubeVersion::parse("v1.33.4").unwrap();
    let release = ReleaseOptions {
        name: "rel".to_owned(),
        namespace: "apps".to_owned(),
        revision: 1,
        is_upgrade: false,
    };
    let render = RenderOptions {
        release,
        capabilities: Capabilities::new(version, vec!["v1".to_owned()]),
        host: Arc::new(Fixed),
        lookup,
        allows_dns: false,
    };
    InstallOptions {
        render,
        include_crds: false,
        skip_schema_validation: false,
        sub_notes: false,
        post_render: None,
    }
}

fn render(chart: &Chart, values: &str) -> Result<Installation, String> {
    let values = load_values(values).unwrap();
    install(chart, &values, &options(Arc::new(NoCluster))).map_err(|error| error.to_string())
}

fn manifest(files: &[(&str, &str)], values: &str) -> String {
    render(&chart(files), values).unwrap().rendered.manifest
}

const SUB: &str = "apiVersion: v2\nname: sub\nversion: 0.1.0\n";

#[test]
fn numbers_of_values_are_floats() {
    let text =
        manifest(&[("templates/a.yaml", "a: {{ .Values.x }} {{ int .Values.x }}")], "x: 1000000");
    assert_eq!(text, "---\n# Source: app/templates/a.yaml\na: 1e+06 1000000\n");
}

#[test]
fn a_null_removes_a_default() {
    let files = [("values.yaml", "a: {b: 1, c: 2}"), ("templates/a.yaml", "{{ toJson .Values }}")];
    assert!(manifest(&files, "a: {b: null}").ends_with("\n{\"a\":{\"c\":2}}\n"));
}

#[test]
fn a_condition_turns_a_subchart_off_and_an_alias_renames_it() {
    let metadata = "apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 0.1.0, \
                    alias: one, condition: one.run}\n- {name: sub, version: 0.1.0, alias: two}\n";
    let files = [
        ("Chart.yaml", metadata),
        ("charts/sub/Chart.yaml", SUB),
        ("charts/sub/templates/a.yaml", "a: {{ .Chart.Name }}"),
    ];
    let text = manifest(&files, "one: {run: false}");
    assert_eq!(text, "---\n# Source: app/charts/two/templates/a.yaml\na: two\n");
}

#[test]
fn hooks_leave_the_manifest_and_kinds_have_an_order() {
    let object = |kind: &str, annotation: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\n  annotations: {{{annotation}}}\n"
        )
    };
    let text = [
        object("Service", ""),
        object("Secret", ""),
        object("Pod", "helm.sh/hook: test"),
        object("Pod", "helm.sh/hook: never"),
    ]
    .join("---\n");
    let rendered = render(&chart(&[("templates/a.yaml", &text)]), "").unwrap().rendered;
    let kinds: Vec<_> =
        rendered.manifest.lines().filter_map(|line| line.strip_prefix("kind: ")).collect();
    assert_eq!(kinds, ["Secret", "Service"]);
    assert_eq!(rendered.hooks.len(), 1);
}

#[test]
fn what_a_chart_says_when_it_fails_is_told() {
    let error =
        render(&chart(&[("templates/a.yaml", "\n {{ required \"give a\" .Values.a }}")]), "");
    assert_eq!(error.unwrap_err(), "execution error at (app/templates/a.yaml:2:4): give a");
}

#[test]
fn a_template_that_includes_itself_is_stopped() {
    let files = [
        ("templates/_a.tpl", "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}"),
        ("templates/a.yaml", "{{ include \"a\" . }}"),
    ];
    let error = render(&chart(&files), "").unwrap_err();
    assert!(error.contains("rendering template has a nested reference name: a"), "{error}");
    let files = [(
        "templates/a.yaml",
        "{{ define \"a\" }}{{ tpl .t . }}{{ end }}{{ tpl .Values.t .Values }}",
    )];
    let error = render(&chart(&files), "t: '{{ tpl .t . }}'").unwrap_err();
    assert!(error.contains("exceeded maximum template depth"), "{error}");
}

#[test]
fn deep_templates_that_call_themselves_are_stopped() {
    let (open, close) = ("{{ if 1 }}".repeat(900), "{{ end }}".repeat(900));
    let nested =
        format!("{{{{ define \"a\" }}}}{open}{{{{ include \"a\" . }}}}{close}{{{{ end }}}}");
    let (open, close) = ("(".repeat(900), ")".repeat(900));
    let grouped =
        format!("{{{{ define \"a\" }}}}{{{{ {open}include \"a\" .{close} }}}}{{{{ end }}}}");
    for helpers in [nested, grouped] {
        let files =
            [("templates/_a.tpl", helpers.as_str()), ("templates/a.yaml", "{{ include \"a\" . }}")];
        let error = render(&chart(&files), "").unwrap_err();
        assert!(error.contains("exceeded maximum nesting"), "{error}");
    }
}

#[test]
fn a_map_that_holds_itself_has_an_end() {
    let text = "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}a: {{ toJson $d }}{{ toYaml $d }}{{ printf \"%v\" $d | len }}";
    assert!(render(&chart(&[("templates/a.yaml", text)]), "").is_ok());
}

#[test]
fn a_schema_is_told_about_in_the_words_of_its_library() {
    let schema =
        r#"{"properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["name"]}"#;
    let chart = chart(&[("values.schema.json", schema)]);
    let error = render(&chart, "age: -5").unwrap_err();
    let wanted = "values don't meet the specifications of the schema(s) in the following chart(s):\n\
                  app:\n- at '': missing property 'name'\n- at '/age': minimum: got -5, want 0\n";
    assert_eq!(error, wanted);
}

#[test]
fn files_outside_of_an_archive_are_refused() {
    for (path, wanted) in [
        ("app/../../x", "chart illegally references parent directory"),
        (
            "Chart.yaml",
            "chart illegally contains content outside the base directory: \"Chart.yaml\"",
        ),
        ("app//etc/x", "chart illegally contains absolute paths"),
    ] {
        let error = Chart::from_archive(&archive(path)).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
    assert_eq!(Chart::from_archive(b"name: x").unwrap_err().to_string(), "gzip: invalid header");
}

/// An archive of one file at a path that tar itself would not write.
fn archive(path: &str) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    let name = &mut header.as_gnu_mut().unwrap().name;
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(1);
    header.set_cksum();
    let out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(out);
    builder.append(&header, &b"x"[..]).unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

/// A cluster with one Secret.
struct OneSecret;

impl Lookup for OneSecret {
    fn lookup(
        &self,
        _: &str,
        kind: &str,
        _: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, String> {
        match kind {
            "Secret" => {
                Ok((name == "known").then(|| serde_json::json!({"data": {"k": "v"}, "n": 3})))
            }
            _ => Err("unable to get apiresource".to_owned()),
        }
    }
}

#[test]
fn live_objects_can_be_looked_up() {
    let text = "a: {{ (lookup \"v1\" \"Secret\" \"apps\" \"known\").data.k }}\n\
                b: {{ empty (lookup \"v1\" \"Secret\" \"apps\" \"unknown\") }}\n";
    let chart = chart(&[("templates/a.yaml", text)]);
    let rendered = install(&chart, &Values::new(), &options(Arc::new(OneSecret))).unwrap();
    assert!(rendered.rendered.manifest.ends_with("a: v\nb: true\n\n"));
}

#[test]
fn a_release_survives_its_secret() {
    use crate::release::{Info, Release, Stamp, Status, StoredChart};
    let info = Info {
        first_deployed: Some(Time::from_unix(1_700_000_000, 5)),
        status: Some(Status::Deployed),
        ..Info::default()
    };
    let release = Release {
        name: "rel".to_owned(),
        info,
        chart: Some(StoredChart::from(&chart(&[("templates/a.yaml", "a: <b>")]))),
        version: 3,
        namespace: "apps".to_owned(),
        labels: [("team".to_owned(), "x".to_owned())].into(),
        ..Release::default()
    };
    let secret = release.to_secret("store", Stamp::Created(7)).unwrap();
    assert_eq!(secret["metadata"]["name"], "sh.helm.release.v1.rel.v3");
    let labels = serde_json::json!({
        "createdAt": "7", "name": "rel", "owner": "helm", "status": "deployed", "team": "x",
        "version": "3",
    });
    assert_eq!(secret["metadata"]["labels"], labels);
    assert_eq!(Release::from_secret(&secret).unwrap(), release);
}

#[test]
fn the_digest_of_an_observation_is_that_of_the_controller() {
    let release = crate::release::Release { name: "foo".to_owned(), ..Default::default() };
    let wanted = "sha256:f1498f27a16a09cd7e1ee610d924df065c03d30035638babc95dd9a8d412ce4d";
    assert_eq!(release.digest("").unwrap(), wanted);
}

#[test]
fn recorded_releases_have_their_digests() {
    let Some(root) = std::env::var_os("FLUX_CONFORMANCE") else {
        eprintln!("no recorded answers; nothing to compare");
        return;
    };
    let root = std::path::Path::new(&root).join("helm");
    let text = std::fs::read(root.join("release-digest-cases.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let Some(file) = case["file"].as_str() else { continue };
        let record = std::fs::read_to_string(root.join(file)).unwrap();
        let release = crate::release::Release::decode(record.trim().as_bytes()).unwrap();
        let text = release.observed_text("").unwrap();
        let start = String::from_utf8_lossy(&text).into_owned();
        let wanted = case["encodedStart"].as_str().unwrap();
        let same = start.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
        let shown = start.get(same.saturating_sub(40)..same + 60).unwrap_or_default();
        assert_eq!(same, wanted.len(), "{file}: {shown}");
        assert_eq!(release.digest("").unwrap(), case["digest"].as_str().unwrap(), "{file}");
    }
}

const INDEX: &str = "apiVersion: v1
entries:
  # The first.
  app:
  - name: app
    version: 1.0.0
    description: |
      Text
      other: not a chart
    urls: [app-1.0.0.tgz]
  - name: app
    version: 1.2.0
    urls:
    - app-1.2.0.tgz
  - name: app
    version: not a version
  other:
    - {name: other, version: 2.0.0-rc.1, urls: [o.tgz]}
generated: \"2026-01-01T00:00:00Z\"
";

#[test]
fn one_chart_is_found_in_an_index() {
    use crate::index::{IndexError, find};
    let url = |name: &str, version: &str| find(INDEX, name, version).map(|entry| entry.urls);
    assert_eq!(url("app", ""), Ok(vec!["app-1.2.0.tgz".to_owned()]));
    assert_eq!(url("app", "<1.1"), Ok(vec!["app-1.0.0.tgz".to_owned()]));
    assert_eq!(url("other", ">0-0"), Ok(vec!["o.tgz".to_owned()]));
    assert!(matches!(url("other", ""), Err(IndexError::NoVersion { .. })));
    assert_eq!(url("none", ""), Err(IndexError::NoChartName));
    assert_eq!(find("entries: {}\n", "a", ""), Err(IndexError::NoApiVersion));
    assert_eq!(find("", "a", ""), Err(IndexError::Empty));
}

#[test]
fn an_index_in_flow_style_is_the_same() {
    let block = crate::index::Index::load(INDEX).unwrap();
    let json = flux_yaml::to_json(&flux_yaml::from_str(INDEX).unwrap());
    assert_eq!(crate::index::Index::load(&json).unwrap(), block);
    assert_eq!(crate::index::Index::load(&block.to_yaml()).unwrap(), block);
    let mut merged = crate::index::Index::default();
    merged.merge(block.clone());
    assert_eq!(merged.entries, block.entries);
}

#[test]
fn a_value_at_a_path_goes_before_the_releases_own_only_in_its_own_maps() {
    use crate::{ValuesSource, compose_values};
    let at = |path: &str, value: &str| ValuesSource::At {
        path: path.to_owned(),
        value: value.to_owned(),
        is_literal: false,
    };
    let own = load_values("t: {p: own}").unwrap();
    let compose = |sources: &[ValuesSource]| {
        flux_yaml::to_json(&serde_json::Value::Object(compose_values(sources, &own).unwrap()))
    };
    assert_eq!(compose(&[at("t.p", "7")]), r#"{"t":{"p":7}}"#);
    let file = ValuesSource::Merged("t: {o: 1}".to_owned());
    assert_eq!(compose(&[file, at("t.p", "7")]), r#"{"t":{"o":1,"p":"own"}}"#);
}

#[test]
fn recorded_references_to_values_give_the_same() {
    use crate::{ValuesSource, compose_values, config_digest};
    let Some(root) = std::env::var_os("FLUX_CONFORMANCE") else {
        eprintln!("no recorded answers; nothing to compare");
        return;
    };
    let file = std::path::Path::new(&root).join("helm/valuesfrom-cases.json");
    let recorded: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut faults = Vec::new();
    for case in recorded["cases"].as_array().unwrap() {
        let own = load_values(case["inlineYaml"].as_str().unwrap()).unwrap();
        let mut sources = Vec::new();
        let mut missing = None;
        for reference in case["valuesFrom"].as_array().unwrap() {
            let text = |key: &str| reference[key].as_str().unwrap_or_default().to_owned();
            let object = &recorded["resources"][format!("{}/{}", text("kind"), text("name"))];
            let key = reference["valuesKey"].as_str().unwrap_or("values.yaml");
            let Some(value) = object[key].as_str() else {
                if reference["optional"] != true {
                    let what = if object.is_null() { "resource" } else { "key" };
                    missing = Some(format!("{what} not found"));
                }
                continue;
            };
            sources.push(match reference["targetPath"].as_str() {
                None => ValuesSource::Merged(value.to_owned()),
                Some(path) => ValuesSource::At {
                    path: path.to_owned(),
                    value: value.to_owned(),
                    is_literal: reference["literal"] == true,
                },
            });
        }
        let composed = compose_values(&sources, &own).map_err(|error| error.to_string());
        let got = missing.map_or_else(|| composed.map(|values| config_digest(&values)), Err);
        let want = match case["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(case["digest"].as_str().unwrap().to_owned()),
        };
        if got != want {
            faults.push(format!("{}: {got:?}, not {want:?}", case["id"]));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
