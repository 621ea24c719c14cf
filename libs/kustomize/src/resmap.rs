//! The resources of a build in their order.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::error::{Result, fail};
use crate::id::Id;
use crate::resource::{Behavior, Resource, joined};
use crate::selector::SelectorPatterns;

/// The resources of a build in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct ResMap {
    items: Vec<Resource>,
    /// Where ids can be found, by their hash; forgotten as soon as resources change.
    index: Option<HashMap<u64, Vec<usize>>>,
    hasher: RandomState,
}

impl ResMap {
    pub(crate) fn from_resources(resources: Vec<Resource>) -> Result<Self> {
        let mut map = Self::default();
        map.append_all(resources)?;
        Ok(map)
    }

    pub(crate) fn items(&self) -> &[Resource] {
        &self.items
    }

    pub(crate) fn items_mut(&mut self) -> &mut Vec<Resource> {
        self.index = None;
        &mut self.items
    }

    pub(crate) fn into_items(self) -> Vec<Resource> {
        self.items
    }

    fn index(&mut self) -> &mut HashMap<u64, Vec<usize>> {
        let (items, hasher) = (&self.items, &self.hasher);
        self.index.get_or_insert_with(|| {
            let mut index: HashMap<u64, Vec<usize>> = HashMap::with_capacity(items.len());
            for (at, item) in items.iter().enumerate() {
                index.entry(hasher.hash_one(item.id().key())).or_default().push(at);
            }
            index
        })
    }

    /// Adds a resource.
    ///
    /// # Errors
    /// One with its id is there.
    pub(crate) fn append(&mut self, resource: Resource) -> Result<()> {
        let hash = self.hasher.hash_one(resource.id().key());
        let at = self.items.len();
        let known = self.index().entry(hash).or_default().clone();
        let same =
            |at: &usize| self.items.get(*at).is_some_and(|item| item.id().same(resource.id()));
        if known.iter().any(same) {
            return fail!("may not add resource with an already registered id: {}", resource.id());
        }
        self.index().entry(hash).or_default().push(at);
        self.items.push(resource);
        Ok(())
    }

    pub(crate) fn append_all(&mut self, resources: Vec<Resource>) -> Result<()> {
        self.items.reserve(resources.len());
        resources.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Refuses ids that stand twice, as adding all resources again would.
    pub(crate) fn refuse_duplicates(&mut self) -> Result<()> {
        let items = std::mem::take(self.items_mut());
        self.append_all(items)
    }

    pub(crate) fn drop_empty(&mut self) {
        if self.items.iter().any(Resource::is_empty) {
            self.items_mut().retain(|item| !item.is_empty());
        }
    }

    /// Returns where the resources are that have or had a matching id.
    pub(crate) fn with_any_id(&self, mut matches: impl FnMut(Id<'_>) -> bool) -> Vec<usize> {
        let found = self.items.iter().enumerate();
        let found = found.filter(|(_, item)| !item.is_empty() && item.has_id(&mut matches));
        found.map(|(at, _)| at).collect()
    }

    /// Returns where the one resource is that has or had an id.
    pub(crate) fn by_id(&self, id: Id<'_>) -> Result<usize> {
        let found = self.with_any_id(|other| id.same(other));
        let problem = match found.as_slice() {
            [at] => return Ok(*at),
            [] => "no matches",
            _ => "multiple matches",
        };
        fail!("{problem} for Id {id}; failed to find unique target for patch {id}")
    }

    /// Adds generated resources, or merges them into what is there.
    pub(crate) fn absorb_all(&mut self, resources: Vec<Resource>) -> Result<()> {
        resources.into_iter().try_for_each(|resource| self.absorb(resource))
    }

    fn absorb(&mut self, mut resource: Resource) -> Result<()> {
        let behavior = resource.traces.behavior.unwrap_or_default();
        let found = {
            let id = resource.id();
            self.with_any_id(|other| id.same(other))
        };
        let at = match found.as_slice() {
            [] if matches!(behavior, Behavior::Merge | Behavior::Replace) => {
                let id = resource.id().go_syntax();
                return fail!("id {id} does not exist; cannot merge or replace");
            }
            [] => return self.append(resource),
            [at] => *at,
            many => {
                let items = many.iter().filter_map(|at| self.items.get(*at));
                let items = joined(items.map(Resource::to_json_with_traces), " ");
                let id = resource.id();
                return fail!("found multiple objects [{items}] that could accept merge of {id}");
            }
        };
        let Some(old) = self.items_mut().get_mut(at) else { return Ok(()) };
        match behavior {
            Behavior::Replace => resource.merge_metadata_from(old)?,
            Behavior::Merge => {
                let origin = old.annotation(crate::origin::ORIGIN).map(str::to_owned);
                resource.merge_metadata_from(old)?;
                crate::generate::merge_content(&mut resource, old)?;
                if let Some(origin) = origin {
                    resource.annotate(crate::origin::ORIGIN, origin)?;
                }
            }
            Behavior::Create | Behavior::Unspecified => {
                return fail!(
                    "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                    resource.id().go_syntax(),
                    behavior.as_str()
                );
            }
        }
        let same = self.items.iter().filter(|item| item.id().same(resource.id())).count();
        if same > 1 {
            return fail!("in Replace: id matched {same} resources");
        }
        if let Some(old) = self.items_mut().get_mut(at) {
            *old = resource;
        }
        Ok(())
    }

    /// Returns where the resources are that a selector selects.
    pub(crate) fn select(&self, selector: &SelectorPatterns) -> Result<Vec<usize>> {
        let mut found = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            if selector.selects_resource(item)? {
                found.push(at);
            }
        }
        Ok(found)
    }
}
