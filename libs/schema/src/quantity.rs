//! Resource quantities (`500m`, `1Gi`): reading, comparing, and the one canonical spelling.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

#[cfg(test)]
mod tests;

/// Nanos in one: the finest fraction that is kept.
const NANOS: i128 = 1_000_000_000;
/// Quantities end here, as in the original.
const MOST_NANOS: i128 = (i64::MAX as i128) * NANOS;

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)]
pub struct ParseQuantityError;

/// How a quantity was written, which decides its canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// `500m`, `1k`
    Decimal,
    /// `1Ki`
    Binary,
    /// `1e3`
    Exponent,
}

/// A quantity.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self { nanos: 0, notation: Notation::Decimal };

    /// Makes a quantity of a whole number.
    pub fn from_int(value: i64) -> Self {
        Self { nanos: i128::from(value) * NANOS, notation: Notation::Decimal }
    }

    /// Returns the value in billionths.
    pub fn nanos(&self) -> i128 {
        self.nanos
    }

    /// Tells whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Tells whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// Returns the sum, written as the first of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let nanos = self.nanos.saturating_add(other.nanos).clamp(-MOST_NANOS, MOST_NANOS);
        let notation = if self.is_zero() { other.notation } else { self.notation };
        Self { nanos, notation }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end =
            unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (digits, suffix) = unsigned.split_at(end);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(ParseQuantityError);
        }
        let (scale, notation) = Scale::parse(suffix).ok_or(ParseQuantityError)?;
        let nanos = scale.nanos(whole, fraction);
        let nanos = if text.starts_with('-') { -nanos } else { nanos };
        Ok(Self { nanos, notation })
    }
}

#[derive(Clone, Copy)]
enum Scale {
    PowerOfTen(i32),
    PowerOfTwo(u32),
}

impl Scale {
    fn parse(suffix: &str) -> Option<(Self, Notation)> {
        let decimal = |power| Some((Self::PowerOfTen(power), Notation::Decimal));
        let binary = |power| Some((Self::PowerOfTwo(power), Notation::Binary));
        match suffix {
            "" => decimal(0),
            "n" => decimal(-9),
            "u" => decimal(-6),
            "m" => decimal(-3),
            "k" => decimal(3),
            "M" => decimal(6),
            "G" => decimal(9),
            "T" => decimal(12),
            "P" => decimal(15),
            "E" => decimal(18),
            "Ki" => binary(10),
            "Mi" => binary(20),
            "Gi" => binary(30),
            "Ti" => binary(40),
            "Pi" => binary(50),
            "Ei" => binary(60),
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E'])?;
                let power: i32 = exponent.parse().ok().filter(|p: &i32| p.abs() <= 1000)?;
                Some((Self::PowerOfTen(power), Notation::Exponent))
            }
        }
    }

    /// Returns the value in billionths, rounded away from zero, cut off at the largest quantity.
    fn nanos(self, whole: &str, fraction: &str) -> i128 {
        let mut mantissa: i128 = 0;
        let mut lost = false;
        let mut shift: i32 = 0;
        for (at, digit) in whole.bytes().chain(fraction.bytes()).enumerate() {
            let next = mantissa.checked_mul(10).filter(|next| *next < i128::MAX / 20);
            match next {
                Some(next) => {
                    mantissa = next + i128::from(digit - b'0');
                    shift -= i32::from(at >= whole.len());
                }
                None => {
                    lost |= digit != b'0';
                    shift += i32::from(at < whole.len());
                }
            }
        }
        let (mantissa, power) = match self {
            Self::PowerOfTen(power) => (Some(mantissa), power),
            Self::PowerOfTwo(bits) => (mantissa.checked_mul(1_i128 << bits), 0),
        };
        let Some(mantissa) = mantissa else { return MOST_NANOS };
        let power = power + shift + 9;
        let scaled = match u32::try_from(power) {
            Ok(power) => 10_i128.checked_pow(power).and_then(|factor| mantissa.checked_mul(factor)),
            Err(_) => match 10_i128.checked_pow(power.unsigned_abs()) {
                Some(divisor) => {
                    lost |= mantissa % divisor != 0;
                    Some(mantissa / divisor)
                }
                None => {
                    lost |= mantissa != 0;
                    Some(0)
                }
            },
        };
        let scaled = if mantissa == 0 { Some(0) } else { scaled };
        scaled.map_or(MOST_NANOS, |nanos| (nanos + i128::from(lost)).min(MOST_NANOS))
    }
}

/// Prints the canonical spelling: no fraction, the largest suffix that keeps the value whole.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let notation = match self.notation {
            // Too small or fractional for a binary suffix.
            Notation::Binary if self.nanos.abs() < 1024 * NANOS || self.nanos % NANOS != 0 => {
                Notation::Decimal
            }
            notation => notation,
        };
        if notation == Notation::Binary {
            return self.write_binary(f);
        }
        let mut value = self.nanos;
        let mut power = -9;
        while value % 1000 == 0 && power < 18 {
            value /= 1000;
            power += 3;
        }
        if notation == Notation::Exponent {
            return match power {
                0 => write!(f, "{value}"),
                power => write!(f, "{value}e{power}"),
            };
        }
        let suffix = match power {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            0 => "",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            _ => "E",
        };
        write!(f, "{value}{suffix}")
    }
}

impl Quantity {
    fn write_binary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.nanos / NANOS;
        let mut suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].into_iter();
        let mut suffix = suffixes.next().unwrap_or_default();
        while value % 1024 == 0 {
            let Some(next) = suffixes.next() else { break };
            value /= 1024;
            suffix = next;
        }
        write!(f, "{value}{suffix}")
    }
}
