//! Status conditions by the rules of upstream's runtime.
//!
//! Every function takes the time and the generation as arguments. The list stays in the order
//! that users see: Stalled, Reconciling, Ready, then the others, newer generations first.

use std::cmp::Ordering;

use crate::names::condition::{READY, RECONCILING, STALLED};
use crate::{Condition, ConditionStatus, Time};

/// What a condition says, apart from its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word.
    pub reason: String,
    /// Why, for a person.
    pub message: String,
}

impl Finding {
    /// Says that a condition holds.
    pub fn yes(reason: &str, message: impl Into<String>) -> Self {
        Self { status: ConditionStatus::True, reason: reason.into(), message: message.into() }
    }

    /// Says that a condition does not hold.
    pub fn no(reason: &str, message: impl Into<String>) -> Self {
        Self { status: ConditionStatus::False, reason: reason.into(), message: message.into() }
    }

    /// Says that nobody can tell.
    pub fn unknown(reason: &str, message: impl Into<String>) -> Self {
        Self { status: ConditionStatus::Unknown, reason: reason.into(), message: message.into() }
    }
}

/// Where conditions are written: the list, and the two values that each of them records.
#[derive(Debug)]
pub struct Writer<'a> {
    conditions: &'a mut Vec<Condition>,
    generation: i64,
    now: Time,
}

impl<'a> Writer<'a> {
    /// Opens a list of conditions of an object at `generation` for changes made `now`.
    pub fn new(conditions: &'a mut Vec<Condition>, generation: i64, now: Time) -> Self {
        Self { conditions, generation, now }
    }

    /// Returns the condition of a type.
    pub fn get(&self, kind: &str) -> Option<&Condition> {
        get(self.conditions, kind)
    }

    /// Writes a condition. The transition time moves if status, reason or message changed.
    pub fn set(&mut self, kind: &str, finding: Finding) {
        let Finding { status, reason, message } = finding;
        let message = cut(message);
        let same = |c: &Condition| c.status == status && c.reason == reason && c.message == message;
        let last_transition_time = match get(self.conditions, kind) {
            Some(old) if same(old) => old.last_transition_time,
            _ => self.now,
        };
        self.conditions.retain(|c| c.kind != kind);
        self.conditions.push(Condition {
            kind: kind.to_owned(),
            status,
            observed_generation: self.generation,
            last_transition_time,
            reason,
            message,
        });
        self.conditions.sort_by(order);
    }

    /// Says that work is going on; takes `Stalled` away.
    pub fn reconciling(&mut self, reason: &str, message: impl Into<String>) {
        self.remove(STALLED);
        self.set(RECONCILING, Finding::yes(reason, message));
    }

    /// Says that nothing will change; takes `Reconciling` away.
    pub fn stalled(&mut self, reason: &str, message: impl Into<String>) {
        self.remove(RECONCILING);
        self.set(STALLED, Finding::yes(reason, message));
    }

    /// Takes a condition away.
    pub fn remove(&mut self, kind: &str) {
        self.conditions.retain(|c| c.kind != kind);
    }
}

/// Returns the condition of a type.
pub fn get<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|c| c.kind == kind)
}

/// Tells whether a condition is there and holds.
pub fn is_true(conditions: &[Condition], kind: &str) -> bool {
    get(conditions, kind).is_some_and(|c| c.status == ConditionStatus::True)
}

/// Tells whether a condition is there and does not hold.
pub fn is_false(conditions: &[Condition], kind: &str) -> bool {
    get(conditions, kind).is_some_and(|c| c.status == ConditionStatus::False)
}

/// Compares two conditions in the order in which they are listed.
pub fn order(a: &Condition, b: &Condition) -> Ordering {
    let rank = |c: &Condition| match c.kind.as_str() {
        STALLED => 0,
        RECONCILING => 1,
        READY => 2,
        _ => 3,
    };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| b.observed_generation.cmp(&a.observed_generation))
        .then_with(|| a.kind.cmp(&b.kind))
}

/// The longest message that the API accepts.
const MAX_MESSAGE: usize = 32_768;

/// Cuts a message that the API would refuse, ending it with three dots.
pub fn cut(mut message: String) -> String {
    if message.len() <= MAX_MESSAGE {
        return message;
    }
    let mut end = MAX_MESSAGE - 3;
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message.truncate(end);
    message.push_str("...");
    message
}

/// How the conditions of a kind are summed up in Ready.
#[derive(Clone, Copy, Debug)]
pub struct Summary<'a> {
    /// The types that count, the most telling first.
    pub types: &'a [&'a str],
    /// Those of them that are bad news when they hold.
    pub negative: &'a [&'a str],
}

/// Sums up conditions: what Ready should say, `None` if no type that counts is there.
///
/// # Guarantees
/// Bad news that holds wins over good news that does not, then good news that holds, then bad
/// news that does not, then everything unknown. Reason and message are those of the first type,
/// in the order given, of the winning kind.
pub fn summary(conditions: &[Condition], rules: Summary<'_>) -> Option<Finding> {
    let is_negative = |kind: &str| rules.negative.contains(&kind);
    let rank = |c: &Condition| match (c.status, is_negative(&c.kind)) {
        (ConditionStatus::True, true) => 0,
        (ConditionStatus::False, false) => 1,
        (ConditionStatus::True, false) => 2,
        (ConditionStatus::False, true) => 3,
        (ConditionStatus::Unknown, _) => 4,
    };
    // min_by_key returns the first of equals, so the order of types decides among them.
    let top =
        rules.types.iter().filter_map(|kind| get(conditions, kind)).min_by_key(|c| rank(c))?;
    let status = match (top.status, is_negative(&top.kind)) {
        (ConditionStatus::True, true) => ConditionStatus::False,
        (ConditionStatus::False, true) => ConditionStatus::True,
        (status, _) => status,
    };
    Some(Finding { status, reason: top.reason.clone(), message: top.message.clone() })
}

#[cfg(test)]
mod tests;
