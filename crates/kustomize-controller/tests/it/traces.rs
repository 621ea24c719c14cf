//! Recorded runs of the original, played again.

use flux_testkit::traces;

#[test]
fn recorded_runs_end_as_they_did() {
    let Some(folder) = traces::folder() else {
        eprintln!("skipped: no recorded runs found");
        return;
    };
    let wanted = std::env::var("FLUX_TRACE").unwrap_or_default();
    let scenarios = traces::scenarios(&folder, "kustomize-controller").unwrap();
    let mut bad = Vec::new();
    for (name, scenario) in scenarios.iter().filter(|(name, _)| name.contains(&wanted)) {
        let differences = traces::kustomize::play(scenario);
        if !differences.is_empty() {
            bad.push(format!("{name}\n    {}", differences.join("\n    ")));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
