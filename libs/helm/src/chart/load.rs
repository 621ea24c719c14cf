//! Charts out of files.

use std::collections::BTreeMap;

use flux_tree::{Kind, Tree};

use super::ignore::HelmIgnore;
use super::metadata::{Lock, Metadata};
use super::{Chart, ChartError, File, archive};
use crate::typed;
use crate::values;

/// The largest file of a chart.
pub(super) const MAX_FILE: u64 = 5 << 20;
/// How deep charts may be in charts.
const MAX_DEPTH: usize = 50;

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The same bytes without a byte order mark.
pub(super) fn without_mark(data: &[u8]) -> &[u8] {
    data.strip_prefix(BYTE_ORDER_MARK).unwrap_or(data)
}

impl Chart {
    /// Loads a packaged chart, a gzipped tar.
    ///
    /// # Errors
    /// It is no such archive, too large, or holds no chart.
    pub fn from_archive(bytes: &[u8]) -> Result<Self, ChartError> {
        from_files(archive::files(bytes)?, 0)
    }

    /// Loads the chart in a directory of a tree; what `.helmignore` names is left out.
    ///
    /// # Errors
    /// The tree cannot be read, or holds no chart there.
    pub fn from_tree(tree: &dyn Tree, path: &str) -> Result<Self, ChartError> {
        from_files(tree_files(tree, path)?, 0)
    }

    /// Loads a chart from its files, whose names are paths below its root.
    ///
    /// # Errors
    /// They are no chart.
    pub fn from_files(files: Vec<File>) -> Result<Self, ChartError> {
        from_files(files, 0)
    }
}

fn tree_files(tree: &dyn Tree, path: &str) -> Result<Vec<File>, ChartError> {
    let at = |name: &str| match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}/{name}"),
    };
    let rules = match tree.read(&at(".helmignore")) {
        Ok(text) => HelmIgnore::parse(&text)?,
        Err(error) if error.is_not_found() => HelmIgnore::default(),
        Err(error) => return Err(error.into()),
    };
    let mut files = Vec::new();
    read_directory(tree, (path, ""), &rules, &mut files)?;
    Ok(files)
}

/// How deep directories may be; symlinks may lead in circles.
const MAX_DIRECTORIES: usize = 100;

/// Reads the directory `name` of a chart at `path`, symlinks followed.
fn read_directory(
    tree: &dyn Tree,
    (path, name): (&str, &str),
    rules: &HelmIgnore,
    files: &mut Vec<File>,
) -> Result<(), ChartError> {
    let join = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { format!("{a}/{b}") };
    if name.matches('/').count() > MAX_DIRECTORIES {
        let text = format!("directories are nested more than {MAX_DIRECTORIES} deep");
        return Err(ChartError::Archive(text));
    }
    let here = if name.is_empty() { path.to_owned() } else { join(path, name) };
    for entry in tree.list(&here)? {
        let (name, full) = (join(name, &entry.name), join(&here, &entry.name));
        let kind = if entry.kind == Kind::Symlink { tree.stat(&full)? } else { entry.kind };
        let is_directory = kind == Kind::Directory;
        if rules.ignores(&name, is_directory) {
            continue;
        }
        if is_directory {
            read_directory(tree, (path, &name), rules, files)?;
            continue;
        }
        let data = tree.read(&full)?;
        if data.len() as u64 > MAX_FILE {
            let text = format!(
                "chart file {} is larger than the maximum file size {MAX_FILE}",
                flux_gostd::quote::quote(&entry.name)
            );
            return Err(ChartError::Archive(text));
        }
        files.push(File::new(name, without_mark(&data)));
    }
    Ok(())
}

fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

fn read_metadata(
    metadata: &mut Metadata,
    file: &File,
    name: &'static str,
) -> Result<(), ChartError> {
    let problem = |problem: String| ChartError::File { file: name, problem };
    let text = text(&file.data);
    let mut value = typed::yaml(&text).map_err(problem)?;
    typed::restore_floats(&text, &mut value);
    metadata.read(&value).map_err(|error| problem(typed::decoding(error)))
}

fn read_lock(file: &File, name: &'static str) -> Result<Lock, ChartError> {
    let problem = |problem: String| ChartError::File { file: name, problem };
    let value = typed::yaml(&text(&file.data)).map_err(problem)?;
    Lock::read(&value).map_err(|error| problem(typed::decoding(error)))
}

fn from_files(files: Vec<File>, depth: usize) -> Result<Chart, ChartError> {
    if depth > MAX_DEPTH {
        return Err(ChartError::Archive(format!("charts are nested more than {MAX_DEPTH} deep")));
    }
    let mut chart = Chart::default();
    let mut known = false;
    for file in files.iter().filter(|file| file.name == "Chart.yaml") {
        known = true;
        read_metadata(&mut chart.metadata, file, "Chart.yaml")?;
        if chart.metadata.api_version.is_empty() {
            "v1".clone_into(&mut chart.metadata.api_version);
        }
        chart.modified.clone_from(&file.modified);
    }
    let mut subcharts: BTreeMap<String, Vec<File>> = BTreeMap::new();
    for mut file in files {
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => chart.lock = Some(read_lock(&file, "Chart.lock")?),
            "values.yaml" => chart.values = values::load(&text(&file.data))?,
            "values.schema.json" => chart.schema = Some(file),
            "requirements.yaml" => {
                known = true;
                read_metadata(&mut chart.metadata, &file, "requirements.yaml")?;
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            "requirements.lock" => {
                chart.lock = Some(read_lock(&file, "requirements.lock")?);
                known = true;
                if chart.metadata.api_version == "v1" {
                    chart.files.push(file);
                }
            }
            name if name.starts_with("templates/") => chart.templates.push(file),
            name => match name.strip_prefix("charts/").filter(|_| !name.ends_with(".prov")) {
                Some(inner) => {
                    let folder = inner.split('/').next().unwrap_or(inner).to_owned();
                    file.name = inner.to_owned();
                    subcharts.entry(folder).or_default().push(file);
                }
                None => chart.files.push(file),
            },
        }
    }
    if !known {
        return Err(ChartError::NoChartYaml);
    }
    chart.metadata.validate()?;
    for (name, files) in subcharts {
        if let Some(subchart) = load_subchart(&chart, &name, files, depth)? {
            chart.dependencies.push(subchart);
        }
    }
    Ok(chart)
}

fn load_subchart(
    chart: &Chart,
    name: &str,
    files: Vec<File>,
    depth: usize,
) -> Result<Option<Chart>, ChartError> {
    if name.starts_with(['_', '.']) {
        return Ok(None);
    }
    let loaded = if name.ends_with(".tgz") {
        let Some(file) = files.first() else { return Ok(None) };
        if file.name != name {
            let (parent, found) = (chart.name(), &file.name);
            return Err(ChartError::Archive(format!(
                "error unpacking subchart tar in {parent}: expected {name}, got {found}"
            )));
        }
        archive::files(&file.data).and_then(|files| from_files(files, depth + 1))
    } else {
        let below = files.into_iter().filter_map(|mut file| {
            let (_, rest) = file.name.split_once('/')?;
            file.name = rest.to_owned();
            Some(file)
        });
        from_files(below.collect(), depth + 1)
    };
    loaded.map(Some).map_err(|problem| ChartError::Subchart {
        name: name.to_owned(),
        parent: chart.name().to_owned(),
        problem: Box::new(problem),
    })
}
