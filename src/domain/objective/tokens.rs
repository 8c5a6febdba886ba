//! An objective's text as words, and the words by clause: what stands before the first `for`, `in`, `over` or `from`, and
//! what stands behind each of them.

use super::bound::Comparison;
use super::error::ObjectiveError;

/// A word, a quoted name, a comma or a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A word; it may be a keyword.
    Word(String),
    /// A name in double quotes; it is never a keyword.
    Quoted(String),
    /// Between grades.
    Comma,
    /// How to compare.
    Compare(Comparison),
}

impl Token {
    /// What it says, for a name.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Quoted(text) => text,
            Self::Comma => ",",
            Self::Compare(comparison) => comparison.sign(),
        }
    }

    /// Whether it is this word, unquoted.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text == word)
    }
}

/// The words of a name or a limit with single spaces between them.
pub(super) fn joined(tokens: &[Token]) -> String {
    tokens.iter().map(Token::text).collect::<Vec<_>>().join(" ")
}

/// Splits a text into tokens. What stands in braces (labels, templates) belongs to its word, whatever it is.
///
/// # Errors
/// Where a quote is not closed, or where equality is asked for.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ObjectiveError> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' => {
                let end = rest[1..].find('"').ok_or_else(|| ObjectiveError::Quote(text.trim().to_owned()))?;
                (Token::Quoted(rest[1..=end].to_owned()), end + 2)
            }
            ',' => (Token::Comma, 1),
            '<' if rest.starts_with("<=") => (Token::Compare(Comparison::AtMost), 2),
            '>' if rest.starts_with(">=") => (Token::Compare(Comparison::AtLeast), 2),
            '<' => (Token::Compare(Comparison::Under), 1),
            '>' => (Token::Compare(Comparison::Over), 1),
            '≤' => (Token::Compare(Comparison::AtMost), '≤'.len_utf8()),
            '≥' => (Token::Compare(Comparison::AtLeast), '≥'.len_utf8()),
            '=' => return Err(ObjectiveError::Equality(text.trim().to_owned())),
            _ => {
                let length = word(rest);
                (Token::Word(rest[..length].to_owned()), length)
            }
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// The length of the word at the start of a text that begins with one, in bytes.
fn word(text: &str) -> usize {
    let mut depth = 0_usize;
    for (position, c) in text.char_indices() {
        match c {
            '{' if text[position..].contains('}') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '"' | ',' | '<' | '>' | '≤' | '≥' => return position,
            // `p95=5` compares, but a step may be called `GET /search?q=x`.
            '=' if !text[..position].contains(['/', '?']) => return position,
            c if c.is_whitespace() => return position,
            _ => {}
        }
    }
    text.len()
}

/// The words of one side of the comparison by clause.
#[derive(Debug, Default)]
pub(super) struct Clauses {
    /// What stands before the first clause: the quantity or the limit.
    pub(super) head: Vec<Token>,
    /// Behind `for`.
    pub(super) whose: Option<Vec<Token>>,
    /// Behind `in`.
    pub(super) phase: Option<Vec<Token>>,
    /// Behind `over`.
    pub(super) over: Option<Vec<Token>>,
    /// Behind `from`.
    pub(super) from: Option<Vec<Token>>,
}

impl Clauses {
    /// Sorts the words of both sides of the comparison: the head of the left, the head of the right, the clauses of both.
    ///
    /// # Errors
    /// Where a clause stands twice.
    pub(super) fn of(left: Vec<Token>, right: Vec<Token>) -> Result<(Vec<Token>, Self), ObjectiveError> {
        let mut left_side = Self::default();
        left_side.take(left)?;
        let quantity = std::mem::take(&mut left_side.head);
        left_side.take(right)?;
        Ok((quantity, left_side))
    }

    fn take(&mut self, tokens: Vec<Token>) -> Result<(), ObjectiveError> {
        let mut clause = None;
        for token in tokens {
            let (slot, keyword) = match &token {
                Token::Word(word) if word == "for" => (&mut self.whose, "for"),
                Token::Word(word) if word == "in" => (&mut self.phase, "in"),
                Token::Word(word) if word == "over" => (&mut self.over, "over"),
                Token::Word(word) if word == "from" => (&mut self.from, "from"),
                _ => {
                    match clause {
                        None => self.head.push(token),
                        Some("for") => self.whose.get_or_insert_default().push(token),
                        Some("in") => self.phase.get_or_insert_default().push(token),
                        Some("over") => self.over.get_or_insert_default().push(token),
                        Some(_) => self.from.get_or_insert_default().push(token),
                    }
                    continue;
                }
            };
            if slot.replace(Vec::new()).is_some() {
                return Err(ObjectiveError::Twice(keyword));
            }
            clause = Some(keyword);
        }
        Ok(())
    }
}
