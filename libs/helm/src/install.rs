//! A chart with its values into what a release consists of.

use std::collections::BTreeMap;

use crate::capabilities::is_compatible;
use crate::manifest::block;
use crate::render::RenderOptions;
use crate::values::{Coalescing, Nulls, Values, ValuesError};
use crate::{
    Chart, Hook, ManifestError, Order, RenderError, SchemaError, Sorted, dependencies, render,
    sort, validate,
};

/// Changes manifests between rendering and sorting, as Helm's post-renderers do.
pub trait PostRender {
    /// Takes the rendered files by path and returns what counts in their place.
    ///
    /// # Errors
    /// Why it cannot.
    fn run(&self, files: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String>;
}

/// What to render, and how.
pub struct InstallOptions<'a> {
    /// The release, the cluster's abilities, clock, randomness and live objects.
    pub render: RenderOptions,
    /// Whether the manifest begins with the files of `crds/`.
    pub include_crds: bool,
    /// Whether `values.schema.json` is left alone.
    pub skip_schema_validation: bool,
    /// Whether notes of subcharts count.
    pub sub_notes: bool,
    /// What changes the manifests before they are sorted.
    pub post_render: Option<&'a dyn PostRender>,
}

impl std::fmt::Debug for InstallOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstallOptions").field("render", &self.render).finish_non_exhaustive()
    }
}

/// Why there is no release; the texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The chart is a library or of an unknown type.
    #[error("{0} charts are not installable")]
    NotInstallable(String),
    /// The chart is not for this version of Kubernetes.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}")]
    KubeVersion {
        /// The versions that the chart is for.
        wanted: String,
        /// The cluster's.
        found: String,
    },
    /// The values do not fit the subcharts.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// The values are not what schemas ask for.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A template fails.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The post-renderer fails.
    #[error("error while running post render on files: {0}")]
    PostRender(String),
    /// A rendered document is no object; `manifest` has what was rendered.
    #[error("{problem}")]
    Manifest {
        /// What is wrong.
        problem: ManifestError,
        /// Everything that was rendered, for whoever looks for the fault.
        manifest: String,
    },
}

/// What a release consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// The chart as it was rendered: dependencies processed.
    pub chart: Chart,
    /// What came out of the templates.
    pub rendered: Rendered,
    /// What is worth saying.
    pub warnings: Vec<String>,
}

/// What came out of a chart's templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The manifest, with `# Source:` before each document.
    pub manifest: String,
    /// The hooks in the order of their kinds.
    pub hooks: Vec<Hook>,
    /// The notes.
    pub notes: String,
}

/// Renders a chart as `helm install` and `helm upgrade` do, without a cluster.
///
/// # Errors
/// In Helm's words.
pub fn install(
    chart: &Chart,
    values: &Values,
    options: &InstallOptions<'_>,
) -> Result<Installation, InstallError> {
    if !matches!(chart.metadata.kind.as_str(), "" | "application") {
        return Err(InstallError::NotInstallable(chart.metadata.kind.clone()));
    }
    let mut chart = chart.clone();
    let mut warnings = Vec::new();
    dependencies::process(&mut chart, values, &mut warnings)?;
    if !options.skip_schema_validation && has_schema(&chart) {
        let all = Coalescing::new(Nulls::Remove).values(&chart, values)?;
        validate(&chart, &all)?;
    }
    let wanted = &chart.metadata.kube_version;
    let found = &options.render.capabilities.kube_version;
    if !wanted.is_empty() && !is_compatible(wanted, found.for_constraints()) {
        let (wanted, found) = (wanted.clone(), found.version.clone());
        return Err(InstallError::KubeVersion { wanted, found });
    }
    let mut files = render(&chart, values, &options.render, &mut warnings)?;
    let notes = take_notes(&chart, &mut files, options.sub_notes);
    if let Some(post_render) = options.post_render {
        files = post_render.run(files).map_err(InstallError::PostRender)?;
    }
    let sorted = match sort(&files, Order::Install) {
        Ok(sorted) => sorted,
        Err(problem) => {
            let written = files.iter().filter(|(_, text)| !text.trim().is_empty());
            let manifest = written.map(|(path, text)| block(path, text)).collect();
            return Err(InstallError::Manifest { problem, manifest });
        }
    };
    let rendered = assemble(&chart, sorted, options.include_crds, notes);
    Ok(Installation { chart, rendered, warnings })
}

fn has_schema(chart: &Chart) -> bool {
    chart.schema.is_some() || chart.dependencies.iter().any(has_schema)
}

/// Takes the notes out of the files.
fn take_notes(chart: &Chart, files: &mut BTreeMap<String, String>, sub_notes: bool) -> String {
    const NOTES: &str = "NOTES.txt";
    let own = format!("{}/templates/{NOTES}", chart.name());
    let mut notes = String::new();
    files.retain(|path, text| {
        if !path.ends_with(NOTES) {
            return true;
        }
        if sub_notes || *path == own {
            if !notes.is_empty() {
                notes.push('\n');
            }
            notes.push_str(text);
        }
        false
    });
    notes
}

fn assemble(chart: &Chart, sorted: Sorted, include_crds: bool, notes: String) -> Rendered {
    let mut manifest = String::new();
    if include_crds {
        for crd in chart.crds() {
            manifest.push_str(&block(&crd.path, &String::from_utf8_lossy(&crd.file.data)));
        }
    }
    for document in &sorted.manifests {
        manifest.push_str(&block(&document.path, &document.content));
    }
    Rendered { manifest, hooks: sorted.hooks, notes }
}

impl Rendered {
    /// The text that `helm template` prints: manifest and hooks, those of tests included or not.
    pub fn template(&self, with_tests: bool) -> String {
        let mut out = format!("{}\n", self.manifest.trim());
        for hook in &self.hooks {
            let is_test = hook.events.contains(&crate::HookEvent::Test);
            if with_tests || !is_test {
                out.push_str(&block(&hook.path, &hook.manifest));
            }
        }
        out
    }
}

/// Keeps of a text that `helm template` prints the documents of some files, given by their paths
/// in the chart, with `*` for parts of a name; everything if none are given.
///
/// # Errors
/// The path that no document has, in Helm's words.
pub fn show_only(text: &str, paths: &[String]) -> Result<String, ShowOnlyError> {
    if paths.is_empty() {
        return Ok(text.to_owned());
    }
    let documents = crate::split(text);
    let path_of = |document: &str| {
        let source = document.lines().find_map(|line| line.split_once("# Source: "))?.1;
        source.split_once('/').map(|(_, path)| path.to_owned())
    };
    let mut shown = String::new();
    for wanted in paths {
        let matches = |document: &&&str| {
            let path = path_of(document);
            path.is_some_and(|path| crate::chart::path_matches(wanted, &path))
        };
        let before = shown.len();
        for document in documents.iter().filter(matches) {
            shown.push_str(&format!("---\n{document}\n"));
        }
        if shown.len() == before {
            return Err(ShowOnlyError(wanted.clone()));
        }
    }
    Ok(shown)
}

/// No document comes from a file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not find template {0} in chart")]
pub struct ShowOnlyError(String);
