use crate::Env;

fn check(expression: &str, expected: &str) {
    let got = match Env::flux().parse(expression) {
        Ok(_) => "fine".to_owned(),
        Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    assert_eq!(got, expected, "{expression}");
}

const OPERANDS: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, \
                        NUM_UINT, STRING, BYTES, IDENTIFIER}";

#[test]
fn what_the_grammar_accepts_parses() {
    for text in ["-1 - -x", "!!a", "[1, 2,]", "{'a': 1,}", "a.?b", "// c\n1"] {
        check(text, "fine");
    }
    check("r'\\n' + \"\"\"x\"\"\" + b'\\x00' == 1", "fine");
    check("a.all(x, x) ? [?b] : {?'c': d}", "fine");
}

#[test]
fn the_first_wrong_place_is_told_in_the_words_of_the_generated_parser() {
    check("foo.", "ERROR: <input>:1:5: Syntax error: no viable alternative at input '.'");
    check("a..b", "ERROR: <input>:1:3: Syntax error: no viable alternative at input '..'");
    check(
        "a.true",
        "ERROR: <input>:1:3: Syntax error: mismatched input 'true' expecting IDENTIFIER",
    );
    check("a b", "ERROR: <input>:1:3: Syntax error: extraneous input 'b' expecting <EOF>");
    check("(1", "ERROR: <input>:1:3: Syntax error: missing ')' at '<EOF>'");
    check("[1", "ERROR: <input>:1:3: Syntax error: mismatched input '<EOF>' expecting {']', ','}");
    check("a ? b", "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ':'");
    check(
        "1 +",
        &format!("ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {OPERANDS}"),
    );
    check(
        "* 1",
        &format!("ERROR: <input>:1:1: Syntax error: extraneous input '*' expecting {OPERANDS}"),
    );
    check(
        "",
        &format!("ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {OPERANDS}"),
    );
    check("1 $ 2", "ERROR: <input>:1:3: Syntax error: token recognition error at: '$'");
}
