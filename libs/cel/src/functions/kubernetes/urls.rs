//! URLs.

use super::super::{Function, function, no_overload};
use super::opaque;
use crate::error::EvalError;
use crate::opaque::Opaque;
use crate::opaque::url::Url;
use crate::value::{Key, Outcome, Value};

pub(in super::super) const FUNCTIONS: &[Function] = &[
    function("url", &[("string_to_url", "(string) -> kubernetes.URL")], |args| match args {
        [Value::String(text)] => match Url::parse(text) {
            Ok(url) => Ok(opaque(Opaque::Url(url))),
            Err(problem) => Err(EvalError::new(format!(
                "URL parse error during conversion from string: {problem}"
            ))),
        },
        _ => no_overload(),
    }),
    function("isURL", &[("is_url_string", "(string) -> bool")], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(Url::parse(text).is_ok())),
        _ => no_overload(),
    }),
    function("getScheme", &[("url_get_scheme", "kubernetes.URL.() -> string")], |args| {
        text(args, |url| url.scheme.clone())
    }),
    function("getHost", &[("url_get_host", "kubernetes.URL.() -> string")], |args| {
        text(args, |url| url.host.clone())
    }),
    function("getHostname", &[("url_get_hostname", "kubernetes.URL.() -> string")], |args| {
        text(args, |url| url.hostname().to_owned())
    }),
    function("getPort", &[("url_get_port", "kubernetes.URL.() -> string")], |args| {
        text(args, |url| url.port().to_owned())
    }),
    function(
        "getEscapedPath",
        &[("url_get_escaped_path", "kubernetes.URL.() -> string")],
        |args| text(args, Url::escaped_path),
    ),
    function(
        "getQuery",
        &[("url_get_query", "kubernetes.URL.() -> map(string, list(string))")],
        |args| {
            let entries = url_of(args)?.parameters().into_iter().map(|(key, values)| {
                let values = values.into_iter().map(Value::string).collect();
                (Key::String(key.into()), Value::list(values))
            });
            Ok(Value::map(entries.collect()))
        },
    ),
];

fn url_of<'a>(args: &'a [Value<'_>]) -> Result<&'a Url, EvalError> {
    match args {
        [Value::Opaque(value)] => match &**value {
            Opaque::Url(url) => Ok(url),
            _ => Err(EvalError::no_such_overload()),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn text<'v>(args: &[Value<'v>], read: impl Fn(&Url) -> String) -> Outcome<'v> {
    Ok(Value::string(read(url_of(args)?)))
}
