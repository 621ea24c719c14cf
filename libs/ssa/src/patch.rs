//! The three kinds of patches that need no field managers.

mod json;
mod merge;
mod strategic;

pub use json::{JsonPatch, JsonPatchError, MAX_OPERATIONS};
pub use merge::merge;
pub use strategic::{StrategicError, strategic};
