//! The commands of `flux`.
