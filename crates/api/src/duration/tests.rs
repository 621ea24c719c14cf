use super::Duration;

#[test]
fn durations_are_written_as_go_writes_them() {
    for (input, want) in [
        ("1h30m", "1h30m0s"),
        ("1.5h", "1h30m0s"),
        ("90s", "1m30s"),
        ("750ms", "750ms"),
        ("1.25s", "1.25s"),
        ("0s", "0s"),
        ("1500us", "1.5ms"),
        ("10m", "10m0s"),
        ("2h0.5s", "2h0m0.5s"),
    ] {
        assert_eq!(input.parse::<Duration>().unwrap().to_string(), want, "{input}");
    }
}

#[test]
fn texts_that_are_no_duration_are_refused() {
    for text in ["", "5", "s", ".s", "1d", "-1s", "1s ", "99999999999999999999h", "9223372037s"] {
        assert!(text.parse::<Duration>().is_err(), "{text}");
    }
}
