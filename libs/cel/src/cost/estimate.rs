//! What an expression costs at most, from the sizes that schemas declare.

use std::collections::HashMap;
use std::sync::Arc;

use super::{CHARACTER, CostRange, LIST, MAP, PATTERN, compares, costs_one};
use crate::ast::{Call, Comprehension, Expr, ExprId, ExprKind, Literal};
use crate::check::Checked;
use crate::parser::ACCUMULATOR;
use crate::plan::qualified_name;
use crate::schema::Schema;
use crate::types::Type;

/// How long a list, map or text may be that schemas describe, by the path to it.
pub(crate) trait Sizes {
    /// Returns the schema of a variable.
    fn schema(&self, variable: &str) -> Option<&Schema>;
}

/// Estimates the cost of a checked expression.
pub(crate) fn estimate(root: &Expr, checked: &Checked, sizes: &dyn Sizes) -> CostRange {
    let mut estimator = Estimator {
        checked,
        sizes,
        locals: Vec::new(),
        paths: HashMap::new(),
        computed: HashMap::new(),
        entries: HashMap::new(),
    };
    estimator.cost(root)
}

/// A way from a variable to a part of it.
type Path = Arc<[Arc<str>]>;

/// The sizes of the keys and values of a list or map that the expression makes.
#[derive(Clone, Copy)]
struct Entries {
    list: bool,
    key: CostRange,
    value: CostRange,
}

impl Entries {
    fn union(self, other: Self) -> Self {
        Self {
            list: self.list,
            key: self.key.union(other.key),
            value: self.value.union(other.value),
        }
    }
}

#[derive(Clone)]
struct Local {
    name: Arc<str>,
    path: Option<Path>,
    size: Option<CostRange>,
    entries: Option<Entries>,
}

struct Estimator<'e> {
    checked: &'e Checked,
    sizes: &'e dyn Sizes,
    locals: Vec<Local>,
    paths: HashMap<ExprId, Path>,
    computed: HashMap<ExprId, CostRange>,
    entries: HashMap<ExprId, Entries>,
}

/// An argument of a call with its cost.
struct Arg<'e> {
    expr: &'e Expr,
    size: CostRange,
    cost: CostRange,
}

/// A call: its node, the full name of its function, and its target if it is a method.
struct Site<'e> {
    expr: &'e Expr,
    function: &'e str,
    target: Option<&'e Expr>,
}

/// What a call costs beside its target, and how large its result is.
struct CallCost {
    cost: CostRange,
    size: Option<CostRange>,
}

fn only(cost: CostRange) -> CallCost {
    CallCost { cost, size: None }
}

fn extend(path: &Path, step: &str) -> Path {
    path.iter().cloned().chain([Arc::from(step)]).collect()
}

impl Estimator<'_> {
    fn cost(&mut self, expr: &Expr) -> CostRange {
        let one = CostRange::fixed(1);
        match &expr.kind {
            ExprKind::Broken | ExprKind::Literal(_) => CostRange::fixed(0),
            ExprKind::Ident(name) => {
                let path = match self.local(name) {
                    Some(local) => local.path.clone(),
                    None => Some(Path::from([name.clone()])),
                };
                self.set_path(expr, path);
                one
            }
            ExprKind::Select(select) => {
                let cost = self.cost(&select.operand);
                if select.test_only {
                    return cost;
                }
                let path = self.path(&select.operand).map(|path| extend(&path, &select.field));
                self.set_path(expr, path);
                match self.checked.type_of(select.operand.id) {
                    Type::Map(_) | Type::Object(_) | Type::Param(_) => cost.plus(one),
                    _ => cost,
                }
            }
            ExprKind::Call(call) => self.call(expr, call),
            ExprKind::List(list) => self.list(expr, &list.elements),
            ExprKind::Map(entries) => {
                let mut cost = CostRange::fixed(MAP);
                let (mut keys, mut values) = (None, None);
                for entry in entries {
                    cost = cost.plus(self.cost(&entry.key)).plus(self.cost(&entry.value));
                    join(&mut keys, self.size(&entry.key));
                    join(&mut values, self.size(&entry.value));
                }
                let zero = CostRange::fixed(0);
                let (key, value) = (keys.unwrap_or(zero), values.unwrap_or(zero));
                self.entries.insert(expr.id, Entries { list: false, key, value });
                cost
            }
            ExprKind::Struct(literal) => {
                let values = literal.values.iter();
                values.fold(CostRange::fixed(40), |sum, value| sum.plus(self.cost(value)))
            }
            ExprKind::Comprehension(fold) => self.comprehension(expr, fold),
        }
    }

    fn list(&mut self, expr: &Expr, elements: &[Expr]) -> CostRange {
        let mut cost = CostRange::fixed(LIST);
        let mut items = None;
        for element in elements {
            cost = cost.plus(self.cost(element));
            join(&mut items, self.size(element));
        }
        let value = items.unwrap_or(CostRange::fixed(0));
        self.entries.insert(expr.id, Entries { list: true, key: CostRange::fixed(1), value });
        cost
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| *local.name == *name)
    }

    fn set_path(&mut self, expr: &Expr, path: Option<Path>) {
        if let Some(path) = path {
            self.paths.insert(expr.id, path);
        }
    }

    fn path(&self, expr: &Expr) -> Option<Path> {
        if let ExprKind::Ident(name) = &expr.kind
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&expr.id).cloned()
    }

    fn entries_of(&self, expr: &Expr) -> Option<Entries> {
        if let Some(entries) = self.entries.get(&expr.id) {
            return Some(*entries);
        }
        match &expr.kind {
            ExprKind::Ident(name) => self.local(name).and_then(|local| local.entries),
            _ => None,
        }
    }

    fn size(&mut self, expr: &Expr) -> CostRange {
        self.known_size(expr).unwrap_or(CostRange::UNKNOWN)
    }

    fn known_size(&mut self, expr: &Expr) -> Option<CostRange> {
        if let Some(size) = self.computed.get(&expr.id) {
            return Some(*size);
        }
        if let Some(size) = literal_size(expr) {
            return Some(CostRange::fixed(size));
        }
        if let Some(size) = self.path(expr).and_then(|path| self.declared_size(&path)) {
            self.computed.insert(expr.id, size);
            return Some(size);
        }
        if let Some(size) = type_size(self.checked.type_of(expr.id)) {
            return Some(size);
        }
        match &expr.kind {
            ExprKind::Ident(name) => self.local(name).and_then(|local| local.size),
            _ => None,
        }
    }

    fn declared_size(&self, path: &Path) -> Option<CostRange> {
        let (variable, steps) = path.split_first()?;
        let mut schema = self.sizes.schema(variable)?;
        for step in steps {
            schema = match &**step {
                "@items" | "@values" => schema.items().or_else(|| schema.values())?,
                "@keys" => {
                    schema.values()?;
                    return Some(CostRange::fixed(0));
                }
                name => &schema.fields()?.by_name.get(name)?.schema,
            };
        }
        Some(CostRange { min: 0, max: schema.max_elements })
    }

    /// Returns the size of the elements of a list.
    fn element_size(&self, list: &Expr) -> CostRange {
        let path = self.path(list).map(|path| extend(&path, "@items"));
        path.and_then(|path| self.declared_size(&path)).unwrap_or(CostRange::UNKNOWN)
    }

    fn call(&mut self, expr: &Expr, call: &Call) -> CostRange {
        if let ("dyn", [arg]) = (&*call.function, call.args.as_slice()) {
            let cost = self.cost(arg).plus(CostRange::fixed(1));
            self.copy_size(expr, arg);
            return cost;
        }
        let args: Vec<_> = call
            .args
            .iter()
            .map(|arg| {
                let cost = self.cost(arg);
                Arg { expr: arg, size: self.size(arg), cost }
            })
            .collect();
        let (target, mut sum) = match &call.target {
            Some(target) if !self.checked.is_namespaced(expr.id) => {
                let cost = self.cost(target);
                (Some(target), cost)
            }
            _ => (None, CostRange::fixed(0)),
        };
        let full =
            target.is_none().then(|| call.target.as_ref().and_then(qualified_name)).flatten();
        let full = full.map(|prefix| format!("{prefix}.{}", call.function));
        let function = full.as_deref().unwrap_or(&call.function);
        let site = Site { expr, function, target };
        let mut total: Option<CostRange> = None;
        let mut size: Option<CostRange> = None;
        let checked = self.checked;
        for overload in checked.overloads(expr.id) {
            let found = self.overload(&site, overload, &args);
            join(&mut total, found.cost);
            if let Some(found) = found.size {
                join(&mut size, found);
            }
            if let ("index_list" | "index_map", Some(list)) = (*overload, args.first()) {
                let step = if *overload == "index_list" { "@items" } else { "@values" };
                size = self.entries_of(list.expr).map(|entries| entries.value);
                let path = self.path(list.expr).map(|path| extend(&path, step));
                self.set_path(expr, path);
            }
            if size.is_none() {
                size = self.known_size(expr);
            }
        }
        if let Some(size) = size {
            self.computed.insert(expr.id, size);
        }
        sum = sum.plus(total.unwrap_or(CostRange::fixed(0)));
        sum
    }

    fn overload(&mut self, site: &Site<'_>, overload: &str, args: &[Arg<'_>]) -> CallCost {
        let Site { expr, function, target } = *site;
        let of_args = args.iter().fold(CostRange::fixed(0), |sum, arg| sum.plus(arg.cost));
        let lists = self.of_lists(overload, target, args);
        let found = match lists.or_else(|| self.of_library(function, overload, target, args)) {
            Some(found) => found,
            None => match (overload, args) {
                ("logical_and" | "logical_or", [left, right]) => {
                    let max = left.cost.plus(right.cost).max;
                    return only(CostRange { min: left.cost.min, max });
                }
                ("conditional", [condition, one, other]) => {
                    if let (Some(one), Some(other)) =
                        (self.entries_of(one.expr), self.entries_of(other.expr))
                    {
                        self.entries.insert(expr.id, one.union(other));
                    }
                    let cost = condition.cost.plus(one.cost.union(other.cost));
                    return CallCost { cost, size: Some(one.size.union(other.size)) };
                }
                ("add_string" | "add_bytes" | "add_list", [one, other]) => {
                    let size = one.size.plus(other.size);
                    if let (Some(one), Some(other)) =
                        (self.entries_of(one.expr), self.entries_of(other.expr))
                    {
                        self.entries.insert(expr.id, one.union(other));
                    }
                    let list = overload == "add_list";
                    let cost = if list { CostRange::fixed(1) } else { size.scaled(CHARACTER) };
                    CallCost { cost, size: Some(size) }
                }
                (overload, args) => {
                    let size = target.map(|target| self.size(target));
                    standard(overload, size, args)
                }
            },
        };
        CallCost { cost: found.cost.plus(of_args), size: found.size }
    }

    /// The functions that make or compare lists.
    fn of_lists(
        &mut self,
        overload: &str,
        target: Option<&Expr>,
        args: &[Arg<'_>],
    ) -> Option<CallCost> {
        let allocating = |cost: CostRange, size| {
            let cost = cost.plus(CostRange::fixed(1 + LIST));
            Some(CallCost { cost, size: Some(size) })
        };
        let constant = |arg: Option<&Arg<'_>>, other: u64| match arg.map(|arg| &arg.expr.kind) {
            Some(ExprKind::Literal(Literal::Int(value))) => u64::try_from(*value).unwrap_or(other),
            _ => other,
        };
        if let (
            "list_sets_contains_list" | "list_sets_intersects_list" | "list_sets_equivalent_list",
            [one, other],
        ) = (overload, args)
        {
            let factor = if overload == "list_sets_equivalent_list" { 2.0 } else { 1.0 };
            let cost = one.size.times(other.size).scaled(factor);
            return Some(only(cost.plus(CostRange::fixed(1))));
        }
        if overload == "lists_range" {
            let size = CostRange::fixed(constant(args.first(), u64::MAX));
            return allocating(size, size);
        }
        let size = self.size(target?);
        let squared = size.times(size);
        match overload {
            "list_slice" => {
                let (start, end) = (constant(args.first(), 0), constant(args.get(1), size.max));
                let size = CostRange::fixed(end.wrapping_sub(start));
                allocating(size, size)
            }
            "list_reverse" => allocating(size, size),
            "list_flatten" | "list_flatten_int" => {
                let depth = if args.is_empty() { 1 } else { constant(args.first(), u64::MAX) };
                allocating(size.scaled(depth as f64), size)
            }
            "list_distinct" => allocating(squared.scaled(2.0), squared),
            overload => {
                let keyed = overload.ends_with("_sortByAssociatedKeys");
                let plain = overload.starts_with("list_") && overload.ends_with("_sort");
                if !keyed && !plain {
                    return None;
                }
                let size = if keyed { args.first().map(|keys| keys.size)? } else { size };
                let squared = size.times(size);
                let texts =
                    overload.starts_with("list_string") || overload.starts_with("list_bytes");
                let factor = if texts { 2.0 + CHARACTER } else { 2.0 };
                allocating(squared.scaled(factor), squared)
            }
        }
    }

    /// The functions that the API server counts by name.
    fn of_library(
        &mut self,
        function: &str,
        overload: &str,
        target: Option<&Expr>,
        args: &[Arg<'_>],
    ) -> Option<CallCost> {
        let first = args.first().map(|arg| arg.size);
        let address = CostRange { min: 4, max: 16 };
        Some(match function {
            "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" => {
                let target = target?;
                let size = self.size(target);
                let Type::List(item) = self.checked.type_of(target.id) else {
                    return Some(only(size.scaled(CHARACTER)));
                };
                let mut each = CostRange::fixed(1);
                if matches!(**item, Type::String | Type::Bytes) {
                    each = each.plus(self.element_size(target).scaled(CHARACTER));
                }
                only(size.times(each))
            }
            "url" => CallCost { cost: first?.scaled(CHARACTER), size: first },
            "lowerAscii" | "upperAscii" | "substring" | "trim" => {
                let size = self.size(target?);
                CallCost { cost: size.scaled(CHARACTER), size: Some(size) }
            }
            "replace" => {
                let size = self.size(target?);
                let result = replaced(size, first?, args.get(1)?.size);
                CallCost { cost: size.scaled(2.0 * CHARACTER), size: Some(result) }
            }
            "split" => {
                let size = self.size(target?);
                let max = match args.get(1).map(|limit| &limit.expr.kind) {
                    Some(ExprKind::Literal(Literal::Int(limit))) => *limit as u64,
                    _ => size.max,
                };
                let result = Some(CostRange { min: 0, max });
                CallCost { cost: size.scaled(2.0 * CHARACTER), size: result }
            }
            "join" => {
                let target = target?;
                let list = self.size(target);
                let mut size = list.times(self.element_size(target));
                if let Some(separator) = first {
                    let between = CostRange {
                        min: list.min.saturating_sub(1),
                        max: list.max.saturating_sub(1),
                    };
                    size = size.plus(separator.times(between));
                }
                CallCost { cost: size.scaled(CHARACTER), size: Some(size) }
            }
            "find" | "findAll" => {
                let size = self.size(target?);
                let text = size.plus(CostRange::fixed(1)).scaled(CHARACTER);
                let result = Some(CostRange { min: 0, max: size.max });
                CallCost { cost: text.times(first?.scaled(PATTERN)), size: result }
            }
            "ip" if overload == "cidr_ip" => only(CostRange::fixed(1)),
            "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver"
            | "isSemver" => only(first?.scaled(CHARACTER)),
            "ip.isCanonical" => only(first?.scaled(2.0 * CHARACTER)),
            "containsIP" | "containsCIDR" => {
                let mut cost = address.plus(address).scaled(CHARACTER);
                if function == "containsCIDR" {
                    cost = cost.plus(address.scaled(CHARACTER)).plus(CostRange::fixed(1));
                }
                if overload.ends_with("_string") {
                    cost = cost.plus(first?.scaled(CHARACTER));
                }
                only(cost)
            }
            "validate" => only(first?.scaled(CHARACTER).scaled(128.0 * PATTERN)),
            "_==_" => match self.checked.type_of(args.first()?.expr.id) {
                Type::Opaque(name, params) if params.is_empty() => match &**name {
                    "kubernetes.NamedFormat" => {
                        only(CostRange { min: 1, max: 64 }.scaled(CHARACTER))
                    }
                    _ => only(CostRange::fixed(1)),
                },
                _ => return None,
            },
            function if costs_one(function) => only(CostRange::fixed(1)),
            _ => return None,
        })
    }

    fn copy_size(&mut self, to: &Expr, from: &Expr) {
        if let Some(size) = self.known_size(from) {
            self.computed.insert(to.id, size);
        }
        if let Some(entries) = self.entries_of(from) {
            self.entries.insert(to.id, entries);
        }
    }

    fn push(&mut self, name: &Arc<str>, value: &Expr) {
        let local = Local {
            name: name.clone(),
            path: self.path(value),
            size: self.known_size(value),
            entries: self.entries_of(value),
        };
        self.locals.push(local);
    }

    fn comprehension(&mut self, expr: &Expr, fold: &Comprehension) -> CostRange {
        let mut sum = self.cost(&fold.range).plus(self.cost(&fold.init));
        self.push(&fold.accumulator, &fold.init);
        if &*fold.accumulator != ACCUMULATOR {
            sum = sum.plus(self.cost(&fold.result));
            self.locals.pop();
            self.copy_size(expr, &fold.result);
            return sum;
        }
        let depth = self.locals.len();
        self.push_variables(fold);
        let turn = self.cost(&fold.condition).plus(self.cost(&fold.step));
        self.locals.truncate(depth);
        sum = sum.plus(self.cost(&fold.result));
        self.locals.pop();
        let count = self.size(&fold.range);
        match &fold.init.kind {
            ExprKind::Literal(_) => {
                if let Some(size) = self.known_size(&fold.init) {
                    self.computed.insert(expr.id, size);
                }
            }
            ExprKind::List(_) | ExprKind::Map(_) => {
                self.computed.insert(expr.id, count);
                if let Some(entries) = self.entries_of(&fold.step) {
                    self.entries.insert(expr.id, entries);
                }
            }
            _ => {}
        }
        sum.plus(count.times(turn))
    }

    fn push_variables(&mut self, fold: &Comprehension) {
        let entries = self.entries_of(&fold.range);
        let is_list = match entries {
            Some(entries) => entries.list,
            None => matches!(self.checked.type_of(fold.range.id), Type::List(_)),
        };
        let path = self.path(&fold.range).unwrap_or_else(|| Path::from([]));
        let key = |name: &Arc<str>| Local {
            name: name.clone(),
            path: Some(extend(&path, if is_list { "@indices" } else { "@keys" })),
            size: entries.map(|entries| entries.key),
            entries: None,
        };
        let value = |name: &Arc<str>| Local {
            name: name.clone(),
            path: Some(extend(&path, if is_list { "@items" } else { "@values" })),
            size: entries.map(|entries| entries.value),
            entries: None,
        };
        match &fold.second_variable {
            Some(second) => self.locals.extend([key(&fold.variable), value(second)]),
            None if is_list => self.locals.push(value(&fold.variable)),
            None => self.locals.push(key(&fold.variable)),
        }
    }
}

fn join(so_far: &mut Option<CostRange>, next: CostRange) {
    *so_far = Some(so_far.map_or(next, |range| range.union(next)));
}

/// The functions of the language itself, beside those that pass sizes on.
fn standard(overload: &str, target: Option<CostRange>, args: &[Arg<'_>]) -> CallCost {
    let pair = (args.first().map(|arg| arg.size), args.get(1).map(|arg| arg.size));
    match (overload, target, pair) {
        ("string_format", Some(target), _) => only(target.scaled(CHARACTER)),
        ("string_to_bytes", _, (Some(size), _)) => {
            let result = CostRange { min: size.min, max: size.max.saturating_mul(4) };
            CallCost { cost: size.scaled(CHARACTER), size: Some(result) }
        }
        ("bytes_to_string", _, (Some(size), _)) => {
            let result = CostRange { min: size.min / 4, max: size.max };
            CallCost { cost: size.scaled(CHARACTER), size: Some(result) }
        }
        ("strings_quote", _, (Some(size), _)) => {
            let max = size.max.saturating_mul(2).saturating_add(2);
            let result = CostRange { min: size.min.saturating_add(2), max };
            CallCost { cost: size.scaled(CHARACTER), size: Some(result) }
        }
        ("starts_with_string" | "ends_with_string", _, (Some(size), _)) => {
            only(size.scaled(CHARACTER))
        }
        ("in_list", _, (_, Some(size))) => only(size.scaled(1.0)),
        ("matches_string", Some(target), (Some(pattern), _)) => {
            let text = target.plus(CostRange::fixed(1)).scaled(CHARACTER);
            only(text.times(pattern.scaled(PATTERN)))
        }
        ("contains_string", Some(target), (Some(part), _)) => {
            only(target.scaled(CHARACTER).times(part.scaled(CHARACTER)))
        }
        (overload, _, (Some(one), Some(other))) if compares(overload) => {
            let max = one.max.min(other.max);
            only(CostRange { min: u64::from(max > 0), max }.scaled(CHARACTER))
        }
        _ => only(CostRange::fixed(1)),
    }
}

/// Returns how long a text is after a replacement.
fn replaced(text: CostRange, old: CostRange, new: CostRange) -> CostRange {
    let zero = CostRange::fixed(0);
    let (mut count, mut kept) = (zero, zero);
    if old.min == 0 {
        count.max = text.max.saturating_add(1);
        kept.max = text.max;
    } else if new.max <= old.min {
        kept.max = text.max;
    } else {
        count.max = (text.max as f64 / old.min as f64).ceil() as u64;
    }
    if old.max == 0 {
        count.min = text.min.saturating_add(1);
        kept.min = text.min;
    } else if old.max <= new.min {
        kept.min = text.min;
    } else {
        count.min = (text.min as f64 / old.max as f64).ceil() as u64;
    }
    count.times(new).plus(kept)
}

fn literal_size(expr: &Expr) -> Option<u64> {
    let length = match &expr.kind {
        ExprKind::Literal(Literal::String(text)) => text.chars().count(),
        ExprKind::Literal(Literal::Bytes(bytes)) => bytes.len(),
        ExprKind::Literal(_) => 1,
        ExprKind::List(list) => list.elements.len(),
        ExprKind::Map(entries) => entries.len(),
        _ => return None,
    };
    u64::try_from(length).ok()
}

fn type_size(of: &Type) -> Option<CostRange> {
    match of {
        Type::Bool
        | Type::Double
        | Type::Int
        | Type::Uint
        | Type::Null
        | Type::Timestamp
        | Type::Duration => Some(CostRange::fixed(1)),
        _ => None,
    }
}
