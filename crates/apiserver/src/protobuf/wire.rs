//! The wire format: keys, varints and pieces with a length.

/// What a field holds, before anything is known of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes, which no field of the known kinds has.
    Fixed,
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) payload: Payload<'a>,
}

impl<'a> Field<'a> {
    /// Returns the piece of a field that has a length.
    pub(super) fn bytes(&self) -> Result<&'a [u8], String> {
        match self.payload {
            Payload::Bytes(bytes) => Ok(bytes),
            Payload::Varint(_) | Payload::Fixed => Err(self.mismatch()),
        }
    }

    /// Returns the number of a field that holds one.
    pub(super) fn varint(&self) -> Result<u64, String> {
        match self.payload {
            Payload::Varint(number) => Ok(number),
            Payload::Bytes(_) | Payload::Fixed => Err(self.mismatch()),
        }
    }

    fn mismatch(&self) -> String {
        format!("proto: wrong wireType for field {}", self.number)
    }
}

/// Returns the fields of a message in their order; after an error there are no more.
pub(super) fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, String>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = next_field(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

/// Returns the numbers of a packed list.
pub(super) fn numbers(packed: &[u8]) -> impl Iterator<Item = Result<u64, String>> {
    let mut rest = packed;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let number = varint(&mut rest);
        if number.is_err() {
            rest = &[];
        }
        Some(number)
    })
}

fn next_field<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, String> {
    let key = varint(rest)?;
    let number = key >> 3;
    if number == 0 || number > u64::from(u32::MAX >> 3) {
        return Err(format!("proto: illegal tag {number} (wire type {})", key & 7));
    }
    let payload = match key & 7 {
        0 => Payload::Varint(varint(rest)?),
        1 => skip(rest, 8)?,
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| cut_short())?;
            Payload::Bytes(take(rest, length)?)
        }
        5 => skip(rest, 4)?,
        other => return Err(format!("proto: illegal wireType {other}")),
    };
    Ok(Field { number, payload })
}

fn skip<'a>(rest: &mut &'a [u8], length: usize) -> Result<Payload<'a>, String> {
    take(rest, length).map(|_| Payload::Fixed)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (piece, tail) = rest.split_at_checked(length).ok_or_else(cut_short)?;
    *rest = tail;
    Ok(piece)
}

fn varint(rest: &mut &[u8]) -> Result<u64, String> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or_else(cut_short)?;
        *rest = tail;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("proto: integer overflow".to_owned())
}

fn cut_short() -> String {
    "unexpected EOF".to_owned()
}
