//! Classifications: what a text is, and the last results of every tenant.

use serde::Serialize;

use super::shelf::{Id, Shelf, Sight};

/// Results held at once.
const RESULTS: usize = 4096;

/// What each label is told by; the first with the most hits wins.
const SIGNS: [(&str, &[&str]); 4] = [
    ("complaint", &["broken", "slow", "leak", "error", "fails", "bad", "crash", "worse"]),
    ("question", &["?", "how", "why", "what", "when", "who"]),
    ("praise", &["thanks", "great", "good", "love", "fast", "works"]),
    ("request", &["please", "could", "need", "want", "add"]),
];

/// What a text is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Classification {
    pub(super) label: &'static str,
    /// From 0 to 1.
    pub(super) confidence: f64,
    pub(super) provider: Provider,
}

/// Who classifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Provider {
    /// In the time of its class.
    #[default]
    Fast,
    /// After five seconds, so that a client has to give up on it.
    Slow,
}

/// Classifies a text by the words in it.
pub(super) fn classify(text: &str, provider: Provider) -> Classification {
    let text = text.to_lowercase();
    let hits = |signs: &[&str]| signs.iter().filter(|sign| text.contains(**sign)).count();
    let total: usize = SIGNS.iter().map(|(_, signs)| hits(signs)).sum();
    let best = SIGNS.iter().rev().map(|(label, signs)| (hits(signs), *label)).max_by_key(|(hits, _)| *hits);
    let (hits, label) = best.filter(|(hits, _)| *hits > 0).unwrap_or((0, "statement"));
    Classification { label, confidence: (1 + hits) as f64 / (2 + total) as f64, provider }
}

/// Why a result is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    /// There is none of that name.
    Unknown,
    /// It is another tenant's.
    Foreign,
}

/// The last results.
#[derive(Debug)]
pub(super) struct Classifications {
    by_id: Shelf<Id, (String, Classification)>,
    sight: Sight,
}

impl Classifications {
    pub(super) fn new(sight: Sight) -> Self {
        Self { by_id: Shelf::new(RESULTS), sight }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn keep(&mut self, id: Id, tenant: String, classification: Classification) {
        self.by_id.insert(id, (tenant, classification));
    }

    /// The result of this name, for a tenant.
    ///
    /// # Errors
    /// Where there is none, or it is another tenant's.
    pub(super) fn find(&mut self, id: &str, tenant: &str) -> Result<(Id, Classification), Hidden> {
        let id = Id::parse(id).ok_or(Hidden::Unknown)?;
        let sight = self.sight;
        let (owner, result) = self.by_id.get(&id).ok_or(Hidden::Unknown)?;
        if sight.allows(Some(tenant), Some(owner)) { Ok((id, result.clone())) } else { Err(Hidden::Foreign) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_by_its_words() {
        for (text, label) in [
            ("The server is slow and fails.", "complaint"),
            ("How is that?", "question"),
            ("It WORKS great, thanks", "praise"),
            ("", "statement"),
        ] {
            let result = classify(text, Provider::Fast);
            assert_eq!(result.label, label, "{text}");
            assert!((0.0..=1.0).contains(&result.confidence), "{result:?}");
        }
    }

    #[test]
    fn a_tenant_sees_its_own_results_and_learns_that_another_is_not() {
        let mut results = Classifications::new(Sight::Own);
        results.keep(Id(1), "acme".into(), classify("x", Provider::Fast));
        let id = Id(1).to_string();
        assert!(results.find(&id, "acme").is_ok());
        assert_eq!(results.find(&id, "globex"), Err(Hidden::Foreign));
        assert_eq!(results.find("1", "acme"), Err(Hidden::Unknown));
        let mut results = Classifications::new(Sight::All);
        results.keep(Id(1), "acme".into(), classify("x", Provider::Fast));
        assert!(results.find(&id, "globex").is_ok(), "the fault");
    }

    #[test]
    fn results_are_bounded() {
        let mut results = Classifications::new(Sight::Own);
        for k in 0..10_000 {
            results.keep(Id(k), "acme".into(), classify("x", Provider::Fast));
        }
        assert_eq!(results.len(), RESULTS);
    }
}
