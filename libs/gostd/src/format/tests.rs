use super::*;
use crate::quote::unquote;

/// A format, the name of its arguments, and what Go prints.
const RECORDED: &str = include_str!("tests/recorded.tsv");

fn int(value: i64) -> Value {
    Value::Int(value, IntKind::Int)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn arguments(name: &str) -> Vec<Value> {
    let one = match name {
        "nil" => Value::Nil,
        "true" => Value::Bool(true),
        "int" => int(42),
        "neg" => int(-7),
        "zero" => int(0),
        "i64" => Value::Int(9, IntKind::Int64),
        "f" => Value::Float(1.5),
        "big" => Value::Float(1e21),
        "small" => Value::Float(0.00001),
        "negf" => Value::Float(-3.25),
        "s" => text("héllo"),
        "q" => text("a\"b\n"),
        "list" => {
            Value::List(vec![int(1), text("a"), Value::Bool(true), Value::Nil, Value::Float(1.5)])
        }
        "map" => Value::Map(vec![("a".to_owned(), int(1)), ("b".to_owned(), text("x"))]),
        _ => return vec![int(3), int(4)],
    };
    vec![one]
}

#[test]
fn values_print_as_in_go() {
    let mut wrong = Vec::new();
    for line in RECORDED.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let format = unquote(columns[0]).unwrap();
        let got = sprintf(&format, &arguments(columns[1])).unwrap();
        if got != unquote(columns[2]).unwrap() {
            wrong.push(format!("{format} {} want {} got {got:?}", columns[1], columns[2]));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn widths_do_not_exhaust_memory() {
    let many = "%[1]1000000d".repeat(1000);
    assert_eq!(sprintf(&many, &[int(1)]), None);
    let list = Value::List(vec![int(1); 1000]);
    assert_eq!(sprintf("%1000000d", &[list]), None);
    assert_eq!(sprintf("%1000000d", &[int(1)]).map(|text| text.len()), Some(1_000_000));
}
