//! Addresses and networks as Go's `netip` reads them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use flux_gostd::quote::quote;

/// Reads an address without a zone, which is no mapped one either.
pub(crate) fn parse_ip(text: &str) -> Result<IpAddr, String> {
    let found = parse_addr(text).map_err(|problem| {
        format!("IP Address {} parse error during conversion from string: {problem}", quote(text))
    })?;
    match found {
        Found::Zoned => Err(format!("IP address {} with zone value is not allowed", quote(text))),
        Found::Plain(address) if is_mapped(address) => {
            Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)))
        }
        Found::Plain(address) => Ok(address),
    }
}

/// Reads a network.
pub(crate) fn parse_cidr(text: &str) -> Result<(IpAddr, u8), String> {
    let fail = |problem: &str| {
        let shown = quote(text);
        format!(
            "network address parse error during conversion from string: \
             netip.ParsePrefix({shown}): {problem}"
        )
    };
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| fail("no '/'"))?;
    let address = match parse_addr(address) {
        Ok(Found::Plain(address)) => address,
        Ok(Found::Zoned) => return Err(fail("IPv6 zones cannot be present in a prefix")),
        Err(problem) => return Err(fail(&problem)),
    };
    let digits = bits.bytes().all(|b| b.is_ascii_digit());
    let leading = bits.len() > 1 && bits.starts_with('0');
    let number = bits.parse::<u32>().ok().filter(|_| digits && !leading);
    let number = number.ok_or_else(|| fail(&format!("bad bits after slash: {}", quote(bits))))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if number > most {
        return Err(fail("prefix length out of range"));
    }
    if is_mapped(address) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", quote(text)));
    }
    Ok((address, u8::try_from(number).unwrap_or(0)))
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

enum Found {
    Plain(IpAddr),
    Zoned,
}

fn parse_addr(text: &str) -> Result<Found, String> {
    let fail = |problem: &str, at: &str| {
        let place = if at.is_empty() { String::new() } else { format!(" (at {})", quote(at)) };
        format!("ParseAddr({}): {problem}{place}", quote(text))
    };
    match text.find(['.', ':', '%']).and_then(|at| text[at..].chars().next()) {
        Some('.') => parse_v4(text)
            .map(|address| Found::Plain(IpAddr::V4(address)))
            .map_err(|(problem, at)| fail(problem, at)),
        Some(':') => {
            let (address, zone) = match text.split_once('%') {
                Some((address, zone)) => (address, Some(zone)),
                None => (text, None),
            };
            if zone == Some("") {
                return Err(fail("zone must be a non-empty string", ""));
            }
            let parsed: Result<Ipv6Addr, _> = address.parse();
            match (parsed, zone) {
                (Ok(_), Some(_)) => Ok(Found::Zoned),
                (Ok(address), None) => Ok(Found::Plain(IpAddr::V6(address))),
                (Err(_), _) => {
                    let (problem, at) = v6_problem(address);
                    Err(fail(problem, at))
                }
            }
        }
        Some(_) => Err(fail("missing IPv6 address", "")),
        None => Err(fail("unable to parse IP", "")),
    }
}

fn parse_v4(text: &str) -> Result<Ipv4Addr, (&'static str, &str)> {
    let mut octets = [0_u8; 4];
    let mut parts = 0;
    let mut value: Option<u32> = None;
    for (at, c) in text.char_indices() {
        let here = &text[at..];
        match c {
            '0'..='9' if value == Some(0) => {
                return Err(("IPv4 field has octet with leading zero", ""));
            }
            '0'..='9' => {
                let digit = c.to_digit(10).unwrap_or(0);
                let next = value.unwrap_or(0) * 10 + digit;
                if next > 255 {
                    return Err(("IPv4 field has value >255", ""));
                }
                value = Some(next);
            }
            '.' => {
                let Some(octet) = value.take().filter(|_| here.len() > 1) else {
                    return Err(("IPv4 field must have at least one digit", here));
                };
                let Some(slot) = octets.get_mut(parts).filter(|_| parts < 3) else {
                    return Err(("IPv4 address too long", ""));
                };
                *slot = u8::try_from(octet).unwrap_or(0);
                parts += 1;
            }
            _ => return Err(("unexpected character", here)),
        }
    }
    if parts < 3 {
        return Err(("IPv4 address too short", ""));
    }
    octets[3] = u8::try_from(value.unwrap_or(0)).unwrap_or(0);
    Ok(Ipv4Addr::from(octets))
}

/// Says why a text is no address of version 6.
fn v6_problem(text: &str) -> (&'static str, &str) {
    let mut rest = text.strip_prefix("::").unwrap_or(text);
    let mut groups = 0;
    let mut shortened = rest.len() < text.len();
    while !rest.is_empty() && groups < 8 {
        let len = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if len > 4 {
            return ("each group must have 4 or less digits", rest);
        }
        if len == 0 {
            return ("each colon-separated field must have at least one digit", rest);
        }
        let after = &rest[len..];
        if after.starts_with('.') {
            return ("embedded IPv4 address must replace the final 2 fields of the address", rest);
        }
        groups += 1;
        rest = after;
        if rest.is_empty() {
            break;
        }
        let Some(tail) = rest.strip_prefix(':') else {
            return ("unexpected character, want colon", rest);
        };
        if tail.is_empty() {
            return ("colon must be followed by more characters", rest);
        }
        rest = tail;
        if let Some(tail) = rest.strip_prefix(':') {
            if shortened {
                return ("multiple :: in address", rest);
            }
            shortened = true;
            rest = tail;
        }
    }
    if !rest.is_empty() {
        return ("trailing garbage after address", rest);
    }
    if groups < 8 && !shortened {
        return ("address string too short", "");
    }
    ("the :: must expand to at least one field of zeros", "")
}

/// Returns an address with all bits after the first ones cleared.
pub(crate) fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// Tells whether a network holds an address.
pub(crate) fn contains(network: (IpAddr, u8), address: IpAddr) -> bool {
    network.0.is_ipv4() == address.is_ipv4()
        && masked(network.0, network.1) == masked(address, network.1)
}

/// Tells whether an address is unicast and not only for this link or host, as Go has it.
pub(crate) fn is_global_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(broadcast
        || address.is_unspecified()
        || address.is_loopback()
        || address.is_multicast()
        || is_link_local_unicast(address))
}

/// Tells whether an address is unicast and for this link only.
pub(crate) fn is_link_local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// Tells whether an address is multicast and for this link only.
pub(crate) fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(address.octets(), [224, 0, 0, _]),
        IpAddr::V6(address) => address.segments()[0] & 0xff0f == 0xff02,
    }
}
