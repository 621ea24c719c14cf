//! Recorded runs of the original, played again.

use flux_testkit::traces;

#[test]
fn recorded_runs_end_as_they_did() {
    let Some(folder) = traces::folder() else {
        eprintln!("skipped: no recorded runs found");
        return;
    };
    let wanted = std::env::var("FLUX_TRACE").unwrap_or_default();
    let mut bad = Vec::new();
    for (name, scenario) in traces::scenarios(&folder, "source-controller").unwrap() {
        if !traces::source::is_playable(&name) || !name.contains(&wanted) {
            continue;
        }
        let differences = traces::source::play(&scenario).unwrap_or_default();
        if !differences.is_empty() {
            bad.push(format!("{name}: {}", differences.join("\n    ")));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
