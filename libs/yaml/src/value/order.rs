//! The order in which go-yaml prints the keys of a map.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::Library;

/// Returns the entries of a map in the order that go-yaml prints them: numbers inside of keys
/// count as numbers, letters go after everything else, with yaml.v3 before it behind a digit.
pub(crate) fn go_order(map: &Map<String, Value>, library: Library) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = map.iter().collect();
    let compare = |a: &str, b: &str| compare(a, b, library);
    if !entries.windows(2).all(|pair| matches!(pair, [a, b] if compare(a.0, b.0).is_lt())) {
        // The comparison is no total order for odd keys; a stable sort of sorted input makes
        // the result at least independent of how the map was built.
        merge_sort(&mut entries, |a, b| compare(a.0, b.0));
    }
    entries
}

/// Sorts without the demand for a total order that the standard library's sort makes.
fn merge_sort<T: Copy>(items: &mut Vec<T>, compare: impl Fn(&T, &T) -> Ordering + Copy) {
    if items.len() < 2 {
        return;
    }
    let mut right = items.split_off(items.len() / 2);
    merge_sort(items, compare);
    merge_sort(&mut right, compare);
    let left = std::mem::take(items);
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(b, a).is_lt() { right.next() } else { left.next() };
        items.extend(next);
    }
    items.extend(left);
    items.extend(right);
}

fn compare(a: &str, b: &str, library: Library) -> Ordering {
    let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let mut start = common;
    while !a.is_char_boundary(start) || !b.is_char_boundary(start) {
        start -= 1;
    }
    let (head, a) = a.split_at_checked(start).unwrap_or_default();
    let b = b.get(start..).unwrap_or_default();
    let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => x.cmp(&y),
        (false, false) => compare_numbers(head, a, b).then(x.cmp(&y)),
        (is_letter, _) => {
            let after_digit =
                library == Library::V3 && head.chars().next_back().is_some_and(char::is_numeric);
            if after_digit == is_letter { Ordering::Less } else { Ordering::Greater }
        }
    }
}

/// Compares the numbers in which two keys differ; without digits both count as 0.
fn compare_numbers(head: &str, a: &str, b: &str) -> Ordering {
    let mut start = 0;
    if a.starts_with('0') || b.starts_with('0') {
        // Behind other digits, zeros are no leading zeros.
        let digits = head.chars().rev().take_while(|c| c.is_numeric());
        start = i64::from(digits.into_iter().any(|c| c != '0'));
    }
    let (an, a_length) = leading_number(a, start);
    let (bn, b_length) = leading_number(b, start);
    an.cmp(&bn).then(a_length.cmp(&b_length))
}

fn leading_number(text: &str, start: i64) -> (i64, usize) {
    let digits = text.chars().take_while(|c| c.is_numeric());
    digits.fold((start, 0), |(number, length), digit| {
        let value = i64::from(u32::from(digit)) - i64::from(u32::from('0'));
        (number.wrapping_mul(10).wrapping_add(value), length + 1)
    })
}
