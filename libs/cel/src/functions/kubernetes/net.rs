//! Addresses and networks.

use std::net::IpAddr;

use super::super::{Function, function, no_overload};
use super::opaque;
use crate::error::EvalError;
use crate::opaque::{Opaque, address};
use crate::value::{Outcome, Value};

pub(in super::super) const FUNCTIONS: &[Function] = &[
    function(
        "ip",
        &[("string_to_ip", "(string) -> net.IP"), ("cidr_ip", "net.CIDR.() -> net.IP")],
        |args| match args {
            [Value::String(text)] => Ok(opaque(Opaque::Ip(parse_ip(text)?))),
            [_] => Ok(opaque(Opaque::Ip(cidr_of(args.first())?.0))),
            _ => no_overload(),
        },
    ),
    function("isIP", &[("is_ip", "(string) -> bool")], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(parse_ip(text).is_ok())),
        _ => no_overload(),
    }),
    function("ip.isCanonical", &[("ip_is_canonical", "(string) -> bool")], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(parse_ip(text)?.to_string() == **text)),
        _ => no_overload(),
    }),
    function("family", &[("ip_family", "net.IP.() -> int")], |args| {
        let family = if ip_of(args.first())?.is_ipv4() { 4 } else { 6 };
        Ok(Value::Int(family))
    }),
    function("isUnspecified", &[("ip_is_unspecified", "net.IP.() -> bool")], |args| {
        test(args, |address| address.is_unspecified())
    }),
    function("isLoopback", &[("ip_is_loopback", "net.IP.() -> bool")], |args| {
        test(args, |address| address.is_loopback())
    }),
    function(
        "isLinkLocalMulticast",
        &[("ip_is_link_local_multicast", "net.IP.() -> bool")],
        |args| test(args, address::is_link_local_multicast),
    ),
    function("isLinkLocalUnicast", &[("ip_is_link_local_unicast", "net.IP.() -> bool")], |args| {
        test(args, address::is_link_local_unicast)
    }),
    function("isGlobalUnicast", &[("ip_is_global_unicast", "net.IP.() -> bool")], |args| {
        test(args, address::is_global_unicast)
    }),
    function(
        "string",
        &[("ip_to_string", "(net.IP) -> string"), ("cidr_to_string", "(net.CIDR) -> string")],
        |args| match args {
            [Value::Opaque(value)] => match value.text() {
                Some(text) => Ok(Value::string(text)),
                None => no_overload(),
            },
            _ => no_overload(),
        },
    ),
    function("cidr", &[("string_to_cidr", "(string) -> net.CIDR")], |args| match args {
        [Value::String(text)] => parse_cidr(text).map(|(ip, bits)| opaque(Opaque::Cidr(ip, bits))),
        _ => no_overload(),
    }),
    function("isCIDR", &[("is_cidr", "(string) -> bool")], |args| match args {
        [Value::String(text)] => Ok(Value::Bool(address::parse_cidr(text).is_ok())),
        _ => no_overload(),
    }),
    function(
        "containsIP",
        &[
            ("cidr_contains_ip_string", "net.CIDR.(string) -> bool"),
            ("cidr_contains_ip_ip", "net.CIDR.(net.IP) -> bool"),
        ],
        |args| {
            let network = cidr_of(args.first())?;
            let address = match args.get(1) {
                // A text that is no address is refused like a value of another type.
                Some(Value::String(text)) => {
                    address::parse_ip(text).map_err(|_| EvalError::no_such_overload())?
                }
                other => ip_of(other)?,
            };
            Ok(Value::Bool(address::contains(network, address)))
        },
    ),
    function(
        "containsCIDR",
        &[
            ("cidr_contains_cidr_string", "net.CIDR.(string) -> bool"),
            ("cidr_contains_cidr", "net.CIDR.(net.CIDR) -> bool"),
        ],
        |args| {
            let network = cidr_of(args.first())?;
            let other = match args.get(1) {
                Some(Value::String(text)) => parse_cidr(text)?,
                other => cidr_of(other)?,
            };
            let within = address::contains(network, other.0) && network.1 <= other.1;
            Ok(Value::Bool(within))
        },
    ),
    function("prefixLength", &[("cidr_prefix_length", "net.CIDR.() -> int")], |args| {
        Ok(Value::Int(i64::from(cidr_of(args.first())?.1)))
    }),
    function("masked", &[("cidr_masked", "net.CIDR.() -> net.CIDR")], |args| {
        let (address, bits) = cidr_of(args.first())?;
        Ok(opaque(Opaque::Cidr(address::masked(address, bits), bits)))
    }),
];

fn parse_ip(text: &str) -> Result<IpAddr, EvalError> {
    address::parse_ip(text).map_err(EvalError::new)
}

fn parse_cidr(text: &str) -> Result<(IpAddr, u8), EvalError> {
    address::parse_cidr(text).map_err(|problem| {
        EvalError::new(format!(
            "network address parse error during conversion from string: {problem}"
        ))
    })
}

fn ip_of(value: Option<&Value<'_>>) -> Result<IpAddr, EvalError> {
    match value {
        Some(Value::Opaque(value)) => match **value {
            Opaque::Ip(address) => Ok(address),
            _ => Err(EvalError::no_such_overload()),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn cidr_of(value: Option<&Value<'_>>) -> Result<(IpAddr, u8), EvalError> {
    match value {
        Some(Value::Opaque(value)) => match **value {
            Opaque::Cidr(address, bits) => Ok((address, bits)),
            _ => Err(EvalError::no_such_overload()),
        },
        _ => Err(EvalError::no_such_overload()),
    }
}

fn test<'v>(args: &[Value<'v>], test: impl Fn(IpAddr) -> bool) -> Outcome<'v> {
    Ok(Value::Bool(test(ip_of(args.first())?)))
}
