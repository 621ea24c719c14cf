//! Feature gates.

use std::collections::BTreeMap;

/// A feature that can be switched, and whether it is on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The name, as upstream's flag knows it.
    pub name: &'static str,
    /// Whether it is on unless said otherwise.
    pub default: bool,
}

/// The gates of a controller and how they are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gates {
    set: BTreeMap<&'static str, bool>,
}

/// Why a text sets no gates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownGate {
    /// No gate has this name.
    #[error("feature-gate '{0}' not supported")]
    Name(String),
    /// Neither true nor false.
    #[error("invalid value of feature-gate '{0}': expected true or false")]
    Value(String),
}

impl Gates {
    /// Sets gates from a text such as `A=true,B=false`.
    ///
    /// # Errors
    /// A name that is not among `known`, or a value that is no boolean.
    pub fn parse(known: &[Gate], text: &str) -> Result<Self, UnknownGate> {
        let mut set: BTreeMap<_, _> = known.iter().map(|gate| (gate.name, gate.default)).collect();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let gate = known.iter().find(|gate| gate.name == name);
            let gate = gate.ok_or_else(|| UnknownGate::Name(name.to_owned()))?;
            let value = match value.to_ascii_lowercase().as_str() {
                "true" | "t" | "1" => true,
                "false" | "f" | "0" => false,
                _ => return Err(UnknownGate::Value(name.to_owned())),
            };
            set.insert(gate.name, value);
        }
        Ok(Self { set })
    }

    /// Tells whether a gate is on; one that is not known is off.
    pub fn is_on(&self, gate: Gate) -> bool {
        self.set.get(gate.name).copied().unwrap_or(gate.default)
    }
}
