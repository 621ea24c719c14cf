use crate::{Env, Type};

/// Checks an expression with a few variables and shows the type of its result or the problems.
fn check(expression: &str, expected: &str) {
    let env = Env::flux()
        .with_variable("self", Type::structure())
        .with_variable("n", Type::Int)
        .with_variable("names", Type::list(Type::String))
        .with_variable("any", Type::Dyn);
    let got = match env.compile(expression) {
        Ok(program) => program.output_type().full_name(),
        Err(error) => error.to_string(),
    };
    assert_eq!(got, expected, "{expression}");
}

#[test]
fn types_follow_from_declarations() {
    check("n + 1", "int");
    check("self.a.b", "dyn");
    check("names.map(n, n.size())", "list(int)");
    check("names.filter(x, x.startsWith('a')).first()", "optional_type(string)");
    check("self.?a.orValue(1)", "dyn");
    check("{'a': n}", "map(string, int)");
    check("[]", "list(dyn)");
    check("n == 1 ? names[0] : any", "dyn");
    check("duration('1h') + timestamp('2024-01-01T00:00:00Z')", "google.protobuf.Timestamp");
    check("type(n)", "type(int)");
    check("n < 2.5 && has(self.a)", "bool");
    check("optional.of(n).optMap(x, x == 1)", "optional_type(bool)");
}

#[test]
fn problems_are_told_with_their_places() {
    check(
        "foo + bar",
        "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo + bar\n | ^\n\
         ERROR: <input>:1:7: undeclared reference to 'bar' (in container '')\n | foo + bar\n | ......^",
    );
    check(
        "self == 'x'",
        "ERROR: <input>:1:6: found no matching overload for '_==_' applied to '(map(string, dyn), \
         string)'\n | self == 'x'\n | .....^",
    );
    check(
        "names.startsWith(n)",
        "ERROR: <input>:1:17: found no matching overload for 'startsWith' applied to \
         'list(string).(int)'\n | names.startsWith(n)\n | ................^",
    );
    check(
        "n.foo",
        "ERROR: <input>:1:2: type 'int' does not support field selection\n | n.foo\n | .^",
    );
    check(
        "n.all(x, true)",
        "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be \
         list, map, or dynamic)\n | n.all(x, true)\n | ^",
    );
    check(
        "[1, 'a']",
        "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^",
    );
    check(
        "'%d'.format(['a'])",
        "ERROR: <input>:1:14: error during formatting: decimal clause can only be used on ints, \
         uints, and doubles, was given string\n | '%d'.format(['a'])\n | .............^",
    );
}

#[test]
fn lists_may_mix_types_as_arguments_of_a_format() {
    check("'%s %d'.format(['a', n])", "string");
}

#[test]
fn types_that_double_with_each_step_end_early() {
    let doubling = format!("[1]{}", ".map(x, {x: x})".repeat(60));
    let error = Env::flux().compile(&doubling).err().unwrap().to_string();
    assert!(error.contains("too complex"), "{error}");
}
