//! What comes by chance.

use flux_gotemplate::{CallError, Type, Value};

use crate::Host;
use crate::registry::{MOST_BYTES, Registry, too_large};

const INT: Type = Type::Int;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_with_host("randAlphaNum", &[INT], |host, args| {
        characters(host, args.int(0), |c| c.is_ascii_alphanumeric())
    });
    registry.add_with_host("randAlpha", &[INT], |host, args| {
        characters(host, args.int(0), |c| c.is_ascii_alphabetic())
    });
    registry.add_with_host("randNumeric", &[INT], |host, args| {
        characters(host, args.int(0), |c| c.is_ascii_digit())
    });
    registry.add_with_host("randAscii", &[INT], |host, args| {
        characters(host, args.int(0), |c| (b' '..=b'~').contains(c))
    });
    registry.add_with_host("randBytes", &[INT], |host, args| {
        use base64::Engine;
        let count = usize::try_from(args.int(0))
            .map_err(|_| "runtime error: makeslice: len out of range")?;
        if count > MOST_BYTES {
            return Err(too_large("the string"));
        }
        let mut bytes = vec![0; count];
        host.fill(&mut bytes);
        Ok(base64::engine::general_purpose::STANDARD.encode(bytes).into())
    });
    registry.add_with_host("randInt", &[INT, INT], |host, args| {
        let (least, limit) = (args.int(0), args.int(1));
        match u64::try_from(limit.wrapping_sub(least)) {
            Ok(range @ 1..) => Ok(Value::Int(least.wrapping_add_unsigned(below(host, range)))),
            _ => Err("invalid argument to Intn".into()),
        }
    });
    registry.add_with_host("shuffle", &[Type::Str], |host, args| {
        let mut chars: Vec<char> = args.text(0).chars().collect();
        for last in (1..chars.len()).rev() {
            let other = below(host, u64::try_from(last).unwrap_or(0) + 1);
            chars.swap(last, usize::try_from(other).unwrap_or(0));
        }
        Ok(chars.into_iter().collect::<String>().into())
    });
    registry.add_with_host("uuidv4", &[], |host, _| {
        let mut bytes = [0_u8; 16];
        host.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let text = hex::encode(bytes);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let parts = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)];
        Ok(parts.join("-").into())
    });
    registry.add_with_host("getHostByName", &[Type::Str], |host, args| {
        let addresses = host.addresses(&args.text(0));
        let count = u64::try_from(addresses.len()).unwrap_or(0);
        if count == 0 {
            return Err("invalid argument to Intn".into());
        }
        let chosen = usize::try_from(below(host, count)).unwrap_or(0);
        Ok(addresses.into_iter().nth(chosen).unwrap_or_default().into())
    });
}

/// A number below `limit`, all equally likely.
pub(crate) fn below(host: &dyn Host, limit: u64) -> u64 {
    let largest = u64::MAX - u64::MAX % limit.max(1);
    loop {
        let mut bytes = [0; 8];
        host.fill(&mut bytes);
        let number = u64::from_le_bytes(bytes);
        if number < largest || largest == 0 {
            return number % limit.max(1);
        }
    }
}

fn characters(host: &dyn Host, count: i64, wanted: fn(&u8) -> bool) -> Result<Value, CallError> {
    // A negative count is an error that the original forgets.
    let count = usize::try_from(count).unwrap_or(0);
    if count > MOST_BYTES {
        return Err(too_large("the string"));
    }
    let set: Vec<u8> = (b' '..=b'~').filter(wanted).collect();
    let size = u64::try_from(set.len()).unwrap_or(1);
    let pick = |_| usize::try_from(below(host, size)).ok().and_then(|at| set.get(at).copied());
    Ok((0..count).filter_map(pick).map(char::from).collect::<String>().into())
}
