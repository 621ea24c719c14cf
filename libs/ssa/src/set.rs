//! Sets of field paths.

use std::cmp::Ordering;
use std::fmt;

use crate::path::{Path, PathElement};
use crate::schema::{Schema, TypeRef};

mod json;

pub use json::InvalidFields;

/// A set of paths, kept as a tree.
///
/// A path can be a member without its ancestors being members. The empty path is never one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Sorted by element; every node is a member or has something below it.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    element: PathElement,
    branch: Branch,
}

/// What a set knows of one path and of all paths below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Whether the path itself is in the set.
    pub(crate) member: bool,
    /// The paths below it.
    pub(crate) below: Set,
}

impl Branch {
    pub(crate) const LEAF: Self = Self { member: true, below: Set::EMPTY };

    pub(crate) fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl Set {
    /// The set without paths.
    pub const EMPTY: Self = Self { nodes: Vec::new() };

    /// Returns whether no path is in the set.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds a path. The empty path is ignored: nobody owns the whole object.
    pub fn insert(&mut self, path: &[PathElement]) {
        let Some((last, ancestors)) = path.split_last() else {
            return;
        };
        let mut set = self;
        for element in ancestors {
            set = &mut set.entry(element).below;
        }
        set.entry(last).member = true;
    }

    /// Returns whether `path` itself is in the set.
    pub fn contains(&self, path: &[PathElement]) -> bool {
        let Some((last, ancestors)) = path.split_last() else {
            return false;
        };
        let mut set = self;
        for element in ancestors {
            match set.branch(element) {
                Some(branch) => set = &branch.below,
                None => return false,
            }
        }
        set.branch(last).is_some_and(|branch| branch.member)
    }

    /// Returns how many paths are in the set.
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|n| usize::from(n.branch.member) + n.branch.below.len()).sum()
    }

    /// Calls `visit` with every path: on each level the members first, then what is below.
    pub fn for_each(&self, visit: &mut dyn FnMut(&[PathElement])) {
        self.visit_from(&mut Vec::new(), visit);
    }

    fn visit_from(&self, path: &mut Vec<PathElement>, visit: &mut dyn FnMut(&[PathElement])) {
        for node in self.nodes.iter().filter(|node| node.branch.member) {
            path.push(node.element.clone());
            visit(path);
            path.pop();
        }
        for node in &self.nodes {
            path.push(node.element.clone());
            node.branch.below.visit_from(path, visit);
            path.pop();
        }
    }

    /// Returns the paths in the order of [`Set::for_each`].
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.for_each(&mut |path| paths.push(Path(path.to_vec())));
        paths
    }

    /// Returns the paths that are in either set.
    pub fn union(&self, other: &Self) -> Self {
        zip(self, other, |left, right| match (left, right) {
            (Some(l), Some(r)) => {
                Some(Branch { member: l.member || r.member, below: l.below.union(&r.below) })
            }
            (one, None) | (None, one) => one.cloned(),
        })
    }

    /// Returns the paths that are in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        zip(self, other, |left, right| match (left, right) {
            (Some(l), Some(r)) => {
                Some(Branch { member: l.member && r.member, below: l.below.intersection(&r.below) })
            }
            _ => None,
        })
    }

    /// Returns the paths that are in this set and not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        zip(self, other, |left, right| match (left, right) {
            (Some(l), Some(r)) => {
                Some(Branch { member: l.member && !r.member, below: l.below.difference(&r.below) })
            }
            (left, _) => left.cloned(),
        })
    }

    /// Returns the paths that are neither in `other` nor below a path that is.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        zip(self, other, |left, right| match (left, right) {
            (Some(_), Some(r)) if r.member => None,
            (Some(l), Some(r)) => {
                Some(Branch { member: l.member, below: l.below.recursive_difference(&r.below) })
            }
            (left, _) => left.cloned(),
        })
    }

    /// Returns the members that have nothing below them.
    pub fn leaves(&self) -> Self {
        self.map(|node| {
            let below = node.branch.below.leaves();
            Branch { member: node.branch.member && below.is_empty(), below }
        })
    }

    /// Returns whether every path of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        let mut rest = other.nodes.iter();
        self.nodes.iter().all(|node| {
            let found = rest.find(|candidate| candidate.element >= node.element);
            found.is_some_and(|found| {
                found.element == node.element
                    && (!node.branch.member || found.branch.member)
                    && node.branch.below.is_subset(&found.branch.below)
            })
        })
    }

    /// Returns the set with every declared field that leads to a member made a member as well.
    pub(crate) fn with_named_fields(&self, schema: &Schema, of: &TypeRef) -> Self {
        let atom = schema.resolve(of);
        self.map(|node| {
            let mut below_type = None;
            let mut declared = false;
            match (&node.element, &atom) {
                (PathElement::Field(name), Some(atom)) => {
                    if let Some(map) = atom.map {
                        let field = map.field(name);
                        declared = field.is_some();
                        below_type = field.map(|f| &f.of).or(map.element.as_ref());
                    }
                }
                (PathElement::Key(_), Some(atom)) => {
                    below_type = atom.list.map(|list| &list.element);
                }
                _ => {}
            }
            let below = &node.branch.below;
            Branch {
                member: node.branch.member || (declared && !below.is_empty()),
                below: below.with_named_fields(schema, below_type.unwrap_or(&TypeRef::Unknown)),
            }
        })
    }

    /// Returns what the set knows of `element` on its first level.
    pub(crate) fn branch(&self, element: &PathElement) -> Option<&Branch> {
        let at = self.nodes.binary_search_by(|node| node.element.cmp(element)).ok()?;
        self.nodes.get(at).map(|node| &node.branch)
    }

    /// Like [`Set::branch`] for a field, without making an element of its name.
    pub(crate) fn field(&self, name: &str) -> Option<&Branch> {
        let at = self
            .nodes
            .binary_search_by(|node| match &node.element {
                PathElement::Field(field) => (**field).cmp(name),
                _ => Ordering::Greater,
            })
            .ok()?;
        self.nodes.get(at).map(|node| &node.branch)
    }

    /// Returns the elements of the first level with what is known of each.
    pub(crate) fn branches(&self) -> impl Iterator<Item = (&PathElement, &Branch)> {
        self.nodes.iter().map(|node| (&node.element, &node.branch))
    }

    /// Joins `branch` to what is known of `element`; an empty branch changes nothing.
    pub(crate) fn add(&mut self, element: &PathElement, branch: Branch) {
        if branch.is_empty() {
            return;
        }
        let at = match self.nodes.last() {
            Some(last) if last.element >= *element => {
                self.nodes.binary_search_by(|node| node.element.cmp(element))
            }
            _ => Err(self.nodes.len()),
        };
        match at {
            Ok(at) => {
                if let Some(node) = self.nodes.get_mut(at) {
                    node.branch.member |= branch.member;
                    node.branch.below = node.branch.below.union(&branch.below);
                }
            }
            Err(at) => self.nodes.insert(at, Node { element: element.clone(), branch }),
        }
    }

    fn entry(&mut self, element: &PathElement) -> &mut Branch {
        let at = match self.nodes.binary_search_by(|node| node.element.cmp(element)) {
            Ok(at) => at,
            Err(at) => {
                let node = Node { element: element.clone(), branch: Branch::default() };
                self.nodes.insert(at, node);
                at
            }
        };
        // The node was found or put there just now.
        &mut self.nodes[at].branch
    }

    fn map(&self, branch_of: impl Fn(&Node) -> Branch) -> Self {
        let nodes = self.nodes.iter().filter_map(|node| {
            let branch = branch_of(node);
            (!branch.is_empty()).then(|| Node { element: node.element.clone(), branch })
        });
        Self { nodes: nodes.collect() }
    }
}

/// Walks two sets side by side and keeps the branches that `choose` makes, unless empty.
fn zip(
    left: &Set,
    right: &Set,
    choose: impl Fn(Option<&Branch>, Option<&Branch>) -> Option<Branch>,
) -> Set {
    let mut nodes = Vec::new();
    let mut keep = |element: &PathElement, branch: Option<Branch>| {
        if let Some(branch) = branch.filter(|branch| !branch.is_empty()) {
            nodes.push(Node { element: element.clone(), branch });
        }
    };
    let (mut left, mut right) = (left.nodes.iter().peekable(), right.nodes.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(l), Some(r)) => l.element.cmp(&r.element),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        let l = if order == Ordering::Greater { None } else { left.next() };
        let r = if order == Ordering::Less { None } else { right.next() };
        if let Some(node) = l.or(r) {
            keep(&node.element, choose(l.map(|n| &n.branch), r.map(|n| &n.branch)));
        }
    }
    Set { nodes }
}

impl<'a> FromIterator<&'a Path> for Set {
    fn from_iter<I: IntoIterator<Item = &'a Path>>(paths: I) -> Self {
        let mut set = Self::EMPTY;
        paths.into_iter().for_each(|path| set.insert(&path.0));
        set
    }
}

/// Prints one path a line.
impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.paths().iter().map(Path::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests;
