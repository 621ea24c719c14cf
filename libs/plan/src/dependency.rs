//! Sorting objects so that each comes after those it depends on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The name of something that can be depended on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Something with dependencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// Its own name.
    pub reference: Reference,
    /// What it depends on; an empty namespace means its own.
    pub depends_on: Vec<Reference>,
}

/// Why nothing can be sorted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SortError {
    /// Some depend on themselves through others.
    #[error("circular dependency detected: {}", chain(path))]
    Circular {
        /// The way round, its first member repeated at the end.
        path: Vec<Reference>,
    },
}

fn chain(path: &[Reference]) -> String {
    path.iter().map(Reference::to_string).collect::<Vec<_>>().join(" -> ")
}

/// Sorts so that dependencies come first, otherwise in the order of the input.
///
/// Dependencies that are not in the input are part of the result.
///
/// # Errors
/// A cycle, with the way round it.
pub fn sort(dependents: &[Dependent]) -> Result<Vec<Reference>, SortError> {
    let edges: BTreeMap<&Reference, Vec<Reference>> = dependents
        .iter()
        .map(|it| {
            let absolute = |wanted: &Reference| Reference {
                namespace: if wanted.namespace.is_empty() {
                    it.reference.namespace.clone()
                } else {
                    wanted.namespace.clone()
                },
                name: wanted.name.clone(),
            };
            (&it.reference, it.depends_on.iter().map(absolute).collect())
        })
        .collect();
    let mut walk = Walk { edges: &edges, done: BTreeSet::new(), sorted: Vec::new() };
    for it in dependents {
        walk.visit(&it.reference)?;
    }
    Ok(walk.sorted)
}

struct Walk<'a> {
    edges: &'a BTreeMap<&'a Reference, Vec<Reference>>,
    done: BTreeSet<Reference>,
    sorted: Vec<Reference>,
}

impl Walk<'_> {
    /// Visits a vertex and, before it, all that it depends on; keeps its own stack, so that a
    /// long chain is no danger.
    fn visit(&mut self, start: &Reference) -> Result<(), SortError> {
        if self.done.contains(start) {
            return Ok(());
        }
        let mut path: Vec<(Reference, usize)> = vec![(start.clone(), 0)];
        while let Some((vertex, next)) = path.last_mut() {
            let dependency = self.edges.get(vertex).and_then(|edges| edges.get(*next)).cloned();
            *next += 1;
            match dependency {
                None => {
                    let vertex = vertex.clone();
                    path.pop();
                    if self.done.insert(vertex.clone()) {
                        self.sorted.push(vertex);
                    }
                }
                Some(wanted) if self.done.contains(&wanted) => {}
                Some(wanted) => {
                    if let Some(from) = path.iter().position(|(it, _)| *it == wanted) {
                        let mut round: Vec<_> =
                            path[from..].iter().map(|(it, _)| it.clone()).collect();
                        round.push(wanted);
                        return Err(SortError::Circular { path: round });
                    }
                    path.push((wanted, 0));
                }
            }
        }
        Ok(())
    }
}
