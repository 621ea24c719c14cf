//! Digits of numbers.

use flux_gostd::number::{Layout, format_f64};

/// Prints a float by a verb of `e`, `f` and `g`, with as few digits as tell it apart if no
/// precision is given.
pub(crate) fn float(value: f64, verb: char, precision: Option<usize>) -> String {
    let layout = match verb {
        'e' => Layout::Exponent,
        'f' => Layout::Fixed,
        _ => Layout::General,
    };
    match precision {
        Some(precision) if value.is_finite() => match verb {
            'e' => exponent(&format!("{value:.precision$e}")),
            'f' => format!("{value:.precision$}"),
            _ => general(value, precision.max(1)),
        },
        _ => format_f64(value, layout),
    }
}

/// Writes the exponent with a sign and at least two digits.
fn exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    let number: i32 = exponent.parse().unwrap_or_default();
    let sign = if number < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", number.abs())
}

fn general(value: f64, precision: usize) -> String {
    let scientific = format!("{value:.0$e}", precision - 1);
    let (digits, power) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let significant = trimmed(digits).chars().filter(char::is_ascii_digit).count();
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    let whole = usize::try_from(power + 1).unwrap_or(0);
    let limit = match precision > significant && significant >= whole {
        true => i32::try_from(significant).unwrap_or(i32::MAX),
        false => limit,
    };
    if power < -4 || power >= limit.max(1) && power >= i32::try_from(precision).unwrap_or(i32::MAX)
    {
        return exponent(&format!("{}e{power}", trimmed(digits)));
    }
    let decimals = i32::try_from(precision).unwrap_or(i32::MAX) - 1 - power;
    let decimals = usize::try_from(decimals).unwrap_or(0);
    trimmed(&format!("{value:.decimals$}"))
}

/// The digits of a whole number in a base of 2, 8, 10 or 16.
pub(crate) fn digits(number: u128, base: u32) -> String {
    match base {
        2 => format!("{number:b}"),
        8 => format!("{number:o}"),
        16 => format!("{number:x}"),
        _ => number.to_string(),
    }
}
