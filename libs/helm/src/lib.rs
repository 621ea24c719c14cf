//! Charts, values, rendering, hooks, release records and repository indexes as Helm 4 has them.
//!
//! In: a chart's files, values, what is known of the cluster. Out: manifests, hooks and notes, in
//! Helm's bytes; release records as Secrets hold them; entries of repository indexes.
//! Never: a cluster, the network, clocks: what a template may ask for is behind [`Host`] and
//! [`Lookup`].
//!
//! Start at [`Chart`] and [`install`]. `values` merges and coalesces, `dependencies` decides which
//! subcharts count, `render` runs the templates with the functions of `functions`, `manifest` sorts
//! what comes out. [`release`] and [`index`] stand for themselves.

mod capabilities;
mod chart;
mod dependencies;
mod functions;
pub mod index;
mod install;
mod json;
mod manifest;
pub mod release;
mod render;
#[cfg(test)]
mod tests;
mod typed;
mod values;

pub use capabilities::{Capabilities, KubeVersion};
pub use chart::{Chart, ChartError, Crd, Dependency, File, HelmIgnore, Lock, Maintainer, Metadata};
pub use dependencies::process as process_dependencies;
pub use flux_sprig::Host;
pub use functions::{Lookup, NoCluster};
pub use install::{
    InstallError, InstallOptions, Installation, PostRender, Rendered, ShowOnlyError, install,
    show_only,
};
pub use json::go_json;
pub use manifest::{Hook, HookEvent, Manifest, ManifestError, Order, Sorted, sort, split};
pub use render::{
    ReleaseOptions, RenderError, RenderOptions, render, render_text, template_functions,
};
pub use values::set::{self, SetError};
pub use values::{
    ComposeError, SchemaError, Values, ValuesError, ValuesSource, coalesce,
    compose as compose_values, config_digest, config_text, load as load_values,
    merge as merge_values, validate,
};
