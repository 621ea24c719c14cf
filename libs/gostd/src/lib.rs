//! The parts of Go's standard library that users of Flux see: numbers, durations, times, RE2 syntax.
