//! Labels and annotations by which an object asks to be treated in a special way.

use flux_manifest::Object;

/// Pairs of key and value, any of which an object may carry.
pub type Switches<'a> = &'a [(&'a str, &'a str)];

/// Tells whether an object carries one of the pairs as a label or annotation.
///
/// Values are compared without regard to case; an empty value never matches.
pub fn is_switched(object: &Object, switches: Switches<'_>) -> bool {
    switches.iter().any(|(key, wanted)| {
        let carried = [object.label(key), object.annotation(key)];
        carried
            .into_iter()
            .flatten()
            .any(|value| !value.is_empty() && value.eq_ignore_ascii_case(wanted))
    })
}
