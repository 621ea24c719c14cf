//! The syntax tree: what the parser makes, macros included, and the checker reads.

use std::sync::Arc;

use crate::source::Offset;

/// Identifies a node within its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ExprId(pub(crate) u32);

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub(crate) id: ExprId,
    /// The longest way down from here, in nodes.
    pub(crate) depth: u16,
    pub(crate) kind: ExprKind,
}

/// A constant as written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    /// Stands where an error was reported.
    Broken,
    Literal(Literal),
    Ident(Arc<str>),
    Select(Box<Select>),
    Call(Box<Call>),
    List(Box<List>),
    Map(Vec<MapEntry>),
    Struct(Box<StructLiteral>),
    Comprehension(Box<Comprehension>),
}

/// `operand.field`, or `has(operand.field)`.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) operand: Expr,
    pub(crate) field: Arc<str>,
    pub(crate) test_only: bool,
}

/// A call of a function, an operator included; with a target if written as a method.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: Arc<str>,
    pub(crate) target: Option<Expr>,
    pub(crate) args: Vec<Expr>,
}

/// `[a, ?b]`
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) elements: Vec<Expr>,
    /// Which elements are optional.
    pub(crate) optional: Vec<bool>,
}

/// `key: value` of a map.
#[derive(Clone, Debug)]
pub(crate) struct MapEntry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// `Name{field: value}`
#[derive(Clone, Debug)]
pub(crate) struct StructLiteral {
    pub(crate) name: Arc<str>,
    /// The values of the fields; no environment knows message types, so names do not matter.
    pub(crate) values: Vec<Expr>,
}

/// The loop to which macros such as `all` expand.
#[derive(Clone, Debug)]
pub(crate) struct Comprehension {
    pub(crate) range: Expr,
    pub(crate) variable: Arc<str>,
    /// Set for macros over keys and values.
    pub(crate) second_variable: Option<Arc<str>>,
    pub(crate) accumulator: Arc<str>,
    pub(crate) init: Expr,
    pub(crate) condition: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

/// Where the nodes stand in the source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    offsets: Vec<Option<Offset>>,
}

impl Places {
    /// Hands out the next id for a node at `offset`.
    pub(crate) fn next(&mut self, offset: Option<Offset>) -> ExprId {
        let id = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        self.offsets.push(offset);
        ExprId(id)
    }

    pub(crate) fn get(&self, id: ExprId) -> Option<Offset> {
        self.offsets.get(id.0 as usize).copied().flatten()
    }

    /// Returns how many ids were handed out.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }
}

impl ExprKind {
    fn depth_below(&self) -> u16 {
        let deepest = |exprs: &mut dyn Iterator<Item = &Expr>| exprs.map(|e| e.depth).max();
        let below = match self {
            Self::Broken | Self::Literal(_) | Self::Ident(_) => None,
            Self::Select(select) => Some(select.operand.depth),
            Self::Call(call) => deepest(&mut call.target.iter().chain(&call.args)),
            Self::List(list) => deepest(&mut list.elements.iter()),
            Self::Map(entries) => {
                deepest(&mut entries.iter().flat_map(|entry| [&entry.key, &entry.value]))
            }
            Self::Struct(literal) => deepest(&mut literal.values.iter()),
            Self::Comprehension(fold) => {
                let Comprehension { range, init, condition, step, result, .. } = &**fold;
                deepest(&mut [range, init, condition, step, result].into_iter())
            }
        };
        below.unwrap_or(0)
    }
}

impl Expr {
    pub(crate) fn new(id: ExprId, kind: ExprKind) -> Self {
        let depth = kind.depth_below().saturating_add(1);
        Self { id, depth, kind }
    }

    /// Returns the name if this is an identifier without a leading dot.
    pub(crate) fn as_simple_name(&self) -> Option<&Arc<str>> {
        match &self.kind {
            ExprKind::Ident(name) if !name.starts_with('.') => Some(name),
            _ => None,
        }
    }
}
