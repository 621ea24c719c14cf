use super::*;

fn check(input: &str, expected: &str) {
    let got = match input.parse::<Duration>() {
        Ok(span) => span.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expected, "input {input:?}");
}

#[test]
fn durations_read_and_print_as_in_go() {
    check("0", "0s");
    check("1h30m", "1h30m0s");
    check("90s", "1m30s");
    check("1.5h", "1h30m0s");
    check("-1m", "-1m0s");
    check("+5s", "5s");
    check("1ns", "1ns");
    check("1us", "1µs");
    check("1500µs", "1.5ms");
    check("1.0000001s", "1.0000001s");
    check(".5s", "500ms");
    check("1.s", "1s");
    check("100000h", "100000h0m0s");
    check("9223372036854775807ns", "2562047h47m16.854775807s");
    check("-9223372036854775808ns", "-2562047h47m16.854775808s");
    check("0.9223372036854775807h", "55m20.413933267s");
    check("2h0m0.25s", "2h0m0.25s");
}

#[test]
fn errors_have_the_words_of_go() {
    check("", r#"time: invalid duration """#);
    check("5", r#"time: missing unit in duration "5""#);
    check("5x", r#"time: unknown unit "x" in duration "5x""#);
    check("abc", r#"time: invalid duration "abc""#);
    check("-", r#"time: invalid duration "-""#);
    check(".s", r#"time: invalid duration ".s""#);
    check("1h 5m", r#"time: unknown unit "h " in duration "1h 5m""#);
    check("1d", r#"time: unknown unit "d" in duration "1d""#);
    check("9223372036854775808ns", r#"time: invalid duration "9223372036854775808ns""#);
    check("3000000h", r#"time: invalid duration "3000000h""#);
    check("1é", r#"time: unknown unit "\xc3\xa9" in duration "1\xc3\xa9""#);
}

#[test]
fn rounding_is_half_away_from_zero() {
    let round =
        |a: &str, b: &str| a.parse::<Duration>().unwrap().round(b.parse().unwrap()).to_string();
    assert_eq!(round("1h15m30.9s", "1m"), "1h16m0s");
    assert_eq!(round("-1.5s", "1s"), "-2s");
    assert_eq!(round("1.4s", "1s"), "1s");
    assert_eq!(
        "1h15m".parse::<Duration>().unwrap().truncate(Duration::from_secs(3600)).to_string(),
        "1h0m0s"
    );
}

#[test]
fn in_json_a_duration_is_its_text() {
    let span: Duration = serde_json::from_str(r#""10m""#).unwrap();
    assert_eq!(serde_json::to_string(&span).unwrap(), r#""10m0s""#);
    assert!(serde_json::from_str::<Duration>("10").is_err());
}
