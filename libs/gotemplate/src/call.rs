//! Calls of functions and methods, and fields.

use flux_gostd::quote::quote;

use crate::exec::{At, Evaluated, Operand, State};
use crate::function::{CallError, Function, Type, chain};
use crate::node::{Term, Word};
use crate::templates::{Error, MissingKey};
use crate::value::{Element, Value};

/// Where a call stands, its arguments, and the value piped into it.
pub(crate) type Call<'s> = (At<'s>, &'s [Word], Option<Operand>);

impl<'s, 't> State<'s, 't> {
    pub(crate) fn call_function(
        &mut self,
        dot: &Operand,
        name: &'s str,
        call: Call<'s>,
    ) -> Evaluated {
        let templates = self.executor.templates;
        let Some(function) = templates.functions.get(name) else {
            return self.fail(format!("{} is not a defined function", quote(name)));
        };
        let is_builtin = function.is_builtin;
        let given = call.1.len() + usize::from(call.2.is_some());
        self.check_count(name, function, call.1.len(), given)?;
        if is_builtin && (name == "and" || name == "or") {
            return self.short_circuit(dot, name == "or", call);
        }
        let (at, words, last) = call;
        let mut arguments = Vec::with_capacity(given + 1);
        if is_builtin && name == "call" {
            let shown = words.first().map_or_else(|| "<value>".to_owned(), argument_text);
            arguments.push(Value::from(shown));
        }
        for (index, word) in words.iter().enumerate() {
            if is_builtin && name == "len" {
                let operand = self.any(dot, word)?;
                if operand.interface && matches!(operand.value, Value::Nil) {
                    self.at(at);
                    return self.fail_calling(name, &"len of nil pointer".into());
                }
                arguments.push(operand.value);
                continue;
            }
            arguments.push(self.argument(dot, word, expected(function, index))?);
        }
        if let Some(last) = last {
            arguments.push(self.checked(last, expected(function, words.len()))?);
        }
        match (function.body)(self.executor, &arguments) {
            Ok(value) if size(&value) > templates.limits.output => {
                self.at(at);
                self.fail(format!("result of {name} is too large"))
            }
            Ok(value) => Ok(Operand::plain(value)),
            Err(error) => {
                self.at(at);
                self.fail_calling(name, &error)
            }
        }
    }

    fn check_count(
        &self,
        name: &str,
        function: &Function,
        written: usize,
        given: usize,
    ) -> Result<(), Error> {
        let want = function.parameters.len();
        if function.rest.is_some() && given < want {
            let text = format!("want at least {want} got {written}");
            return self.fail(format!("wrong number of args for {name}: {text}"));
        }
        if function.rest.is_none() && given != want {
            return self.fail(format!("wrong number of args for {name}: want {want} got {given}"));
        }
        Ok(())
    }

    fn short_circuit(&mut self, dot: &Operand, stops_at: bool, call: Call<'s>) -> Evaluated {
        let (_, words, last) = call;
        let mut value = Operand::default();
        for word in words {
            value = self.any(dot, word)?;
            if value.value.is_true() == stops_at {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    fn argument(&mut self, dot: &Operand, word: &'s Word, wanted: Type) -> Result<Value, Error> {
        self.at(At::Word(word));
        match &word.term {
            Term::Nil if wanted.takes_nil() => Ok(Value::Nil),
            Term::Nil => self.fail(format!("cannot assign nil to {}", wanted.name())),
            Term::Bool(_) | Term::Str { .. } | Term::Number(_) if wanted != Type::Any => {
                self.typed_constant(word, wanted)
            }
            _ => {
                let value = self.any(dot, word)?;
                self.checked(value, wanted)
            }
        }
    }

    fn typed_constant(&self, word: &Word, wanted: Type) -> Result<Value, Error> {
        let found = match (wanted, &word.term) {
            (Type::Bool, Term::Bool(value)) => Some(Value::Bool(*value)),
            (Type::Str, Term::Str { text, .. }) => Some(Value::from(text.as_str())),
            (Type::Int, Term::Number(number)) => number.int.map(Value::Int),
            (Type::Int64, Term::Number(number)) => number.int.map(Value::Int64),
            (Type::Float, Term::Number(number)) => number.float.map(Value::Float),
            (Type::Uint32, Term::Number(number)) => {
                number.uint.filter(|uint| u32::try_from(*uint).is_ok()).map(Value::Uint)
            }
            _ => None,
        };
        let expected = match wanted {
            Type::Bool => "bool",
            Type::Str => "string",
            Type::Int | Type::Int64 => "integer",
            Type::Uint32 => "unsigned integer",
            Type::Float => "float",
            Type::Any | Type::List | Type::Map | Type::Object(_) => {
                return self.fail(format!("can't handle {word} for arg of type {}", wanted.name()));
            }
        };
        match found {
            Some(value) => Ok(value),
            None => self.fail(format!("expected {expected}; found {word}")),
        }
    }

    fn checked(&self, operand: Operand, wanted: Type) -> Result<Value, Error> {
        if operand.is_invalid() {
            if wanted.takes_nil() {
                return Ok(Value::Nil);
            }
            return self.fail(format!("invalid value; expected {}", wanted.name()));
        }
        if wanted.takes(&operand.value) {
            return Ok(operand.value);
        }
        let got = match operand.value {
            Value::Nil => operand.type_name(),
            value => value.type_name(),
        };
        self.fail(format!("wrong type for value; expected {}; got {got}", wanted.name()))
    }

    /// Evaluates a field or a method of a value.
    pub(crate) fn field(
        &mut self,
        dot: &Operand,
        receiver: &Operand,
        name: &'s str,
        call: Call<'s>,
    ) -> Evaluated {
        if receiver.is_invalid() {
            if self.executor.templates.missing == MissingKey::Error {
                return self.fail(format!("nil data; no entry for key {}", quote(name)));
            }
            return Ok(Operand::default());
        }
        let has_arguments = !call.1.is_empty() || call.2.is_some();
        match &receiver.value {
            Value::Nil => {
                self.fail(format!("nil pointer evaluating {}.{name}", receiver.type_name()))
            }
            Value::Object(object) => {
                if let Some(value) = object.field(name) {
                    if has_arguments {
                        let text = "has arguments but cannot be invoked as function";
                        return self.fail(format!("{name} {text}"));
                    }
                    return Ok(Operand::boxed(value));
                }
                let (at, words, last) = call;
                let mut arguments = Vec::with_capacity(words.len() + 1);
                for word in words {
                    arguments.push(self.argument(dot, word, Type::Any)?);
                }
                arguments.extend(last.map(|last| last.value));
                match object.call(self.executor, name, &arguments) {
                    Some(Ok(value)) => Ok(Operand::plain(value)),
                    Some(Err(error)) => {
                        self.at(at);
                        self.fail_calling(name, &error)
                    }
                    None => self.no_field(name, receiver),
                }
            }
            Value::Map(map) if self.method(map.element, name).is_some() => {
                let Some(function) = self.method(map.element, name) else {
                    return self.no_field(name, receiver);
                };
                let (at, words, last) = call;
                let mut arguments = vec![receiver.value.clone()];
                for (index, word) in words.iter().enumerate() {
                    arguments.push(self.argument(dot, word, expected(function, index + 1))?);
                }
                if let Some(last) = last {
                    arguments.push(self.checked(last, expected(function, words.len() + 1))?);
                }
                if arguments.len() != function.parameters.len() {
                    let (want, got) = (function.parameters.len() - 1, arguments.len() - 1);
                    let text = format!("wrong number of args for {name}: want {want} got {got}");
                    return self.fail(text);
                }
                match (function.body)(self.executor, &arguments) {
                    Ok(value) => Ok(Operand::plain(value)),
                    Err(error) => {
                        self.at(at);
                        self.fail_calling(name, &error)
                    }
                }
            }
            Value::Map(_) if has_arguments => {
                self.fail(format!("{name} is not a method but has arguments"))
            }
            Value::Map(map) => match map.get(name) {
                Some(value) => Ok(Operand { value, interface: map.element.is_any() }),
                None => self.missing(name, map.element),
            },
            _ => self.no_field(name, receiver),
        }
    }

    /// A method of a map whose type has a name: the function `TYPE.METHOD`.
    fn method(&self, element: Element, name: &str) -> Option<&'t Function> {
        let Element::Named(type_name) = element else { return None };
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        self.executor.templates.functions.get(&format!("{type_name}.{name}"))
    }

    fn fail_calling<T>(&self, name: &str, error: &CallError) -> Result<T, Error> {
        let text = self.fail_text(format!("error calling {name}: {error}"));
        let causes = chain(&error.to_string(), error.causes());
        Err(Error::Execute { text, causes })
    }

    fn no_field(&self, name: &str, receiver: &Operand) -> Evaluated {
        self.fail(format!("can't evaluate field {name} in type {}", receiver.type_name()))
    }
}

/// The bytes that a value itself holds, those of its parts left out.
fn size(value: &Value) -> usize {
    match value {
        Value::Str(text) => text.len(),
        Value::Raw(bytes) | Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => std::mem::size_of_val(list.items.as_slice()),
        _ => 0,
    }
}

fn argument_text(word: &Word) -> String {
    word.to_string()
}

/// The type of the parameter at `index`.
fn expected(function: &Function, index: usize) -> Type {
    let rest = function.rest.unwrap_or(Type::Any);
    function.parameters.get(index).copied().unwrap_or(rest)
}
