//! The declared fields of a type, found by name.

use super::Field;

/// Up to this many fields are looked through one by one.
const FEW: usize = 6;

/// Declared fields. Most of the work of a merge is to find them, so many are found by hash.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Box<[Field]>,
    /// Slots with positions in `fields` plus one, 0 for none; their number is a power of two.
    slots: Box<[u16]>,
}

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Field> {
        if self.slots.is_empty() {
            return self.fields.iter().find(|field| &*field.name == name);
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash(name) & mask;
        loop {
            // Half of the slots are free, so this ends.
            let position = usize::from(self.slots.get(slot).copied().unwrap_or(0));
            let field = self.fields.get(position.checked_sub(1)?)?;
            if &*field.name == name {
                return Some(field);
            }
            slot = (slot + 1) & mask;
        }
    }

    pub(super) fn into_vec(self) -> Vec<Field> {
        self.fields.into_vec()
    }
}

impl From<Vec<Field>> for Fields {
    fn from(mut fields: Vec<Field>) -> Self {
        // More declared fields than any schema has are not worth more memory.
        fields.truncate(usize::from(u16::MAX) - 1);
        let mut slots = Vec::new();
        if fields.len() > FEW {
            slots.resize((fields.len() * 2).next_power_of_two(), 0);
            let mask = slots.len() - 1;
            for (at, field) in fields.iter().enumerate() {
                let mut slot = hash(&field.name) & mask;
                while slots.get(slot).is_some_and(|taken| *taken != 0) {
                    slot = (slot + 1) & mask;
                }
                if let (Some(free), Ok(at)) = (slots.get_mut(slot), u16::try_from(at + 1)) {
                    *free = at;
                }
            }
        }
        Self { fields: fields.into(), slots: slots.into() }
    }
}

/// Mixes the length and some bytes of both ends: names of one type differ there.
fn hash(name: &str) -> usize {
    let bytes = name.as_bytes();
    let ends = bytes.iter().take(4).chain(bytes.iter().rev().take(4));
    let mixed = ends.fold(bytes.len(), |mixed, byte| mixed.wrapping_mul(31) + usize::from(*byte));
    mixed ^ (mixed >> 7)
}
