//! Which request is to blame: for each metric that decides and grows, how much of the growth belongs to which kind of
//! request. docs/method.md tells the model and what it cannot do.
//!
//! ```text
//! windows -> counts (what came when) -> company (what came together, what came evenly) -+
//! track of the metric, from where its growth began -> points ---------------------------+-> fit, passing (what is given
//!         back) -> decide (who is to blame, if anybody) -> words -> Attribution
//! ```

mod company;
mod counts;
mod decide;
mod fit;
mod passing;
mod points;
mod words;

use crate::domain::attribution::{Attribution, Blame};
use crate::domain::traffic::Window;
use crate::domain::{Assessment, Finding, Role, SeriesSet, Verdict};

use super::options::Options;
use super::track::Track;
use super::{roles, sawtooth};
use company::Company;
use counts::Counts;
use fit::Column;
use points::Points;

/// Windows in which the mix has to have been seen at least, and for each group: fewer tell nothing of a group's effect beside
/// the others' and the trend's.
const FEWEST_WINDOWS: usize = 12;
const WINDOWS_A_GROUP: usize = 4;
/// Points for each column of the fit at least.
const POINTS_A_COLUMN: usize = 4;
/// One half of a wave of the trend for so many windows, the spells in which each kind comes twice: what is slower than that says
/// next to nothing of a mix; and so many at most.
const WINDOWS_A_WAVE: usize = 4;
const MOST_WAVES: usize = 16;

/// Why nothing can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unknown {
    /// The growth was seen over too few windows, or readings, for so many groups.
    TooFew { windows: usize, groups: usize },
    /// All requests came at an even pace.
    Even,
    /// Some groups' counts are the sums of others'.
    Mixed(Vec<String>),
    /// The metric does not rise over the stretch.
    Level,
    /// What requests take is more than what the metric grew by.
    Returned,
    /// What came evenly cannot be told from time, which has most of the growth.
    EvenOrTime(Vec<String>),
    /// No portion stands out, though the mix was varied.
    Noise,
    /// No portion stands out, and the mix hardly changed.
    Unvaried,
}

/// The assessment with what each growth belongs to, as far as the traffic's windows tell. It changes no verdict.
#[must_use]
pub fn with_attribution(assessment: Assessment, windows: &[Window], set: &SeriesSet, options: &Options) -> Assessment {
    let grows = |finding: &Finding| finding.role == Role::Decides && finding.verdict == Verdict::Growing;
    if !assessment.findings.iter().any(grows) {
        return assessment;
    }
    let counts = Counts::new(windows);
    let judged = roles::judged(set);
    let findings = assessment.findings.into_iter().map(|finding| {
        let series = judged.iter().find(|one| grows(&finding) && one.series.name == finding.metric);
        let attribution = series.and_then(|series| of(&finding, &Track::new(set, series, options), &counts, options));
        Finding { attribution, ..finding }
    });
    Assessment { findings: findings.collect(), ..assessment }
}

/// What one growth belongs to; `None` where fewer than two kinds of request came meanwhile.
fn of(finding: &Finding, track: &Track, counts: &Counts, options: &Options) -> Option<Attribution> {
    let (first, last) = (*track.times.first()?, *track.times.last()?);
    let began = finding.onset_s.or(finding.settled_after_s).unwrap_or(first);
    let from_s = began.max(options.warm_up_s.unwrap_or(first));
    let points = Points::new(&sawtooth::floors(track).track, from_s, last);
    let (from_s, to_s) = points.ends_s()?;
    let edges = counts.within(from_s, to_s);
    let company = Company::of(counts, &edges);
    if company.kinds < 2 {
        return None;
    }
    let blank = Attribution {
        blame: Blame::CannotTell,
        reason: String::new(),
        advice: None,
        from_s,
        to_s,
        growth: None,
        portions: Vec::new(),
        time_share: None,
    };
    Some(match weighed(&points, counts, &company, edges.len() - 1) {
        Ok(decision) => words::told(blank, finding.unit, &company, decision),
        Err(unknown) => words::unknown(blank, &unknown, to_s - from_s),
    })
}

fn weighed(points: &Points, counts: &Counts, company: &Company, windows: usize) -> Result<decide::Decision, Unknown> {
    let groups = &company.groups;
    if groups.is_empty() {
        return Err(Unknown::Even);
    }
    if !groups.iter().any(company::Group::is_varied) {
        return Err(Unknown::Unvaried);
    }
    let waves = (windows / WINDOWS_A_WAVE).min(MOST_WAVES);
    // A level, a line and the waves; each group's count and pace; what is found to pass.
    let columns = 2 + waves + 4 * groups.len();
    let enough = windows >= FEWEST_WINDOWS.max(WINDOWS_A_GROUP * groups.len());
    if !enough || points.len() < POINTS_A_COLUMN * columns {
        return Err(Unknown::TooFew { windows, groups: groups.len() });
    }
    let trend = fit::trend(points, waves);
    let kept = |(at, group): (usize, &company::Group)| Column::kept(at, &points.counted(counts, &group.so_far, 0.0));
    let kept: Vec<Column> = groups.iter().enumerate().map(kept).collect();
    if kept.iter().any(|column| column.rise() <= 0.0) {
        return Err(Unknown::TooFew { windows, groups: groups.len() });
    }
    let mixed = fit::mixtures(points, &trend, &kept);
    let names = || groups.iter().zip(&mixed).filter(|(_, mixed)| **mixed).map(|(group, _)| group.name.clone());
    let fits = passing::fits(points, counts, groups, &trend, &kept).ok_or_else(|| Unknown::Mixed(names().collect()))?;
    decide::decide(points, company, &kept, &mixed, &fits).ok_or(Unknown::Level)
}
