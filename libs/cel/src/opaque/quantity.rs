//! Quantities of resources: `100m`, `1.5Gi`, `2e3`.

use std::cmp::Ordering;

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// A quantity, exact to a billionth.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    /// The nearest floating point number, found as apimachinery does.
    double: f64,
    /// Whether it was written as a whole number of few digits, which alone can be taken as one.
    whole: bool,
}

/// Why a text is no quantity, in the words of apimachinery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuantityError {
    #[error(
        "quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )]
    Format,
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// The text of a quantity, split.
struct Parts<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    suffix: &'t str,
}

impl Quantity {
    /// Reads a quantity.
    pub(crate) fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = split(text)?;
        let scale = Scale::of(parts.suffix).ok_or(QuantityError::Suffix)?;
        let whole = parts.whole.trim_start_matches('0');
        let digits = format!("{whole}{}", parts.fraction);
        let point = i32::try_from(parts.fraction.len()).unwrap_or(i32::MAX);
        let sign = if parts.negative { -1 } else { 1 };
        let length = u32::try_from(digits.len()).unwrap_or(u32::MAX);
        let base: f64 = digits.parse().unwrap_or(0.0);
        let (nanos, double, whole) = match scale {
            Scale::Decimal(exponent) => {
                let exponent = exponent.saturating_sub(point);
                let short = length <= 18 && exponent >= 0;
                let double = if exponent == 0 { base } else { base * 10_f64.powi(exponent) };
                (scaled(&digits, exponent.saturating_add(9)), double, short)
            }
            Scale::Binary(bits) => {
                // So many digits the factor has, as apimachinery estimates it.
                let factor = bits * 3 / 10;
                let short = point == 0 && length.saturating_add(factor) <= 14;
                let nanos = scaled(&digits, 9_i32.saturating_sub(point));
                let nanos = nanos.saturating_mul(1_i128 << bits);
                (nanos, base / 10_f64.powi(point) * 2_f64.powi(bits as i32), short)
            }
        };
        let short = whole || nanos == 0;
        Ok(Self { nanos: nanos * sign, double: double * sign as f64, whole: short })
    }

    /// Returns the quantity of a whole number.
    pub(crate) fn of_int(value: i64) -> Self {
        Self { nanos: i128::from(value) * ONE, double: value as f64, whole: true }
    }

    /// Returns -1, 0 or 1.
    pub(crate) fn sign(self) -> i64 {
        i64::try_from(self.nanos.signum()).unwrap_or(0)
    }

    /// Returns the value as a whole number if it was written as one and fits.
    pub(crate) fn as_int(self) -> Option<i64> {
        i64::try_from(self.nanos / ONE).ok().filter(|_| self.whole)
    }

    /// Returns the value as a floating point number.
    pub(crate) fn as_double(self) -> f64 {
        self.double
    }

    /// Returns the sum.
    pub(crate) fn plus(self, other: Self) -> Self {
        let nanos = self.nanos.saturating_add(other.nanos);
        let whole = match (self.nanos, other.nanos) {
            (0, _) => other.whole,
            (_, 0) => self.whole,
            _ => self.whole && other.whole,
        };
        let double = if nanos % ONE == 0 { (nanos / ONE) as f64 } else { nanos as f64 / 1e9 };
        Self { nanos, double, whole }
    }

    /// Returns the difference.
    pub(crate) fn minus(self, other: Self) -> Self {
        self.plus(Self { nanos: other.nanos.saturating_neg(), ..other })
    }

    /// Orders by value.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

enum Scale {
    Decimal(i32),
    Binary(u32),
}

impl Scale {
    fn of(suffix: &str) -> Option<Self> {
        let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        if let Some(index) = (1..).zip(binary).find_map(|(i, own)| (own == suffix).then_some(i)) {
            return Some(Self::Binary(index * 10));
        }
        Some(Self::Decimal(match suffix {
            "n" => -9,
            "u" => -6,
            "m" => -3,
            "" => 0,
            "k" => 3,
            "M" => 6,
            "G" => 9,
            "T" => 12,
            "P" => 15,
            "E" => 18,
            exponent => exponent.strip_prefix(['e', 'E'])?.parse().ok()?,
        }))
    }
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let len = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = unsigned.split_at(len(unsigned));
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(len(rest)),
        None => ("", rest),
    };
    if text.is_empty() {
        return Err(QuantityError::Format);
    }
    let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let digits = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(QuantityError::Format);
    }
    Ok(Parts { negative: text.starts_with('-'), whole, fraction, suffix })
}

/// Returns digits times a power of ten, at most the largest number; what lies below one rounds up.
fn scaled(digits: &str, exponent: i32) -> i128 {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length.saturating_add(i64::from(exponent)) > 36 {
        return i128::MAX;
    }
    let kept = usize::try_from(length.saturating_add(i64::from(exponent.min(0)))).unwrap_or(0);
    let (head, tail) = digits.split_at_checked(kept).unwrap_or((digits, ""));
    let head: i128 = if head.is_empty() { 0 } else { head.parse().unwrap_or(i128::MAX) };
    let up = i128::from(tail.bytes().any(|b| b != b'0'));
    let power = 10_i128.saturating_pow(u32::try_from(exponent.max(0)).unwrap_or(0));
    head.saturating_mul(power).saturating_add(up)
}
