//! Charts, values and manifests, against Helm's packages.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use flux_gostd::Time;
use flux_helm::{
    Capabilities, Chart, Hook, Host, InstallError, InstallOptions, KubeVersion, NoCluster, Order,
    ReleaseOptions, RenderOptions, Values, set,
};
use flux_tree::DiskTree;
use serde_json::{Value, json};

use super::{Case, helm_values};

/// Clock and randomness that give the same each time.
struct Fixed(Mutex<u64>);

impl Host for Fixed {
    fn now(&self) -> Time {
        Time::from_unix(1_790_000_000, 0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        let Ok(mut state) = self.0.lock() else { return };
        for byte in bytes {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = ((mixed ^ (mixed >> 27)) >> 24) as u8;
        }
    }

    fn addresses(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// The release and the cluster of most recorded renders.
pub(super) fn render_options(kube_version: &str, api_versions: &[String]) -> RenderOptions {
    let version = KubeVersion::parse(kube_version)
        .unwrap_or_else(|| KubeVersion::reported(kube_version, "", ""));
    RenderOptions {
        release: ReleaseOptions {
            name: "rel".to_owned(),
            namespace: "apps".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: Capabilities::new(version, api_versions.to_vec()),
        host: Arc::new(Fixed(Mutex::new(1))),
        lookup: Arc::new(NoCluster),
        allows_dns: false,
    }
}

/// Reads the API versions of the recorded renders.
pub(super) fn api_versions(file: &Path) -> anyhow::Result<Vec<String>> {
    let recorded = read(file)?;
    let versions = recorded["apiVersions"].as_array().context("no apiVersions")?;
    Ok(versions.iter().filter_map(|version| version.as_str().map(str::to_owned)).collect())
}

pub(super) fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

/// All folders of recorded answers of Helm's packages.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let versions = api_versions(&root.join("helm-real/apiversions.json"))?;
    let root = root.join("helm");
    let mut cases = templates(&root, &versions)?;
    cases.extend(renders(&root, &versions)?);
    cases.extend(splits(&root)?);
    cases.extend(sorts(&root)?);
    cases.extend(helm_values::cases(&root)?);
    Ok(cases)
}

/// Loads a chart from a directory or an archive.
pub(super) fn load(path: &Path) -> Result<Chart, String> {
    if path.is_dir() {
        let tree = DiskTree::open(path).map_err(|error| error.to_string())?;
        return Chart::from_tree(&tree, "").map_err(|error| error.to_string());
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    Chart::from_archive(&bytes).map_err(|error| error.to_string())
}

/// A hook under the names that the records use.
pub(super) fn hook_json(hook: &Hook) -> Value {
    let Hook { name, kind, path, manifest, events, weight, delete_policies, output_log_policies } =
        hook;
    json!({
        "name": name, "kind": kind, "path": path, "weight": weight, "events": events,
        "deletePolicies": delete_policies, "delete_policies": delete_policies,
        "output_log_policies": output_log_policies,
        "Name": name, "Kind": kind, "Path": path, "Manifest": manifest, "Events": events,
        "Weight": weight, "DeletePolicies": delete_policies,
    })
}

fn options(render: RenderOptions, include_crds: bool) -> InstallOptions<'static> {
    InstallOptions {
        render,
        include_crds,
        skip_schema_validation: true,
        sub_notes: false,
        post_render: None,
    }
}

fn renders(root: &Path, versions: &[String]) -> anyhow::Result<Vec<Case>> {
    let recorded = read(&root.join("render-cases.json"))?;
    let cases = recorded["cases"].as_array().context("no cases")?;
    cases.iter().map(|case| render(root, case, versions)).collect()
}

/// Renders as the record was made: libraries too, and whatever version a chart asks for.
fn render(root: &Path, case: &Value, versions: &[String]) -> anyhow::Result<Case> {
    let chart = case["chart"].as_str().context("no chart")?;
    let name = format!("render {chart} {}", case["includeCRDs"] == true);
    let got = load(&root.join(chart)).and_then(|mut chart| {
        chart.metadata.kind.clear();
        chart.metadata.kube_version.clear();
        let options = options(render_options("v1.33.4", versions), case["includeCRDs"] == true);
        let result = flux_helm::install(&chart, &Values::new(), &options);
        result.map_err(|error| error.to_string())
    });
    let got = match got {
        Ok(installation) => {
            let rendered = installation.rendered;
            let hooks = rendered.hooks.iter().map(hook_json);
            json!({
                "manifest": rendered.manifest,
                "notes": rendered.notes,
                "hooks": hooks.zip(hooks_of(case)).map(|(got, want)| same_keys(&got, want)).collect::<Vec<_>>(),
            })
        }
        Err(error) => json!({ "error": error }),
    };
    let mut want = case.clone();
    if let Some(want) = want.as_object_mut() {
        want.remove("chart");
        want.remove("includeCRDs");
    }
    Ok(Case::compare(name, &got, &want))
}

fn hooks_of(case: &Value) -> impl Iterator<Item = &Value> {
    case["hooks"].as_array().into_iter().flatten()
}

/// What of `got` the record tells.
fn same_keys(got: &Value, want: &Value) -> Value {
    let keys = want.as_object().into_iter().flat_map(|want| want.keys());
    keys.map(|key| (key.clone(), got[key].clone())).collect()
}

fn splits(root: &Path) -> anyhow::Result<Vec<Case>> {
    let recorded = read(&root.join("split-cases.json"))?;
    let cases = recorded.as_array().context("no cases")?.iter();
    Ok(cases
        .map(|case| {
            let input = case["input"].as_str().unwrap_or_default();
            let got = json!(flux_helm::split(input));
            Case::compare(format!("split {input:?}"), &got, &case["docs"])
        })
        .collect())
}

fn sorts(root: &Path) -> anyhow::Result<Vec<Case>> {
    let recorded = read(&root.join("sort-cases.json"))?;
    recorded.as_array().context("no cases")?.iter().map(sort).collect()
}

fn sort(case: &Value) -> anyhow::Result<Case> {
    let files: BTreeMap<String, String> = serde_json::from_value(case["files"].clone())?;
    let order = if case["order"] == "uninstall" { Order::Uninstall } else { Order::Install };
    let name = format!("sort {}", case["id"].as_str().unwrap_or_default());
    let sorted = match flux_helm::sort(&files, order) {
        Ok(sorted) => sorted,
        Err(error) => return Ok(Case::compare(name, &json!(error.to_string()), &case["error"])),
    };
    let hooks = sorted.hooks.iter().map(hook_json).zip(hooks_of(case));
    let got = json!({
        "count": sorted.hooks.len(),
        "hooks": hooks.map(|(got, want)| same_keys(&got, want)).collect::<Vec<_>>(),
        "manifests": sorted.manifests.iter().map(|manifest| {
            json!({"content": manifest.content, "path": manifest.path})
        }).collect::<Vec<_>>(),
    });
    let want = json!({
        "count": hooks_of(case).count(), "hooks": case["hooks"], "manifests": case["manifests"],
    });
    Ok(Case::compare(name, &got, &want))
}

fn templates(root: &Path, versions: &[String]) -> anyhow::Result<Vec<Case>> {
    let recorded = read(&root.join("template-cases.json"))?;
    let cases = recorded.as_array().context("no cases")?.iter();
    let described = cases.filter(|case| !case["args"].as_array().is_some_and(Vec::is_empty));
    described.map(|case| template(root, case, versions)).collect()
}

/// The arguments of `helm template` that the record has.
#[derive(Default)]
struct Arguments {
    chart: String,
    values: Values,
    kube_version: String,
    api_versions: Vec<String>,
    name: String,
    include_crds: bool,
    skip_tests: bool,
    show_only: Vec<String>,
    debug: bool,
}

fn arguments(root: &Path, args: &Value) -> anyhow::Result<Arguments> {
    let mut out = Arguments {
        kube_version: "v1.20.0".to_owned(),
        name: "release-name".to_owned(),
        ..Arguments::default()
    };
    let mut sets = Vec::new();
    let args: Vec<String> = serde_json::from_value(args.clone())?;
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        let (flag, inline) = match arg.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => {
                (flag.to_owned(), Some(value.to_owned()))
            }
            _ => (arg, None),
        };
        let mut value = || inline.clone().or_else(|| args.next()).context("no value");
        match flag.as_str() {
            "--set" => sets.push(value()?),
            "-f" | "--values" => {
                let text = std::fs::read_to_string(root.join(value()?))?;
                flux_helm::merge_values(&mut out.values, flux_helm::load_values(&text)?);
            }
            "--kube-version" => out.kube_version = value()?,
            "--api-versions" => out.api_versions.extend(value()?.split(',').map(str::to_owned)),
            "--name-template" => out.name = value()?,
            "--include-crds" => out.include_crds = true,
            "--skip-tests" => out.skip_tests = true,
            "--debug" => out.debug = true,
            "--show-only" => out.show_only.push(value()?),
            _ => out.chart = flag,
        }
    }
    for line in sets {
        set::set(&line, &mut out.values)?;
    }
    Ok(out)
}

fn template(root: &Path, case: &Value, versions: &[String]) -> anyhow::Result<Case> {
    let name = format!("template {} {}", case["name"].as_str().unwrap_or_default(), case["args"]);
    let args = arguments(root, &case["args"])?;
    let golden = root.join(case["golden"].as_str().context("no golden")?);
    let want = std::fs::read_to_string(&golden).with_context(|| golden.display().to_string())?;
    let mut versions = versions.to_vec();
    versions.extend(args.api_versions);
    let mut render = render_options(&args.kube_version, &versions);
    render.release.namespace = "default".to_owned();
    render.release.name = flux_helm::render_text(
        &[("name-template", &args.name)],
        &flux_gotemplate::Value::Nil,
        &render,
    )?;
    let options = options(render, args.include_crds);
    let result = load(&root.join(&args.chart)).map_err(|error| (error, None)).and_then(|chart| {
        flux_helm::install(&chart, &args.values, &options).map_err(|error| {
            let manifest = match &error {
                InstallError::Manifest { manifest, .. } => Some(manifest.trim().to_owned()),
                _ => None,
            };
            (error.to_string(), manifest)
        })
    });
    let got = match result {
        Ok(installation) => {
            let text = installation.rendered.template(!args.skip_tests);
            flux_helm::show_only(&text, &args.show_only)?
        }
        Err((error, Some(manifest))) if args.debug => format!("{manifest}\nError: {error}\n"),
        Err((error, Some(_))) => {
            format!("Error: {error}\n\nUse --debug flag to render out invalid YAML\n")
        }
        Err((error, None)) => format!("Error: {error}\n"),
    };
    Ok(Case::compare(name, &got, &want))
}
