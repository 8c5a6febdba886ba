//! What an attribution says: one sentence, and what to do where it cannot tell.

use crate::domain::Unit;
use crate::domain::attribution::{Attribution, Blame, Charge, Portion};
use crate::domain::rate::{about, counted, rate_per_request};

use super::Unknown;
use super::company::{Company, listed};
use super::decide::{Decision, Returns};

/// What lets almost everything be told.
const BLAME: &str = "`--scenario blame` varies the mix of requests so that it can be told";

/// The attribution of a growth that could be weighed.
pub(super) fn told(blank: Attribution, unit: Unit, company: &Company, decision: Decision) -> Attribution {
    let cause = match decision.blame {
        Blame::Time if !company.even.is_empty() => Some(Unknown::EvenOrTime(company.even.clone())),
        Blame::CannotTell if decision.returns == Returns::Later => Some(Unknown::Returned),
        Blame::CannotTell if company.is_varied() => Some(Unknown::Noise),
        Blame::CannotTell => Some(Unknown::Unvaried),
        Blame::Requests | Blame::Time => None,
    };
    let found = Attribution {
        blame: decision.blame,
        growth: Some(decision.growth),
        portions: decision.portions,
        time_share: Some(decision.time_share),
        ..blank
    };
    let length_s = found.to_s - found.from_s;
    match (cause, found.blame) {
        (Some(cause), _) => unknown(Attribution { blame: Blame::CannotTell, ..found }, &cause, length_s),
        (None, Blame::Requests) => Attribution { reason: blamed(&found, unit), ..found },
        (None, _) => {
            Attribution { reason: "no request is to blame: it grows with time, whatever is asked".to_owned(), ..found }
        }
    }
}

fn blamed(found: &Attribution, unit: Unit) -> String {
    let charged: Vec<&Portion> = found.portions.iter().filter(|portion| portion.charge == Charge::ToBlame).collect();
    let told: Vec<String> = charged.iter().map(|portion| portion_in_words(portion, unit)).collect();
    let verb = match charged.as_slice() {
        [one] if one.kinds.len() == 1 => "is to blame",
        [one] if one.kinds.len() == 2 => "are to blame, and cannot be told apart, for they always came together",
        [one] if one.kinds.len() > 2 => "are to blame, some or all: they always came together",
        _ => return format!("{} are to blame", listed(&told)),
    };
    format!("{} {verb}: {}", charged[0].name, figures(charged[0], unit))
}

fn portion_in_words(portion: &Portion, unit: Unit) -> String {
    format!("{} ({})", portion.name, figures(portion, unit))
}

/// `4.00 KiB per request (3.70 to 4.30), 97 % of the growth`.
fn figures(portion: &Portion, unit: Unit) -> String {
    let per_request = rate_per_request(portion.per_request, unit);
    let each = if portion.kinds.len() > 1 { per_request.replacen("per request", "each time", 1) } else { per_request };
    format!("{each}, {:.0} % of the growth", 100.0 * portion.share.estimate)
}

/// The attribution of a growth of which nothing can be told, seen for so long.
pub(super) fn unknown(blank: Attribution, unknown: &Unknown, length_s: f64) -> Attribution {
    let longer = |times: f64| format!("run for {} more", about(length_s.max(60.0) * times));
    let (why, advice) = match unknown {
        Unknown::TooFew { windows, groups } => {
            let kinds = if *groups == 1 { "one kind".to_owned() } else { format!("{groups} kinds") };
            let windows = counted(*windows, "window");
            (format!("{windows} of traffic tell too little of {kinds} of request"), format!("{}; {BLAME}", longer(2.0)))
        }
        Unknown::Even => ("all of them came at an even pace, as time does".to_owned(), BLAME.to_owned()),
        Unknown::Mixed(names) => (
            format!("{} came so that each can be made up of the others", listed(names)),
            "give each a class of its own".to_owned(),
        ),
        Unknown::Level => ("the metric hardly rose over the traffic's windows".to_owned(), longer(1.0)),
        Unknown::Returned => (
            "what requests take is given back after a while, and hides what is kept".to_owned(),
            "`spells` of the scenario that are longer than what is held for a while would let it be told".to_owned(),
        ),
        Unknown::EvenOrTime(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            (format!("{} came at an even pace, as time does", listed(&names)), BLAME.to_owned())
        }
        Unknown::Noise => ("no kind stands out of the noise".to_owned(), longer(2.0)),
        Unknown::Unvaried => ("the mix of requests hardly changed".to_owned(), BLAME.to_owned()),
    };
    Attribution { reason: format!("which request is to blame cannot be told: {why}"), advice: Some(advice), ..blank }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Estimate;
    use crate::domain::attribution::{Blame, RequestKind};

    fn estimate(estimate: f64) -> Estimate {
        Estimate { estimate, low: 0.9 * estimate, high: 1.1 * estimate, confidence: 0.95 }
    }

    fn portion(steps: &[&str], share: f64) -> Portion {
        let kind = |step: &&str| RequestKind { class: "normal".into(), step: (*step).into() };
        let names: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
        Portion {
            name: listed(&names),
            kinds: steps.iter().map(kind).collect(),
            count: 100,
            per_request: estimate(4096.0),
            share: estimate(share),
            charge: Charge::ToBlame,
        }
    }

    fn blank() -> Attribution {
        Attribution {
            blame: Blame::CannotTell,
            reason: String::new(),
            advice: None,
            from_s: 0.0,
            to_s: 600.0,
            growth: None,
            portions: Vec::new(),
            time_share: None,
        }
    }

    fn reason(portions: Vec<Portion>) -> String {
        let returns = Returns::NotSeen;
        let decision = Decision { blame: Blame::Requests, growth: 1e6, portions, time_share: estimate(0.1), returns };
        told(blank(), Unit::Bytes, &Company::default(), decision).reason
    }

    #[test]
    fn one_request_two_that_come_together_and_two_that_do_not_read_apart() {
        assert_eq!(
            reason(vec![portion(&["POST /docs"], 0.97)]),
            "`POST /docs` is to blame: 4.00 KiB per request (3.60 to 4.40), 97 % of the growth"
        );
        assert_eq!(
            reason(vec![portion(&["store", "fetch"], 0.97)]),
            "`store` and `fetch` are to blame, and cannot be told apart, for they always came together: \
             4.00 KiB each time (3.60 to 4.40), 97 % of the growth"
        );
        let both = reason(vec![portion(&["a"], 0.6), portion(&["b"], 0.4)]);
        assert!(both.starts_with("`a` (4.00 KiB") && both.ends_with("40 % of the growth) are to blame"), "{both}");
    }

    #[test]
    fn what_cannot_be_told_says_why_and_what_would_let_it_be_told() {
        let all = [
            Unknown::TooFew { windows: 5, groups: 3 },
            Unknown::Even,
            Unknown::Mixed(vec!["`a`".into(), "`b`".into()]),
            Unknown::Level,
            Unknown::Returned,
            Unknown::EvenOrTime(vec!["a".into()]),
            Unknown::Noise,
            Unknown::Unvaried,
        ];
        for cause in all {
            let told = unknown(blank(), &cause, 600.0);
            assert!(told.reason.starts_with("which request is to blame cannot be told: "), "{}", told.reason);
            assert!(told.advice.is_some_and(|advice| !advice.is_empty()), "{cause:?}");
        }
    }
}
