//! The parts of the Protocol Buffers wire format that ONNX files are rewritten with.
//!
//! Source: the Protocol Buffers encoding guide.

/// Bytes that are not valid Protocol Buffers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("damaged model file: {what} at byte {at}")]
pub(crate) struct WireError {
    /// What is wrong.
    pub(crate) what: &'static str,
    /// Where, in bytes from the start of the message.
    pub(crate) at: usize,
}

/// A field's value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// A field of a message.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    pub(crate) number: u64,
    pub(crate) value: Value<'a>,
    /// The bytes of the field, including its key.
    pub(crate) raw: &'a [u8],
}

/// The last field `number` of `message`, which is the one that counts.
pub(crate) fn bytes_of(message: &[u8], number: u64) -> Result<Option<&[u8]>, WireError> {
    let found = fields(message)?.into_iter().rev().find_map(|field| {
        let Value::Bytes(bytes) = field.value else {
            return None;
        };
        (field.number == number).then_some(bytes)
    });
    Ok(found)
}

/// Splits a message into its fields.
pub(crate) fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, WireError> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let key = take_varint(message, &mut at)?;
        let value = match key & 7 {
            0 => Value::Varint(take_varint(message, &mut at)?),
            1 => take(message, &mut at, 8).map(|_| Value::Fixed)?,
            2 => {
                let length = take_varint(message, &mut at)?;
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                Value::Bytes(take(message, &mut at, length)?)
            }
            5 => take(message, &mut at, 4).map(|_| Value::Fixed)?,
            _ => {
                let what = "unknown kind of field";
                return Err(WireError { what, at: start });
            }
        };
        found.push(Field {
            number: key >> 3,
            value,
            raw: &message[start..at],
        });
    }
    Ok(found)
}

fn take<'a>(message: &'a [u8], at: &mut usize, length: usize) -> Result<&'a [u8], WireError> {
    let end = at.checked_add(length).filter(|end| *end <= message.len());
    let Some(end) = end else {
        let what = "a field goes past the end";
        return Err(WireError { what, at: *at });
    };
    let taken = &message[*at..end];
    *at = end;
    Ok(taken)
}

fn take_varint(message: &[u8], at: &mut usize) -> Result<u64, WireError> {
    let start = *at;
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(message, at, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    let what = "a number is too long";
    Err(WireError { what, at: start })
}

/// Appends a number.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends a field of bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
