//! `Chart.yaml` and `Chart.lock`.

use std::collections::BTreeMap;

use flux_semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ChartError;
use crate::typed::{Fields, Mismatch};

fn is_false(value: &bool) -> bool {
    !value
}

/// What `Chart.yaml` says; the order of the fields is that of Helm's records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// The chart's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The project's page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// Where the sources are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The chart's version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// One sentence about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Words to find it by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// Who maintains it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// The URL of an icon.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// `v1` or `v2`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// A condition, which nothing reads.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Tags, which nothing reads.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tags: String,
    /// The version of the application.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Whether it should no longer be used.
    #[serde(skip_serializing_if = "is_false")]
    pub deprecated: bool,
    /// Further properties.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The versions of Kubernetes that it is for.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// The charts that it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// `application` or `library`.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// Somebody who maintains a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintainer {
    /// The name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    /// The page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// A chart that another one needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// The name of the chart; its alias once dependencies were processed.
    pub name: String,
    /// A version or range.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The repository's URL.
    pub repository: String,
    /// Paths in the values, the first boolean of which decides whether it counts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    /// Tags by which the values turn it on or off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it counts; set when dependencies are processed.
    #[serde(skip_serializing_if = "is_false")]
    pub enabled: bool,
    /// Values of it that go into the parent's.
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<Value>,
    /// Another name for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// `Chart.lock`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// When it was written.
    pub generated: String,
    /// A digest of the dependencies.
    pub digest: String,
    /// The dependencies with their very versions.
    pub dependencies: Vec<Dependency>,
}

impl Metadata {
    /// Reads the fields that are there over those that are known.
    pub(crate) fn read(&mut self, value: &Value) -> Result<(), Mismatch> {
        let fields = Fields::of(value, "chart.Metadata")?;
        let set = |field: &mut String, name: &str| -> Result<(), Mismatch> {
            let text = fields.text(name)?;
            if !text.is_empty() {
                *field = text;
            }
            Ok(())
        };
        set(&mut self.name, "name")?;
        set(&mut self.home, "home")?;
        set(&mut self.version, "version")?;
        set(&mut self.description, "description")?;
        set(&mut self.icon, "icon")?;
        set(&mut self.api_version, "apiVersion")?;
        set(&mut self.condition, "condition")?;
        set(&mut self.tags, "tags")?;
        set(&mut self.app_version, "appVersion")?;
        set(&mut self.kube_version, "kubeVersion")?;
        set(&mut self.kind, "type")?;
        self.deprecated |= fields.flag("deprecated")?;
        let (sources, keywords) = (fields.texts("sources")?, fields.texts("keywords")?);
        if !sources.is_empty() {
            self.sources = sources;
        }
        if !keywords.is_empty() {
            self.keywords = keywords;
        }
        self.annotations.extend(fields.map_of_texts("annotations")?);
        let maintainers = fields.items("maintainers", "[]*chart.Maintainer")?;
        if !maintainers.is_empty() {
            let read = |item| Maintainer::read(&fields, item);
            self.maintainers = maintainers.iter().map(read).collect::<Result<_, _>>()?;
        }
        let dependencies = fields.items("dependencies", "[]*chart.Dependency")?;
        if !dependencies.is_empty() {
            let read = |item| Dependency::read(&fields, item);
            self.dependencies = dependencies.iter().map(read).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Cleans the texts and checks what must be there.
    pub(crate) fn validate(&mut self) -> Result<(), ChartError> {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            clean(text);
        }
        self.sources.iter_mut().chain(&mut self.keywords).for_each(clean);
        let quoted = flux_gostd::quote::quote;
        let fail = |text: String| Err(ChartError::Validation(text));
        if self.api_version.is_empty() {
            return fail("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return fail("chart.metadata.name is required".to_owned());
        }
        if self.name == "." || self.name == ".." {
            return fail(format!("chart.metadata.name {} is not allowed", quoted(&self.name)));
        }
        if self.name.contains('/') {
            return fail(format!("chart.metadata.name {} is invalid", quoted(&self.name)));
        }
        if self.version.is_empty() {
            return fail("chart.metadata.version is required".to_owned());
        }
        if Version::parse(&self.version).is_err() {
            return fail(format!("chart.metadata.version {} is invalid", quoted(&self.version)));
        }
        if !["", "application", "library"].contains(&self.kind.as_str()) {
            return fail("chart.metadata.type must be application or library".to_owned());
        }
        for maintainer in &mut self.maintainers {
            clean(&mut maintainer.name);
            clean(&mut maintainer.email);
            clean(&mut maintainer.url);
        }
        let mut names = Vec::new();
        for dependency in &mut self.dependencies {
            dependency.validate()?;
            let alias = &dependency.alias;
            let name = if alias.is_empty() { &dependency.name } else { alias };
            if names.contains(name) {
                let name = quoted(name);
                return fail(format!("more than one dependency with name or alias {name}"));
            }
            names.push(name.clone());
        }
        Ok(())
    }
}

impl Maintainer {
    fn read(parent: &Fields<'_>, value: &Value) -> Result<Self, Mismatch> {
        // A null is told from an empty entry when it is validated.
        let fields = parent.item("maintainers", (value, "chart.Maintainer"))?;
        let Some(fields) = fields else { return Ok(Self::default()) };
        Ok(Self {
            name: fields.text("name")?,
            email: fields.text("email")?,
            url: fields.text("url")?,
        })
    }
}

impl Dependency {
    fn read(parent: &Fields<'_>, value: &Value) -> Result<Self, Mismatch> {
        let fields = parent.item("dependencies", (value, "chart.Dependency"))?;
        let Some(fields) = fields else { return Ok(Self::default()) };
        Ok(Self {
            name: fields.text("name")?,
            version: fields.text("version")?,
            repository: fields.text("repository")?,
            condition: fields.text("condition")?,
            tags: fields.texts("tags")?,
            enabled: fields.flag("enabled")?,
            import_values: fields.items("import-values", "[]interface {}")?.to_vec(),
            alias: fields.text("alias")?,
        })
    }

    fn validate(&mut self) -> Result<(), ChartError> {
        if *self == Self::default() {
            let text = "dependencies must not contain empty or null nodes";
            return Err(ChartError::Validation(text.to_owned()));
        }
        for text in [&mut self.name, &mut self.version, &mut self.repository, &mut self.condition] {
            clean(text);
        }
        self.tags.iter_mut().for_each(clean);
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !self.alias.chars().all(allowed) {
            let name = flux_gostd::quote::quote(&self.name);
            let text = format!("dependency {name} has disallowed characters in the alias");
            return Err(ChartError::Validation(text));
        }
        Ok(())
    }
}

impl Lock {
    pub(super) fn read(value: &Value) -> Result<Self, Mismatch> {
        let fields = Fields::of(value, "chart.Lock")?;
        let dependencies = fields.items("dependencies", "[]*chart.Dependency")?;
        let read = |item| Dependency::read(&fields, item);
        let generated = fields.text("generated")?;
        let time = flux_gostd::Time::parse_rfc3339(&generated);
        Ok(Self {
            generated: time
                .map_or_else(|_| "0001-01-01T00:00:00Z".to_owned(), |time| rfc3339(&time)),
            digest: fields.text("digest")?,
            dependencies: dependencies.iter().map(read).collect::<Result<_, _>>()?,
        })
    }
}

/// A time as Go writes it in JSON.
pub(crate) fn rfc3339(time: &flux_gostd::Time) -> String {
    time.format("2006-01-02T15:04:05.999999999Z07:00")
}

/// Turns all space into blanks and removes what is not printed.
fn clean(text: &mut String) {
    let is_fine = |c: char| c == ' ' || (!c.is_whitespace() && flux_gostd::quote::is_print(c));
    if text.chars().all(is_fine) {
        return;
    }
    let cleaned = text.chars().filter_map(|c| match c {
        c if c.is_whitespace() => Some(' '),
        c if flux_gostd::quote::is_print(c) => Some(c),
        _ => None,
    });
    *text = cleaned.collect();
}
