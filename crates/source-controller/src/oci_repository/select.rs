//! Which artifact of a repository is meant.

use flux_api::{OciReference, OciRepositorySpec};
use flux_gostd::Regexp;
use flux_oci::{Client, Insecure, Reference, Repository, Version, media};
use flux_semver::{Constraint, sort_descending};

/// Begins every address.
const SCHEME: &str = "oci://";

/// Reads the address of a repository, which names no tag.
///
/// # Errors
/// What is wrong with it.
pub(super) fn repository(spec: &OciRepositorySpec) -> Result<Repository, String> {
    let Some(name) = spec.url.strip_prefix(SCHEME) else {
        return Err("URL must be in format 'oci://<domain>/<org>/<repo>'".to_owned());
    };
    let insecure = if spec.insecure { Insecure::Allowed } else { Insecure::Refused };
    let path = name.split_once('/').map_or("", |(_, path)| path);
    if let Some((_, tag)) = path.split_once(':') {
        return Err(format!("URL must not contain a tag; remove ':{tag}'"));
    }
    Repository::parse(name, insecure).map_err(|error| error.to_string())
}

/// Finds the artifact that is meant, which may need a list of tags.
///
/// # Upstream
/// A digest wins over a range, a range over a tag; without any of them it is `latest`.
pub(super) async fn reference(
    client: &Client,
    repository: &Repository,
    spec: &OciRepositorySpec,
) -> Result<Reference, String> {
    let wanted = spec.reference.clone().unwrap_or_default();
    let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(digest) = filled(&wanted.digest) {
        return repository.digest(&digest).map_err(|error| error.to_string());
    }
    let tag = match (filled(&wanted.semver), filled(&wanted.tag)) {
        (Some(range), _) => {
            let filter = Filter::new(&wanted, spec)?;
            let tags = client.tags(repository).await.map_err(|error| error.to_string())?;
            filter.highest(&range, &tags)?
        }
        (None, Some(tag)) => tag,
        (None, None) => "latest".to_owned(),
    };
    repository.tag(&tag).map_err(|error| error.to_string())
}

/// What tags are candidates for a range.
struct Filter {
    pattern: Option<Regexp>,
    /// Helm writes `+` as `_`, which no tag can have.
    is_chart: bool,
}

impl Filter {
    fn new(wanted: &OciReference, spec: &OciRepositorySpec) -> Result<Self, String> {
        let pattern = wanted.semver_filter.as_deref().filter(|text| !text.is_empty());
        let pattern = pattern.map(Regexp::new).transpose().map_err(|error| error.to_string())?;
        let media_type = spec.layer_selector.as_ref().and_then(|it| it.media_type.as_deref());
        Ok(Self { pattern, is_chart: media_type == Some(media::HELM_CHART) })
    }

    /// Returns the tag of the highest version in a range.
    fn highest(&self, range: &str, tags: &[String]) -> Result<String, String> {
        let constraint = Constraint::parse(range).map_err(|error| error.to_string())?;
        let candidates: Vec<String> = tags
            .iter()
            .filter(|tag| self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(tag)))
            .map(|tag| if self.is_chart { tag.replace('_', "+") } else { tag.clone() })
            .collect();
        let versions = sort_descending(Some(&constraint), candidates.iter().map(String::as_str));
        let best = versions
            .first()
            .ok_or_else(|| format!("no match found for semver: {range}"))?
            .original();
        Ok(if self.is_chart { best.replace('+', "_") } else { best.to_owned() })
    }
}

/// Returns the revision that an artifact has, once its digest is known.
pub(super) fn revision(reference: &Reference, digest: &flux_oci::Digest) -> String {
    match reference.version() {
        Version::Tag(tag) => format!("{tag}@{digest}"),
        Version::Digest(_) => digest.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spec: serde_json::Value, tags: &[&str], want: &str) {
        let mut full = serde_json::json!({ "interval": "1m", "url": "oci://r.io/app" });
        for (key, value) in spec.as_object().unwrap() {
            full[key] = value.clone();
        }
        let spec: OciRepositorySpec = serde_json::from_value(full).unwrap();
        let wanted = spec.reference.clone().unwrap();
        let tags: Vec<_> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let found = Filter::new(&wanted, &spec)
            .and_then(|filter| filter.highest(wanted.semver.as_deref().unwrap(), &tags));
        assert_eq!(found.unwrap_or_else(|error| error), want);
    }

    #[test]
    fn the_highest_version_in_the_range_wins() {
        let of = |range: &str| serde_json::json!({ "ref": { "semver": range } });
        check(of(">=1.0.0"), &["1.0.0", "v1.4.0", "2.0.0-rc.1", "latest", "1.9"], "v1.4.0");
        check(of(">=1.0.0-0"), &["1.0.0", "1.4.0", "2.0.0-rc.1"], "2.0.0-rc.1");
        check(of("9.x"), &["1.0.0"], "no match found for semver: 9.x");
    }

    #[test]
    fn a_filter_leaves_tags_out() {
        let spec = serde_json::json!({ "ref": { "semver": "*", "semverFilter": ".*-ok$" } });
        check(spec, &["1.0.0-no", "1.1.0"], "no match found for semver: *");
        let spec = serde_json::json!({ "ref": { "semver": "*-0", "semverFilter": ".*-ok$" } });
        check(spec, &["1.0.0-ok", "1.1.0"], "1.0.0-ok");
    }

    #[test]
    fn the_plus_of_a_chart_is_an_underscore_in_its_tag() {
        let spec = serde_json::json!({
            "ref": { "semver": "1.x" }, "layerSelector": { "mediaType": media::HELM_CHART },
        });
        check(spec, &["1.0.0", "1.2.0_build.7"], "1.2.0_build.7");
    }

    #[test]
    fn an_address_names_no_tag() {
        let spec = |url: &str| OciRepositorySpec { url: url.to_owned(), ..Default::default() };
        assert_eq!(
            repository(&spec("oci://r.io:5000/app:v1")).unwrap_err(),
            "URL must not contain a tag; remove ':v1'"
        );
        assert!(repository(&spec("oci://r.io:5000/app")).is_ok());
        assert!(repository(&spec("https://r.io/app")).unwrap_err().starts_with("URL must be in"));
    }
}
