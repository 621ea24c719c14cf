//! Makes types agree by finding out what their variables stand for.

use std::collections::HashMap;
use std::sync::Arc;

use crate::types::{Overload, Type};

/// How many steps one expression may take, so that types that double with each step end early.
const STEP_LIMIT: u32 = 200_000;

/// What type variables stand for.
pub(super) struct Unifier {
    bound: HashMap<Arc<str>, Type>,
    /// What bindings were before, to take them back.
    trail: Vec<(Arc<str>, Option<Type>)>,
    variables: u32,
    steps: u32,
}

impl Unifier {
    pub(super) fn new() -> Self {
        Self { bound: HashMap::new(), trail: Vec::new(), variables: 0, steps: STEP_LIMIT }
    }

    /// Tells whether the expression took too many steps.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps == 0
    }

    fn spend(&mut self) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    /// Returns a new variable.
    pub(super) fn fresh(&mut self) -> Type {
        let name = format!("_var{}", self.variables);
        self.variables += 1;
        Type::Param(Arc::from(name))
    }

    /// Returns an overload with its parameters replaced by new variables.
    pub(super) fn instantiate(&mut self, overload: &Overload) -> Overload {
        let mut names = HashMap::new();
        let params = overload.params.iter().map(|one| self.renamed(one, &mut names)).collect();
        let result = self.renamed(&overload.result, &mut names);
        Overload { id: overload.id, style: overload.style, params, result }
    }

    fn renamed(&mut self, one: &Type, names: &mut HashMap<Arc<str>, Type>) -> Type {
        match one {
            Type::Param(name) => match names.get(name) {
                Some(fresh) => fresh.clone(),
                None => {
                    let fresh = self.fresh();
                    names.insert(name.clone(), fresh.clone());
                    fresh
                }
            },
            other => other.map_params(&mut |param| self.renamed(param, names)),
        }
    }

    /// Tells whether a value of one type may stand where the other is asked for; if so, variables
    /// are bound.
    pub(super) fn assign(&mut self, one: &Type, other: &Type) -> bool {
        self.assign_all(std::slice::from_ref(one), std::slice::from_ref(other))
    }

    /// As [`Unifier::assign`], for all pairs or none.
    pub(super) fn assign_all(&mut self, ones: &[Type], others: &[Type]) -> bool {
        let mark = self.trail.len();
        let good = self.all_fit(ones, others);
        if !good {
            while self.trail.len() > mark {
                match self.trail.pop() {
                    Some((name, Some(before))) => {
                        self.bound.insert(name, before);
                    }
                    Some((name, None)) => {
                        self.bound.remove(&name);
                    }
                    None => break,
                }
            }
        }
        good
    }

    fn bind(&mut self, name: &Arc<str>, to: Type) {
        let before = self.bound.insert(name.clone(), to);
        self.trail.push((name.clone(), before));
    }

    fn all_fit(&mut self, ones: &[Type], others: &[Type]) -> bool {
        ones.len() == others.len()
            && ones.iter().zip(others).all(|(one, other)| self.fits(one, other))
    }

    fn fits(&mut self, one: &Type, other: &Type) -> bool {
        if !self.spend() {
            return false;
        }
        if let Type::Param(name) = other {
            match self.stands_for(one, name) {
                Standing::Fits => return true,
                Standing::BoundOtherwise => return false,
                Standing::Occurs => {}
            }
        }
        if let Type::Param(name) = one {
            return self.stands_for(other, name) == Standing::Fits;
        }
        match (one, other) {
            (Type::Dyn | Type::Error, _) | (_, Type::Dyn | Type::Error) => true,
            (Type::Null, other) | (other, Type::Null) => {
                matches!(
                    other,
                    Type::Null
                        | Type::Opaque(..)
                        | Type::Object(_)
                        | Type::Duration
                        | Type::Timestamp
                )
            }
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(one), Type::List(other)) => self.fits(one, other),
            (Type::Map(one), Type::Map(other)) => {
                self.fits(&one.0, &other.0) && self.fits(&one.1, &other.1)
            }
            (Type::Opaque(one, params), Type::Opaque(other, others)) => {
                one == other && self.all_fit(params, others)
            }
            (one, other) => one == other,
        }
    }

    /// Tells whether a variable may stand for a type, and binds it if so.
    fn stands_for(&mut self, one: &Type, name: &Arc<str>) -> Standing {
        if matches!(one, Type::Param(own) if own == name) {
            return Standing::Fits;
        }
        let variable = Type::Param(name.clone());
        if let Some(bound) = self.bound.get(name).cloned() {
            if *one == bound {
                return Standing::Fits;
            }
            if !self.fits(one, &bound) {
                return Standing::BoundOtherwise;
            }
            let general = most_general(one.clone(), bound);
            if !self.occurs(&variable, &general) {
                self.bind(name, general);
            }
            return Standing::Fits;
        }
        if self.occurs(&variable, one) {
            return Standing::Occurs;
        }
        self.bind(name, one.clone());
        Standing::Fits
    }

    fn occurs(&mut self, variable: &Type, within: &Type) -> bool {
        if variable == within {
            return true;
        }
        if !self.spend() {
            return true;
        }
        match within {
            Type::Param(name) => match self.bound.get(name).cloned() {
                Some(bound) => self.occurs(variable, &bound),
                None => false,
            },
            Type::List(item) => self.occurs(variable, item),
            Type::Map(pair) => self.occurs(variable, &pair.0) || self.occurs(variable, &pair.1),
            Type::Type(inner) => self.occurs(variable, inner),
            Type::Opaque(_, params) => params.iter().any(|param| self.occurs(variable, param)),
            _ => false,
        }
    }

    /// Replaces bound variables by what they stand for.
    pub(super) fn substitute(&mut self, one: &Type) -> Type {
        if !self.spend() {
            return Type::Dyn;
        }
        match one {
            Type::Param(name) => match self.bound.get(name).cloned() {
                Some(bound) => self.substitute(&bound),
                None => one.clone(),
            },
            other => other.map_params(&mut |param| self.substitute(param)),
        }
    }

    /// Replaces bound variables by what they stand for, and others by `dyn`.
    pub(super) fn resolve(&mut self, one: &Type) -> Type {
        if !self.spend() {
            return Type::Dyn;
        }
        match one {
            Type::Param(name) => match self.bound.get(name).cloned() {
                Some(bound) => self.resolve(&bound),
                None => Type::Dyn,
            },
            other => other.map_params(&mut |param| self.resolve(param)),
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    Fits,
    /// The variable stands for something else.
    BoundOtherwise,
    /// The variable is part of the type.
    Occurs,
}

/// Returns the more general of two types that agree.
pub(super) fn most_general(one: Type, other: Type) -> Type {
    if is_as_general(&one, &other) { one } else { other }
}

fn is_as_general(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (Type::List(one), Type::List(other)) => is_as_general(one, other),
        (Type::Map(one), Type::Map(other)) => {
            is_as_general(&one.0, &other.0) && is_as_general(&one.1, &other.1)
        }
        (Type::Opaque(one, params), Type::Opaque(other, others)) => {
            one == other
                && params.len() == others.len()
                && params.iter().zip(others.iter()).all(|(one, other)| is_as_general(one, other))
        }
        (Type::Type(_), Type::Type(_)) => true,
        (one, other) => one == other,
    }
}
