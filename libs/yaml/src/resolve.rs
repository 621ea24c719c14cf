//! What a plain scalar means.

/// The rules by which a plain scalar is a number, a boolean, a null or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolver {
    /// YAML 1.1 as yaml.v2 and so sigs.k8s.io/yaml read it: `yes`, `on`, `y` are booleans.
    Yaml11,
    /// yaml.v3's rules: only `true` and `false` are booleans, dates are times.
    Core,
}
