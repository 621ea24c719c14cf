//! What a chart's archive says of itself.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// No more than this comes out of an archive, in bytes.
const MAX_UNPACKED: u64 = 100 * 1024 * 1024;

/// The name and version of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) version: String,
}

/// Reads the metadata of an archive, whose description is no larger than `limit`.
///
/// # Errors
/// It is no chart.
pub(super) fn metadata(archive: &[u8], limit: u64) -> Result<Metadata, String> {
    let plain = MultiGzDecoder::new(archive).take(MAX_UNPACKED);
    let mut tar = tar::Archive::new(plain);
    let broken =
        |error: std::io::Error| format!("file does not appear to be a valid chart: {error}");
    for entry in tar.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut parts = name.trim_start_matches("./").split('/');
        let is_description =
            parts.next().is_some() && parts.next() == Some("Chart.yaml") && parts.next().is_none();
        if !is_description {
            continue;
        }
        if entry.size() > limit {
            let size = entry.size();
            return Err(format!("size of 'Chart.yaml' {size} exceeds '{limit}' bytes limit"));
        }
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(broken)?;
        return parse(&text);
    }
    Err("'Chart.yaml' not found in archive".to_owned())
}

fn parse(text: &str) -> Result<Metadata, String> {
    let value =
        flux_yaml::from_str(text).map_err(|error| format!("cannot load Chart.yaml: {error}"))?;
    let field = |name: &str| {
        let text = value.get(name).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    let missing = |name: &str| format!("validation: chart.metadata.{name} is required");
    let name = field("name").ok_or_else(|| missing("name"))?;
    let version = field("version").ok_or_else(|| missing("version"))?;
    if name.contains(['/', '\\']) || name == "." || name == ".." {
        return Err(format!("validation: chart.metadata.name {name:?} is invalid"));
    }
    if flux_semver::Version::parse(&version).is_err() {
        return Err(format!("validation: chart.metadata.version {version:?} is invalid"));
    }
    Ok(Metadata { name, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flux_tree::{MemoryTree, ignore::Matcher, pack};

    fn read(files: &[(&str, &str)]) -> Result<Metadata, String> {
        let files = files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec()));
        let tree = MemoryTree::from_files(files).unwrap();
        metadata(&pack(&tree, &Matcher::default(), Vec::new()).unwrap(), 64)
    }

    #[test]
    fn name_and_version_are_read() {
        let chart = "name: app\nversion: 1.0.0+b\n";
        let subchart = ("app/charts/sub/Chart.yaml", "name: sub\nversion: 2.0.0\n");
        let found = read(&[subchart, ("app/Chart.yaml", chart)]).unwrap();
        assert_eq!((found.name.as_str(), found.version.as_str()), ("app", "1.0.0+b"));
    }

    #[test]
    fn what_is_no_chart_is_told() {
        assert_eq!(read(&[("a", "b")]).unwrap_err(), "'Chart.yaml' not found in archive");
        assert!(
            read(&[("a/Chart.yaml", "name: app\n")]).unwrap_err().ends_with("version is required")
        );
        let escape = "name: ../x\nversion: 1.0.0\n";
        assert!(read(&[("a/Chart.yaml", escape)]).unwrap_err().contains("name"));
        let large = format!("name: {}\n", "x".repeat(99));
        assert!(read(&[("a/Chart.yaml", &large)]).unwrap_err().ends_with("'64' bytes limit"));
        assert!(metadata(b"text", 64).unwrap_err().starts_with("file does not appear"));
    }
}
