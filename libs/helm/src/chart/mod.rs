//! Charts: their metadata, files and subcharts.

mod archive;
mod ignore;
mod load;
mod metadata;

use std::sync::Arc;

use flux_gostd::Time;

pub use ignore::HelmIgnore;
pub use metadata::{Dependency, Lock, Maintainer, Metadata};

use crate::values::{Values, ValuesError};

/// Tells whether a path fits a pattern as Go's `filepath.Match` does.
pub(crate) fn path_matches(pattern: &str, path: &str) -> bool {
    ignore::matched(pattern, path).unwrap_or(false)
}

/// A file of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below the chart's root.
    pub name: String,
    /// What it holds, without a byte order mark.
    pub data: Arc<[u8]>,
    /// When it was last changed, if that is known.
    pub modified: Option<Time>,
}

impl File {
    /// Makes a file.
    pub fn new(name: impl Into<String>, data: impl Into<Arc<[u8]>>) -> Self {
        Self { name: name.into(), data: data.into(), modified: None }
    }
}

/// A chart with its subcharts.
///
/// It is data that may be kept and shared by threads; rendering does not change it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chart {
    /// `Chart.yaml`.
    pub metadata: Metadata,
    /// `Chart.lock`.
    pub lock: Option<Lock>,
    /// Everything below `templates/`.
    pub templates: Vec<File>,
    /// `values.yaml`; numbers are floats, as Helm has them.
    pub values: Values,
    /// `values.schema.json`.
    pub schema: Option<File>,
    /// Everything else, `crds/` included.
    pub files: Vec<File>,
    /// When `Chart.yaml` was last changed.
    pub modified: Option<Time>,
    /// The subcharts.
    pub dependencies: Vec<Chart>,
}

/// A file below `crds/` of a chart or a subchart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crd {
    /// The path that `# Source:` names.
    pub path: String,
    /// The file.
    pub file: File,
}

/// Why files are no chart; the texts are Helm's.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// A file is not what it should be.
    #[error("cannot load {file}: {problem}")]
    File {
        /// The file's name.
        file: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The values are no map.
    #[error("cannot load values.yaml: {0}")]
    Values(#[from] ValuesError),
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    NoChartYaml,
    /// A field of `Chart.yaml` is missing or wrong.
    #[error("validation: {0}")]
    Validation(String),
    /// A subchart is none.
    #[error("error unpacking subchart {name} in {parent}: {problem}")]
    Subchart {
        /// The subchart's folder or file.
        name: String,
        /// The chart that it is in.
        parent: String,
        /// What is wrong with it.
        problem: Box<ChartError>,
    },
    /// An archive is malformed, too large, or holds what must not be there.
    #[error("{0}")]
    Archive(String),
    /// `.helmignore` has a rule that cannot be followed.
    #[error("{0}")]
    Ignore(String),
    /// A directory cannot be read.
    #[error(transparent)]
    Tree(#[from] flux_tree::TreeError),
}

impl Chart {
    /// The chart's name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Tells whether it only lends templates to others.
    pub fn is_library(&self) -> bool {
        self.metadata.kind.eq_ignore_ascii_case("library")
    }

    /// Walks the chart and its subcharts, each with its path.
    pub(crate) fn walk<'c>(&'c self, path: &str, visit: &mut impl FnMut(&'c Self, &str)) {
        visit(self, path);
        for dependency in &self.dependencies {
            let path = format!("{path}/charts/{}", dependency.name());
            dependency.walk(&path, visit);
        }
    }

    /// The definitions that `crds/` of the chart and its subcharts hold.
    pub fn crds(&self) -> Vec<Crd> {
        let mut crds = Vec::new();
        self.walk(self.name(), &mut |chart, path| {
            let is_crd = |file: &&File| {
                let extension = file.name.rsplit_once('.').map_or("", |(_, extension)| extension);
                file.name.starts_with("crds/")
                    && ["yaml", "yml", "json"].iter().any(|e| extension.eq_ignore_ascii_case(e))
            };
            crds.extend(
                chart
                    .files
                    .iter()
                    .filter(is_crd)
                    .map(|file| Crd { path: format!("{path}/{}", file.name), file: file.clone() }),
            );
        });
        crds
    }
}
