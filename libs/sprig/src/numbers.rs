//! Arithmetic.

use flux_gotemplate::{CallError, Element, List, Type, Value, print};

use crate::registry::{Arguments, Called, MOST_ITEMS, Registry, too_large};
use crate::values::{to_float64, to_int64};

const ANY: Type = Type::Any;
const INT: Type = Type::Int;

pub(crate) fn register(registry: &mut Registry) {
    registry.add("int64", &[ANY], |args| Ok(Value::Int64(to_int64(args.value(0)))));
    registry.add("int", &[ANY], |args| Ok(Value::Int(to_int64(args.value(0)))));
    registry.add("float64", &[ANY], |args| Ok(Value::Float(to_float64(args.value(0)))));
    registry
        .add("atoi", &[Type::Str], |args| Ok(Value::Int(args.text(0).parse().unwrap_or_default())));
    registry.add("toDecimal", &[ANY], |args| {
        let text = print(args.0);
        Ok(Value::Int64(i64::from_str_radix(&text, 8).unwrap_or_default()))
    });
    registry.add("add1", &[ANY], |args| Ok(Value::Int64(to_int64(args.value(0)).wrapping_add(1))));
    registry.add_with_rest("add", (&[], ANY), |args| {
        Ok(Value::Int64(args.0.iter().fold(0, |sum, value| sum.wrapping_add(to_int64(value)))))
    });
    registry.add("sub", &[ANY, ANY], |args| {
        Ok(Value::Int64(to_int64(args.value(0)).wrapping_sub(to_int64(args.value(1)))))
    });
    registry.add("div", &[ANY, ANY], |args| divide(args, i64::wrapping_div));
    registry.add("mod", &[ANY, ANY], |args| divide(args, i64::wrapping_rem));
    registry.add_with_rest("mul", (&[ANY], ANY), |args| {
        Ok(Value::Int64(args.0.iter().fold(1, |all, value| all.wrapping_mul(to_int64(value)))))
    });
    registry.add_with_rest("max", (&[ANY], ANY), |args| {
        Ok(Value::Int64(args.0.iter().map(to_int64).max().unwrap_or_default()))
    });
    registry.alias("max", &["biggest"]);
    registry.add_with_rest("min", (&[ANY], ANY), |args| {
        Ok(Value::Int64(args.0.iter().map(to_int64).min().unwrap_or_default()))
    });
    registry.add_with_rest("maxf", (&[ANY], ANY), |args| Ok(extreme(args, f64::max)));
    registry.add_with_rest("minf", (&[ANY], ANY), |args| Ok(extreme(args, f64::min)));
    registry.add("ceil", &[ANY], |args| Ok(Value::Float(to_float64(args.value(0)).ceil())));
    registry.add("floor", &[ANY], |args| Ok(Value::Float(to_float64(args.value(0)).floor())));
    registry.add_with_rest("round", (&[ANY, INT], Type::Float), round);
    registry.add("add1f", &[ANY], |args| {
        Ok(decimal(&[args.value(0).clone(), Value::Int(1)], Operation::Add))
    });
    registry.add_with_rest("addf", (&[], ANY), |args| Ok(decimal(args.0, Operation::Add)));
    registry.add_with_rest("subf", (&[ANY], ANY), |args| Ok(decimal(args.0, Operation::Subtract)));
    registry.add_with_rest("mulf", (&[ANY], ANY), |args| Ok(decimal(args.0, Operation::Multiply)));
    registry.add_with_rest("divf", (&[ANY], ANY), |args| {
        if args.rest(1).iter().any(|value| to_float64(value) == 0.0) {
            return Err("decimal division by 0".into());
        }
        Ok(decimal(args.0, Operation::Divide))
    });
    registry.add("until", &[INT], |args| {
        let count = args.int(0);
        steps(0, count, if count < 0 { -1 } else { 1 }).map(ints)
    });
    registry.add("untilStep", &[INT, INT, INT], |args| {
        steps(args.int(0), args.int(1), args.int(2)).map(ints)
    });
    registry.add_with_rest("seq", (&[], INT), seq);
}

fn divide(args: Arguments<'_>, operation: fn(i64, i64) -> i64) -> Called {
    let by = to_int64(args.value(1));
    if by == 0 {
        return Err("runtime error: integer divide by zero".into());
    }
    Ok(Value::Int64(operation(to_int64(args.value(0)), by)))
}

fn extreme(args: Arguments<'_>, choose: fn(f64, f64) -> f64) -> Value {
    let choose = |one: f64, other: f64| {
        if one.is_nan() || other.is_nan() { f64::NAN } else { choose(one, other) }
    };
    Value::Float(args.0.iter().map(to_float64).reduce(choose).unwrap_or_default())
}

fn round(args: Arguments<'_>) -> Called {
    let on = args.rest(2).first().map_or(0.5, to_float64);
    let places = i32::try_from(args.int(1)).unwrap_or(i32::MAX);
    let power = 10_f64.powi(places);
    let digit = power * to_float64(args.value(0));
    let rounded = if digit.fract() >= on { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

/// The whole numbers from `start` to before `stop`.
fn steps(start: i64, stop: i64, step: i64) -> Result<Vec<i64>, CallError> {
    let distance = i128::from(stop) - i128::from(start);
    if step == 0 || (distance < 0) != (step < 0) {
        return Ok(Vec::new());
    }
    let count = (distance.abs() + i128::from(step).abs() - 1) / i128::from(step).abs();
    if count > MOST_ITEMS.into() {
        return Err(too_large("the list"));
    }
    let numbers = std::iter::successors(Some(start), |number| number.checked_add(step));
    Ok(numbers.take(usize::try_from(count).unwrap_or_default()).collect())
}

fn ints(numbers: Vec<i64>) -> Value {
    let items: Vec<_> = numbers.into_iter().map(Value::Int).collect();
    Value::List(List { items: items.into(), element: Element::Int })
}

fn seq(args: Arguments<'_>) -> Called {
    let number = |index| args.int(index);
    let sign = |from: i64, to: i64| if to < from { -1 } else { 1 };
    let (start, end, step, last) = match args.0.len() {
        1 => (1, number(0), sign(1, number(0)), sign(1, number(0))),
        2 => {
            let step = sign(number(0), number(1));
            (number(0), number(1), step, step)
        }
        3 => (number(0), number(2), number(1), sign(number(0), number(2))),
        _ => return Ok("".into()),
    };
    if args.0.len() == 3 && end < start && step > 0 {
        return Ok("".into());
    }
    let numbers = steps(start, end.saturating_add(last), step)?;
    let texts: Vec<_> = numbers.iter().map(i64::to_string).collect();
    Ok(texts.join(" ").into())
}

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A number as decimal digits and a power of ten.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

/// Decimal places of a quotient.
const DIVISION_PRECISION: i32 = 16;

impl Decimal {
    fn new(number: f64) -> Option<Self> {
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        Some(Self { digits: format!("{whole}{fraction}").parse().ok()?, exponent })
    }

    fn float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or_default()
    }

    fn with_exponent(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.digits.checked_mul(10_i128.checked_pow(power)?)
    }

    fn apply(self, operation: Operation, other: Self) -> Option<Self> {
        let exponent = self.exponent.min(other.exponent);
        Some(match operation {
            Operation::Add | Operation::Subtract => {
                let (a, b) = (self.with_exponent(exponent)?, other.with_exponent(exponent)?);
                let digits = match operation {
                    Operation::Add => a.checked_add(b)?,
                    _ => a.checked_sub(b)?,
                };
                Self { digits, exponent }
            }
            Operation::Multiply => Self {
                digits: self.digits.checked_mul(other.digits)?,
                exponent: self.exponent.checked_add(other.exponent)?,
            },
            Operation::Divide => self.divide(other)?,
        })
    }

    /// Divides to 16 places, half away from zero.
    fn divide(self, other: Self) -> Option<Self> {
        let shift = self.exponent - other.exponent + DIVISION_PRECISION;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        let (numerator, denominator) = match shift >= 0 {
            true => (self.digits.checked_mul(power)?, other.digits),
            false => (self.digits, other.digits.checked_mul(power)?),
        };
        let (mut quotient, rest) = (numerator.checked_div(denominator)?, numerator % denominator);
        if rest.unsigned_abs() >= denominator.unsigned_abs() - rest.unsigned_abs() {
            quotient += if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        }
        Some(Self { digits: quotient, exponent: -DIVISION_PRECISION })
    }
}

/// Calculates in decimals where the digits suffice, which they do for all but odd sizes.
fn decimal(values: &[Value], operation: Operation) -> Value {
    let mut numbers = values.iter().map(to_float64);
    let Some(first) = numbers.next() else { return Value::Float(0.0) };
    let mut exact = Decimal::new(first);
    let mut rough = first;
    for number in numbers {
        exact = exact.zip(Decimal::new(number)).and_then(|(a, b)| a.apply(operation, b));
        rough = match operation {
            Operation::Add => rough + number,
            Operation::Subtract => rough - number,
            Operation::Multiply => rough * number,
            Operation::Divide => rough / number,
        };
    }
    Value::Float(exact.map_or(rough, Decimal::float))
}
