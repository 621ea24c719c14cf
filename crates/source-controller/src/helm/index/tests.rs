use super::*;

const INDEX: &str = "apiVersion: v1
generated: \"2026-01-02T03:04:05Z\"
entries:
  app:
  - {name: app, version: 1.0.0, urls: [app-1.0.0.tgz], created: \"2026-01-01T00:00:00Z\"}
  - {name: app, version: 1.10.0, urls: [app-1.10.0.tgz], description: \"a < b\"}
  - {name: app, version: 1.2.0, urls: [old.tgz], created: \"2026-01-01T00:00:00Z\"}
  - {name: app, version: 1.2.0+b, urls: [new.tgz], created: \"2026-01-02T00:00:00Z\"}
  - {name: app, version: 2.0.0-rc.1, urls: [rc.tgz]}
  - {name: app, version: nonsense, urls: [x.tgz]}
  - {name: a/b, version: 1.0.0, urls: [x.tgz]}
  - null
";

fn find(name: &str, version: &str) -> String {
    let index = Index::parse(INDEX.as_bytes()).unwrap();
    match index.find(name, version) {
        Ok(entry) => entry.urls().join(","),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_highest_version_in_the_range_wins_and_an_exact_one_before_all() {
    assert_eq!(find("app", ""), "app-1.10.0.tgz");
    assert_eq!(find("app", "*"), "app-1.10.0.tgz");
    assert_eq!(find("app", "1.0.0"), "app-1.0.0.tgz");
    assert_eq!(find("app", "~1.2"), "new.tgz");
    assert_eq!(find("app", ">1.0.0-0"), "rc.tgz");
    assert_eq!(find("app", "3.x"), "no 'app' chart with version matching '3.x' found");
    assert_eq!(find("none", "*"), "no chart name found");
}

#[test]
fn what_is_no_chart_is_left_out_and_the_rest_is_sorted_and_written_as_go_does() {
    let index = Index::parse(INDEX.as_bytes()).unwrap();
    let text = String::from_utf8(index.to_json().unwrap()).unwrap();
    assert!(!text.contains("nonsense") && !text.contains("a/b"));
    assert!(text.contains("\"description\": \"a \\u003c b\""));
    let versions: Vec<_> = text.matches("\"version\": ").collect();
    assert_eq!(versions.len(), 5);
    assert!(text.find("2.0.0-rc.1").unwrap() < text.find("1.10.0").unwrap());
    let bare = Index::parse(b"apiVersion: v1\n").unwrap().to_json().unwrap();
    assert_eq!(
        String::from_utf8(bare).unwrap(),
        "{\n  \"apiVersion\": \"v1\",\n  \"generated\": \"0001-01-01T00:00:00Z\",\n  \"entries\": null\n}"
    );
}

#[test]
fn what_is_no_index_is_told() {
    let error = |text: &str| Index::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(error(""), "empty index.yaml file");
    assert_eq!(error("entries: {}"), "no API version specified");
    assert_eq!(
        error("apiVersion: v1\nextra: 1\n"),
        "error unmarshaling JSON: while decoding JSON: json: unknown field \"extra\""
    );
    assert!(Index::parse(b"{\"apiVersion\":\"v1\",\"extra\":1}").is_ok());
}
