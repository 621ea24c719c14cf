//! Values of libraries that expressions see only through functions.

/// A value of a library.
#[derive(Clone, Debug, PartialEq)]
pub enum Opaque {}

impl Opaque {
    /// Returns its text, `None` if it has none.
    pub(crate) fn text(&self) -> Option<String> {
        match *self {}
    }

    /// Returns the name of its type.
    pub fn type_name(&self) -> &'static str {
        match *self {}
    }
}
