//! Structured merge and managed fields, JSON and strategic patches.
