//! The templates of a chart and its subcharts, executed.

mod errors;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use flux_gotemplate::{Element, Functions, Limits, Map, MissingKey, Templates, Value};

use crate::functions::{
    NO_VALUE, Surroundings, VALUES, capabilities, chart_metadata, files_value, functions,
};
use crate::values::{Coalescing, Nulls, Values, ValuesError};
use crate::{Capabilities, Chart, Host, Lookup};

/// Which release is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseOptions {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its revision, from 1.
    pub revision: i64,
    /// Whether it replaces an older one.
    pub is_upgrade: bool,
}

/// What templates get to see beside the chart and its values, and what they may use up.
#[derive(Clone)]
pub struct RenderOptions {
    /// The release.
    pub release: ReleaseOptions,
    /// The cluster's abilities.
    pub capabilities: Capabilities,
    /// Clock and randomness.
    pub host: Arc<dyn Host + Send + Sync>,
    /// Live objects.
    pub lookup: Arc<dyn Lookup + Send + Sync>,
    /// Whether `getHostByName` asks; it returns nothing otherwise.
    pub allows_dns: bool,
}

impl std::fmt::Debug for RenderOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RenderOptions")
            .field("release", &self.release)
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

/// The most bytes that templates may write.
const MAX_OUTPUT: usize = 256 << 20;

/// Why a chart cannot be rendered; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The values do not fit the subcharts.
    #[error(transparent)]
    Values(#[from] ValuesError),
    /// A template cannot be parsed, or fails.
    #[error("{0}")]
    Template(String),
    /// There is no thread to render in.
    #[error("cannot start rendering: {0}")]
    Thread(String),
}

/// Deep calls of templates need a stack of their own.
const STACK: usize = 512 << 20;
/// How deep templates may call each other: Helm counts 1000 of each name.
const MAX_DEPTH: usize = 2_500;

/// Renders every template of a chart whose dependencies have been processed, and returns the texts
/// by the files' paths. Warnings of coalescing are added to `warnings`.
///
/// # Errors
/// In Helm's words; besides, templates that write or call without end are stopped.
pub fn render(
    chart: &Chart,
    values: &Values,
    options: &RenderOptions,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, RenderError> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("render".to_owned()).stack_size(STACK);
        let handle = builder
            .spawn_scoped(scope, || render_here(chart, values, options, warnings))
            .map_err(|error| RenderError::Thread(error.to_string()))?;
        handle.join().map_err(|_| RenderError::Thread("rendering was aborted".to_owned()))?
    })
}

/// The functions that charts may call, for templates outside of charts.
pub fn template_functions(options: &RenderOptions) -> Functions {
    functions(&Surroundings {
        host: Rc::new(Kept(options.host.clone())),
        lookup: Rc::new(Kept(options.lookup.clone())),
        allows_dns: options.allows_dns,
    })
}

/// Executes the last of some templates, each a name and a text, as those of charts are executed.
///
/// # Errors
/// In Helm's words.
pub fn render_text(
    files: &[(&str, &str)],
    dot: &Value,
    options: &RenderOptions,
) -> Result<String, RenderError> {
    let mut templates = Templates::new("gotpl", template_functions(options))
        .with_missing_key(MissingKey::Zero)
        .with_limits(Limits { output: MAX_OUTPUT, ..Limits::default() });
    for (name, text) in files {
        templates
            .parse(name, text)
            .map_err(|error| RenderError::Template(errors::of_parsing(name, &error.to_string())))?;
    }
    let Some((name, _)) = files.last() else { return Ok(String::new()) };
    let text = templates.execute(name, dot);
    let text = text.map_err(|error| RenderError::Template(errors::of_execution(&error)))?;
    Ok(text.replace(NO_VALUE, ""))
}

/// The host and the cluster of one rendering, as functions hold them.
struct Kept<T: ?Sized>(Arc<T>);

impl<T: Host + ?Sized> Host for Kept<T> {
    fn now(&self) -> flux_gostd::Time {
        self.0.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn addresses(&self, host: &str) -> Vec<String> {
        self.0.addresses(host)
    }
}

impl<T: Lookup + ?Sized> Lookup for Kept<T> {
    fn lookup(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<serde_json::Value>, String> {
        self.0.lookup(api_version, kind, namespace, name)
    }
}

/// A template with the values that it gets.
struct Renderable {
    text: Arc<[u8]>,
    dot: Map,
    base: String,
}

/// What all charts of a rendering share.
struct Shared {
    release: Value,
    capabilities: Value,
}

fn render_here(
    chart: &Chart,
    values: &Values,
    options: &RenderOptions,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut coalescing = Coalescing::new(Nulls::Remove);
    let data = coalescing.data(chart, values)?;
    warnings.append(&mut coalescing.warnings);
    let shared = Shared {
        release: release(&options.release),
        capabilities: capabilities(&options.capabilities),
    };
    let mut files = BTreeMap::new();
    collect(chart, (chart.name(), true), &data, (&shared, &mut files));
    execute(files, options)
}

fn release(options: &ReleaseOptions) -> Value {
    let entries = [
        ("Name", options.name.as_str().into()),
        ("Namespace", options.namespace.as_str().into()),
        ("IsUpgrade", options.is_upgrade.into()),
        ("IsInstall", (!options.is_upgrade).into()),
        ("Revision", Value::Int(options.revision)),
        ("Service", "Helm".into()),
    ];
    Value::map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn with_type(map: &Map) -> Value {
    Value::Map(Map { entries: map.entries.clone(), element: Element::Named(VALUES) })
}

/// Finds the templates of a chart and its subcharts, each with the values of its chart.
fn collect(
    chart: &Chart,
    (path, is_root): (&str, bool),
    values: &Map,
    (shared, files): (&Shared, &mut BTreeMap<String, Renderable>),
) -> Value {
    let dot = Map { entries: Rc::default(), element: Element::Named(VALUES) };
    let subcharts = Map::default();
    {
        let mut entries = dot.entries.borrow_mut();
        let mut put = |key: &str, value: Value| entries.insert(key.to_owned(), value);
        put("Chart", chart_metadata(&chart.metadata, is_root));
        put("Files", files_value(&chart.files));
        put("Release", shared.release.clone());
        put("Capabilities", shared.capabilities.clone());
        put("Values", with_type(values));
        put("Subcharts", Value::Map(subcharts.clone()));
    }
    for subchart in &chart.dependencies {
        let section = match values.get(subchart.name()) {
            Some(Value::Map(section)) => section,
            _ => Map::default(),
        };
        let path = format!("{path}/charts/{}", subchart.name());
        let shown = collect(subchart, (&path, false), &section, (shared, &mut *files));
        subcharts.entries.borrow_mut().insert(subchart.name().to_owned(), shown);
    }
    for file in &chart.templates {
        let name = file.name.rsplit('/').next().unwrap_or(&file.name);
        if chart.is_library() && !name.starts_with('_') {
            continue;
        }
        let renderable = Renderable {
            text: file.data.clone(),
            dot: dot.clone(),
            base: format!("{path}/templates"),
        };
        files.insert(format!("{path}/{}", file.name), renderable);
    }
    Value::Map(Map { entries: dot.entries, element: Element::Any })
}

/// Parses all templates, the deepest first, so that those of parents replace those of subcharts;
/// then executes them in the same order.
fn execute(
    files: BTreeMap<String, Renderable>,
    options: &RenderOptions,
) -> Result<BTreeMap<String, String>, RenderError> {
    let mut files: Vec<(String, Renderable)> = files.into_iter().collect();
    let depth = |path: &str| path.matches('/').count();
    files.sort_by(|(a, _), (b, _)| depth(b).cmp(&depth(a)).then_with(|| b.cmp(a)));
    let limits = Limits { depth: MAX_DEPTH, output: MAX_OUTPUT, ..Limits::default() };
    let mut templates = Templates::new("gotpl", template_functions(options))
        .with_missing_key(MissingKey::Zero)
        .with_limits(limits);
    for (path, file) in &files {
        let text = String::from_utf8_lossy(&file.text);
        templates
            .parse(path, &text)
            .map_err(|error| RenderError::Template(errors::of_parsing(path, &error.to_string())))?;
    }
    templates.parsed();
    let mut rendered = BTreeMap::new();
    let mut written = 0;
    for (path, file) in files {
        if path.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
            continue;
        }
        let about = [("Name", path.as_str().into()), ("BasePath", file.base.into())];
        let about = about.into_iter().map(|(key, value): (&str, Value)| (key.to_owned(), value));
        let about = Map { entries: Rc::new(RefCell::new(about.collect())), element: Element::Any };
        file.dot.entries.borrow_mut().insert("Template".to_owned(), with_type(&about));
        let text = templates
            .execute(&path, &Value::Map(file.dot))
            .map_err(|error| RenderError::Template(errors::of_execution(&error)))?;
        written += text.len();
        if written > MAX_OUTPUT {
            let text = format!("output exceeds {MAX_OUTPUT} bytes");
            return Err(RenderError::Template(text));
        }
        rendered.insert(path, text.replace(NO_VALUE, ""));
    }
    Ok(rendered)
}
