//! Reading numbers and lines out of bytes that somebody else wrote: no UTF-8, no allocation, and nothing that can panic.

/// The first line of `text` without its newline, and what follows; `None` at the end.
pub(super) fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.is_empty() {
        return None;
    }
    match newline(text) {
        Some(end) => Some((&text[..end], &text[end + 1..])),
        None => Some((text, &[])),
    }
}

/// Where the first newline stands, eight bytes at a time: the lines of `status` are some twenty bytes long, and finding
/// their ends is most of the work of reading it.
fn newline(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    const NEWLINES: u64 = u64::from_le_bytes([b'\n'; 8]);
    let (words, rest) = text.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let zero_where_newline = u64::from_le_bytes(*word) ^ NEWLINES;
        // The lowest bit that stays marks the first zero byte (higher ones may be marked by the borrow alone).
        let marks = zero_where_newline.wrapping_sub(ONES) & !zero_where_newline & HIGHS;
        if marks != 0 {
            return Some(position * 8 + (marks.trailing_zeros() / 8) as usize);
        }
    }
    rest.iter().position(|&byte| byte == b'\n').map(|position| words.len() * 8 + position)
}

/// The lines of `text`.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

/// The decimal number that begins `text` after blanks; `None` where there is none or it does not fit.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?;
    let mut value: u64 = 0;
    let mut digits = 0;
    for &byte in &text[start..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        digits += 1;
    }
    (digits > 0).then_some(value)
}

/// The number on the line that begins with `key`, such as `anon` in the "name value" lines of `memory.stat`.
pub(super) fn keyed(text: &[u8], key: &[u8]) -> Option<u64> {
    lines(text).find_map(|line| {
        let rest = line.strip_prefix(key)?;
        matches!(rest.first(), Some(b' ' | b'\t' | b':'))
            .then(|| number(rest.strip_prefix(b":").unwrap_or(rest)))
            .flatten()
    })
}

/// The words of `text` between blanks.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_newline_is_the_first(bytes in proptest::collection::vec(8u8..13, 0..64)) {
            prop_assert_eq!(newline(&bytes), bytes.iter().position(|&byte| byte == b'\n'));
        }
    }

    #[test]
    fn a_number_ends_at_its_last_digit_and_must_fit() {
        assert_eq!(number(b"\t    1672 kB"), Some(1672));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), None);
        assert_eq!(number(b" kB"), None);
        assert_eq!(number(b""), None);
    }

    #[test]
    fn a_key_is_a_whole_word() {
        let text = b"anon_thp 5\nanon 7\nfile: 9\n";
        assert_eq!(keyed(text, b"anon"), Some(7));
        assert_eq!(keyed(text, b"file"), Some(9));
        assert_eq!(keyed(text, b"slab"), None);
    }
}
