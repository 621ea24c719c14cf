//! Sizes as people read them.

/// Writes a number of bytes with four digits at most.
pub(crate) fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        value if value >= 1000.0 => 0,
        value if value >= 100.0 => 1,
        value if value >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    };
    format!("{text}{}", UNITS.get(unit).unwrap_or(&"B"))
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_have_four_digits_at_most() {
        let shown: Vec<_> = [0, 380, 1_231, 10_000, 123_456, 46_137_344].map(human).into();
        assert_eq!(shown, ["0B", "380B", "1.231kB", "10kB", "123.5kB", "46.14MB"]);
    }
}
