//! Long chains of `&&` and `||` as balanced trees.

use std::sync::Arc;

use crate::ast::{Call, Expr, ExprId, ExprKind};

/// The terms of a chain and the operators between them.
pub(super) struct Logic {
    function: &'static str,
    terms: Vec<Expr>,
    operators: Vec<ExprId>,
}

impl Logic {
    pub(super) fn new(function: &'static str) -> Self {
        Self { function, terms: Vec::new(), operators: Vec::new() }
    }

    pub(super) fn add_term(&mut self, term: Expr) {
        self.terms.push(term);
    }

    pub(super) fn add_operator(&mut self, id: ExprId) {
        self.operators.push(id);
    }

    /// Makes the tree; a chain has one term more than operators.
    pub(super) fn build(self) -> Expr {
        let function = Arc::from(self.function);
        let mut terms = self.terms.into_iter();
        balanced(&function, &self.operators, &mut terms)
    }
}

/// Takes one term more than there are operators.
fn balanced(
    function: &Arc<str>,
    operators: &[ExprId],
    terms: &mut impl Iterator<Item = Expr>,
) -> Expr {
    let middle = operators.len() / 2;
    let Some((before, [id, after @ ..])) = operators.split_at_checked(middle) else {
        return terms.next().unwrap_or_else(|| Expr::new(ExprId(0), ExprKind::Broken));
    };
    let left = balanced(function, before, terms);
    let right = balanced(function, after, terms);
    let call = Call { function: function.clone(), target: None, args: vec![left, right] };
    Expr::new(*id, ExprKind::Call(Box::new(call)))
}
