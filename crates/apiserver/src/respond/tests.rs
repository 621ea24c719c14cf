use super::*;

#[test]
fn a_warning_is_told_once_and_many_are_shortened() {
    let texts = ["a", "b", "a"].map(str::to_owned);
    assert_eq!(told_once(&texts), ["a", "b"]);
    let long: Vec<String> = (0..40).map(|at| format!("{at:03}").repeat(100)).collect();
    let short = told_once(&long);
    assert_eq!(short.len(), 16);
    assert!(short.iter().all(|text| text.len() == 256));
}
