//! Turns sources into artifacts.
