//! The parts of Go's standard library that users of Flux see: numbers, durations, times, RE2 syntax.
//!
//! In: text and values. Out: what Go would print or read, error texts included.
//! Never: clocks, files, environment.
//!
//! Start at the module of the type: [`duration`], [`format`], [`number`], [`time`], [`quote`], [`re2`].

pub mod duration;
pub mod format;
pub mod number;
pub mod quote;
pub mod re2;
pub mod time;

pub use duration::Duration;
pub use re2::Regexp;
pub use time::Time;
