//! The order of the output.

use std::cmp::Ordering;

use crate::config;
use crate::error::{Result, fail};
use crate::id::Id;
use crate::kustomization::{LegacySortOptions, SortOptions};
use crate::resmap::ResMap;

/// Brings resources into the order that `options` ask for.
///
/// # Errors
/// The options contradict themselves.
pub(crate) fn sort(resources: &mut ResMap, options: &SortOptions) -> Result<()> {
    match options.order.as_str() {
        "legacy" => {}
        "fifo" if options.legacy_sort_options.is_some() => {
            return fail!(
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is \
                 'fifo', not 'legacy'"
            );
        }
        "fifo" => return Ok(()),
        _ => return fail!("the field 'sortOptions.order' must be one of [fifo, legacy]"),
    }
    let order = match &options.legacy_sort_options {
        Some(options) => options.clone(),
        None => {
            let (order_first, order_last) = config::default_order();
            LegacySortOptions { order_first, order_last }
        }
    };
    let mut keyed: Vec<_> = std::mem::take(resources.items_mut())
        .into_iter()
        .map(|resource| (Key::new(resource.id(), &order), resource))
        .collect();
    keyed.sort_by(|(a, _), (b, _)| a.compare(b));
    let sorted = keyed.into_iter().map(|(_, resource)| resource).collect();
    let context = "SortOrderTransformer: Failed to append to resources";
    resources.append_all(sorted).map_err(|error| error.context(context))
}

struct Key {
    rank: i64,
    /// For a kind of the name `Namespace`, whether it is Kubernetes' own.
    namespace: Option<bool>,
    gvk: String,
    id: String,
}

impl Key {
    fn new(id: Id<'_>, order: &LegacySortOptions) -> Self {
        let position = |list: &[String]| {
            let at = list.iter().rposition(|kind| kind == id.gvk.kind);
            at.and_then(|at| i64::try_from(at).ok())
        };
        let first = i64::try_from(order.order_first.len()).unwrap_or_default();
        let rank = position(&order.order_last)
            .map(|at| at + 1)
            .or_else(|| position(&order.order_first).map(|at| at - first))
            .unwrap_or_default();
        let or = |text: &str, none: &str| {
            if text.is_empty() { none.to_owned() } else { text.to_owned() }
        };
        let name = or(id.name, "~N");
        Self {
            rank,
            namespace: (id.gvk.kind == "Namespace").then_some(id.gvk.group.is_empty()),
            gvk: id.gvk.sort_key(),
            id: format!("{}|{}|{name}", id.gvk, or(id.namespace, "~X")),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        if self.gvk == other.gvk {
            return self.id.cmp(&other.id);
        }
        let both = self.namespace.zip(other.namespace);
        let kinds = if both.is_some_and(|(a, b)| a || b) {
            // Kubernetes' own namespaces come before other kinds of that name.
            other.gvk.cmp(&self.gvk)
        } else {
            self.gvk.cmp(&other.gvk)
        };
        self.rank.cmp(&other.rank).then(kinds)
    }
}
