//! Audits: what is found in a text. Texts may be large and are never kept; what was found is, and is bounded.

use serde::{Deserialize, Serialize};

use super::shelf::{Id, Shelf};

/// Audits held at once.
const AUDITS: usize = 1024;
/// Findings of one audit.
const FINDINGS: usize = 16;
/// Lines longer than this are found, in characters.
const LONGEST_LINE: usize = 200;
/// What each rule looks for in a line, in lower case.
const RULES: [(&str, &str); 4] =
    [("secret", "password"), ("unfinished", "todo"), ("risky", "unwrap"), ("unsure", "maybe")];

/// How thorough an audit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The first finding of each line.
    Normal,
    /// Every finding.
    Heavy,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// From 1.
    line: usize,
    rule: &'static str,
}

/// What an audit came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Audit {
    kind: Kind,
    bytes: usize,
    lines: usize,
    pub(super) findings: Vec<Finding>,
}

/// Audits a text.
pub(super) fn audit(kind: Kind, text: &str) -> Audit {
    let mut findings = Vec::new();
    for (position, content) in text.lines().enumerate() {
        let line = position + 1;
        let lower = content.to_lowercase();
        let rules = RULES.iter().filter(|(_, word)| lower.contains(word)).map(|(rule, _)| *rule);
        let rules = rules.chain((content.chars().count() > LONGEST_LINE).then_some("long line"));
        let most = if kind == Kind::Heavy { RULES.len() + 1 } else { 1 };
        findings.extend(rules.take(most).map(|rule| Finding { line, rule }));
        findings.truncate(FINDINGS);
    }
    Audit { kind, bytes: text.len(), lines: text.lines().count(), findings }
}

/// The last audits.
#[derive(Debug)]
pub(super) struct Audits(Shelf<Id, Audit>);

impl Audits {
    pub(super) fn new() -> Self {
        Self(Shelf::new(AUDITS))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn keep(&mut self, id: Id, audit: Audit) {
        self.0.insert(id, audit);
    }

    pub(super) fn find(&mut self, id: &str) -> Option<(Id, Audit)> {
        let id = Id::parse(id)?;
        self.0.get(&id).map(|audit| (id, audit.clone()))
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<()> {
        self.0.remove(&Id::parse(id)?).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_audit_finds_all_of_a_line_and_a_normal_one_the_first() {
        let text = "fine\npassword = maybe // TODO\n";
        let rules = |kind| audit(kind, text).findings.into_iter().map(|f| (f.line, f.rule)).collect::<Vec<_>>();
        assert_eq!(rules(Kind::Normal), [(2, "secret")]);
        assert_eq!(rules(Kind::Heavy), [(2, "secret"), (2, "unfinished"), (2, "unsure")]);
        assert_eq!(audit(Kind::Normal, &"ü".repeat(201)).findings, [Finding { line: 1, rule: "long line" }]);
    }

    #[test]
    fn findings_and_audits_are_bounded() {
        let found = audit(Kind::Heavy, &"todo unwrap\n".repeat(10_000));
        assert_eq!((found.findings.len(), found.lines), (FINDINGS, 10_000));
        let mut audits = Audits::new();
        for k in 0..5_000 {
            audits.keep(Id(k), found.clone());
        }
        assert_eq!(audits.len(), AUDITS);
    }
}
