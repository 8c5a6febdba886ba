//! The few rules of protobuf's wire format that a pprof profile needs, on bytes that nobody vouches for.
//!
//! Written here rather than derived: a derived decoder builds every empty message that two bytes ask for before anybody
//! can count them, and a profile needs five messages of a dozen fields.

use super::error::Fault;

/// The value of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number.
    Varint(u64),
    /// A message, a string or packed numbers.
    Bytes(&'a [u8]),
    /// Eight or four bytes, which no field that matters here has.
    Fixed,
}

/// Walks over the fields of a message.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for place in 0..10 {
            let (&byte, rest) = self.rest.split_first().ok_or(Fault::Truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Protobuf("a number has more than ten bytes"))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let count = usize::try_from(count).map_err(|_| Fault::Truncated)?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), Fault> {
        let key = self.varint()?;
        let number = key >> 3;
        if number == 0 {
            return Err(Fault::Protobuf("a field has the number 0"));
        }
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Fault::Protobuf("a field is of no kind that protobuf has")),
        };
        Ok((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

/// Adds the numbers of a repeated field, packed or one by one.
///
/// # Errors
/// Where they are damaged, or more than `most`.
pub(super) fn numbers(value: Value<'_>, most: usize, into: &mut Vec<u64>) -> Result<(), Fault> {
    match value {
        Value::Varint(number) => into.push(number),
        Value::Bytes(packed) => {
            let mut fields = Fields::new(packed);
            while !fields.rest.is_empty() {
                into.push(fields.varint()?);
                if into.len() > most {
                    break;
                }
            }
        }
        Value::Fixed => return Err(Fault::Protobuf("a number is of another kind than pprof writes")),
    }
    if into.len() > most {
        return Err(Fault::TooMuch { what: "numbers in one list", limit: most });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_damage_is_named() {
        let fields: Vec<_> = Fields::new(&[0x08, 0x96, 0x01, 0x12, 0x02, 7, 8]).collect::<Result<_, _>>().unwrap();
        assert_eq!(fields, [(1, Value::Varint(150)), (2, Value::Bytes(&[7, 8]))]);
        for damaged in [&[0x08][..], &[0x12, 5, 1], &[0x08, 0xff], &[0x0f], &[0x00], &[0xff; 11]] {
            assert!(Fields::new(damaged).any(|field| field.is_err()), "{damaged:?}");
        }
    }

    #[test]
    fn a_list_has_a_bound() {
        let mut list = Vec::new();
        numbers(Value::Bytes(&[1, 2, 0xac, 0x02]), 3, &mut list).unwrap();
        assert_eq!(list, [1, 2, 300]);
        assert!(numbers(Value::Varint(1), 3, &mut list).is_err());
    }
}
