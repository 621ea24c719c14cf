//! The rules of applying objects: order, inventory, ownership, what is ignored.
//!
//! In: objects as they are wanted and as they live, inventories, selectors. Out: what to do with
//! them, and in which order. Never: I/O; the driver that talks to an API server is `apply`.
//!
//! Start at [`stages`] for the order in which objects are applied, at [`Inventory`] for what is
//! stale; [`takeover`] moves field ownership, [`ChangeSet`] tells what happened.

mod changes;
mod definition;
mod dependency;
mod drift;
mod ignore;
mod inventory;
mod mask;
mod metadata;
mod normalize;
mod order;
mod refusal;
mod switches;
mod takeover;

pub use changes::{Action, Change, ChangeSet};
pub use definition::drop_bad_ca_bundle;
pub use dependency::{Dependent, Reference, SortError, sort};
pub use drift::has_drifted;
pub use ignore::{IgnoreRules, Matcher, Selector, SelectorError, respect_ignored};
pub use inventory::{Entry, Inventory};
pub use mask::{mask_patch, mask_secrets};
pub use metadata::{Owner, cleanup, migrate_api_version, set_metadata};
pub use normalize::{normalize, normalize_all};
pub use order::{CustomStage, Stage, apply_order, delete_order, stages};
pub use refusal::is_immutable;
pub use switches::{Switches, is_switched};
pub use takeover::{ManagerRule, Operation, flux_rules, takeover};
