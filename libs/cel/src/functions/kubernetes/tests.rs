use serde_json::json;

use crate::Env;

/// Checks and runs an expression without variables.
fn check(expression: &str, expected: &str) {
    let document = json!({});
    let got = match Env::kubernetes().compile(expression) {
        Err(error) => error.to_string(),
        Ok(program) => match program.evaluate(&document.as_object().unwrap()) {
            Ok(value) => value.to_json().map_or_else(|| format!("{value:?}"), |v| v.to_string()),
            Err(error) => error.to_string(),
        },
    };
    assert_eq!(got, expected, "{expression}");
}

#[test]
fn lists_are_summed_searched_and_sorted() {
    check("[3, 1, 2].sum()", "6");
    check("[3, 1, 2].min() == 1 && ['b', 'a'].max() == 'b'", "true");
    check("[].max()", "max called on empty list");
    check("[1, 2, 2].isSorted()", "true");
    check("['a', 'b', 'a'].lastIndexOf('a')", "2");
    check("[3, 1, 2].sort()", "[1,2,3]");
    check("['bb', 'a'].sortBy(x, x.size())", r#"["a","bb"]"#);
    check("[1, 1, 2].distinct()", "[1,2]");
    check("[[1], [2, 3]].flatten()", "[1,2,3]");
    check("[1, 2, 3].slice(1, 9)", "cannot slice(1, 9), list is length 3");
    check("lists.range(3)", "[0,1,2]");
}

#[test]
fn macros_go_over_keys_and_values() {
    check("{'a': 1, 'b': 2}.all(k, v, v > 0 && k != 'c')", "true");
    check("['x', 'y'].transformMap(i, v, v + string(i))", r#"{"0":"x0","1":"y1"}"#);
    check("['x', 'y'].transformMapEntry(i, v, {v: i})", r#"{"x":0,"y":1}"#);
    check("['x', 'x'].transformMapEntry(i, v, {v: i})", "insert failed: key x already exists");
}

#[test]
fn addresses_and_networks_are_read_as_go_reads_them() {
    check("isIP('::ffff:1.2.3.4')", "false");
    check("ip('10.0.0.1').family()", "4");
    check("string(cidr('10.1.2.3/16').masked())", r#""10.1.0.0/16""#);
    check("cidr('10.0.0.0/8').containsIP('10.9.9.9')", "true");
    check("cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", "false");
    check(
        "ip('256.0.0.1')",
        "IP Address \"256.0.0.1\" parse error during conversion from string: \
         ParseAddr(\"256.0.0.1\"): IPv4 field has value >255",
    );
}

#[test]
fn quantities_are_exact() {
    check("quantity('1.5Gi').isGreaterThan(quantity('1500M'))", "true");
    check("quantity('100m').add(quantity('900m')).compareTo(quantity('1'))", "0");
    check("quantity('1k').asInteger()", "1000");
    check("quantity('1500m').asInteger()", "cannot convert value to integer");
    check("isQuantity('1p')", "false");
}

#[test]
fn urls_versions_and_formats_are_taken_apart() {
    check("url('https://a.b:80/p?q=1&q=2').getQuery()", r#"{"q":["1","2"]}"#);
    check("url('https://[::1]:8080/x').getHostname()", r#""::1""#);
    check("isURL('rel')", "false");
    check("semver('v1.2', true).minor()", "2");
    check("isSemver('01.2.3')", "false");
    check("format.dns1123Label().validate('a.b').value()", r#"["must not contain dots"]"#);
    check("'a1b2'.findAll('[0-9]')", r#"["1","2"]"#);
}

#[test]
fn literals_that_can_never_be_read_are_refused_at_once() {
    check(
        "duration('x')",
        "ERROR: <input>:1:10: invalid duration argument\n | duration('x')\n | .........^",
    );
    check(
        "'a'.matches('[')",
        "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('[')\n | ............^",
    );
}

#[test]
fn formats_print_as_the_second_version_of_the_library() {
    check("'%f %s'.format([1234567.5, ['a', 1]])", r#""1,234,567.500000 [\"a\", 1]""#);
}
