//! The controllers that an installation can have.

use std::collections::BTreeSet;
use std::str::FromStr;

/// A controller of an installation, by upstream's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Turns sources into artifacts.
    SourceController,
    /// Applies Kustomizations.
    KustomizeController,
}

/// A name that no controller has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("component {name} is not available")]
pub struct UnknownComponent {
    name: String,
}

impl Component {
    /// All of them, in the order in which they start.
    pub const ALL: [Self; 2] = [Self::SourceController, Self::KustomizeController];

    /// Returns the name of the component's binary and Deployment.
    pub fn name(self) -> &'static str {
        match self {
            Self::SourceController => "source-controller",
            Self::KustomizeController => "kustomize-controller",
        }
    }

    /// Reads a comma-separated list; `none` is the empty one.
    ///
    /// # Errors
    /// The first name that no component has.
    pub fn parse_list(text: &str) -> Result<BTreeSet<Self>, UnknownComponent> {
        if text == "none" {
            return Ok(BTreeSet::new());
        }
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Component {
    type Err = UnknownComponent;

    fn from_str(text: &str) -> Result<Self, UnknownComponent> {
        let found = Self::ALL.into_iter().find(|component| component.name() == text);
        found.ok_or_else(|| UnknownComponent { name: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_components_or_none() {
        let list = Component::parse_list("kustomize-controller, source-controller").unwrap();
        assert_eq!(list.into_iter().collect::<Vec<_>>(), Component::ALL);
        assert!(Component::parse_list("none").unwrap().is_empty());
        let error = Component::parse_list("helm").unwrap_err();
        assert_eq!(error.to_string(), "component helm is not available");
    }
}
