//! Whether a run that goes on has settled, by the analysis that judges it at its end.

use crate::analysis::{self, Look, Options};
use crate::domain::assessment::Shape;
use crate::domain::{Finding, Metric, Role, Run, Verdict};

/// What is looked at: the memory that decides, and what it is made of. The other series would cost ten times as much.
const MEMORY: [Metric; 3] = [Metric::RssAnon, Metric::Rss, Metric::Swap];
/// A run has settled once this share of what was seen lies behind the end of its warm-up.
const BEHIND: f64 = 0.5;

/// Whether the memory of the run so far has settled: it is level, or grows behind a warm-up that can be told from the
/// growth. A growth that began with the run is not told from a warm-up.
///
/// It takes some tens of milliseconds of a thinned copy of a run, and is asked a dozen times.
pub(in crate::runner) fn has_settled(run: &Run) -> bool {
    let mut set = run.series();
    set.series.retain(|series| MEMORY.iter().any(|metric| metric.name() == series.name));
    let ignore = run.disturbances().into_iter().map(|marked| (marked.from_s, marked.to_s)).collect();
    let options = Options { look: Look::SoFar, ignore, ..Options::default() };
    let assessment = analysis::assess(&set, &options);
    let seen = set.elapsed_s.last().copied().unwrap_or(0.0);
    let mut deciding = assessment.findings.iter().filter(|finding| finding.role == Role::Decides).peekable();
    deciding.peek().is_some() && deciding.all(|finding| lies_behind(finding, seen))
}

fn lies_behind(finding: &Finding, seen_s: f64) -> bool {
    let is_told = match finding.verdict {
        Verdict::Steady => true,
        Verdict::Growing => finding.shape == Shape::WarmUpThenGrowing,
        Verdict::Inconclusive => false,
    };
    is_told && finding.settled_after_s.is_some_and(|settled| settled <= BEHIND * seen_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Elapsed, Sample};

    const MIB: f64 = 1_048_576.0;

    /// A run of so many seconds, whose memory is this many MiB and a little noise.
    fn run(seconds: u64, memory: impl Fn(f64) -> f64) -> Run {
        let sample = |second: u64| {
            let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
            let noise = second * 7919 % 13 * 4096;
            sample.readings.set_raw(Metric::RssAnon, (memory(second as f64) * MIB) as u64 + noise);
            // What is judged for the report and says nothing here.
            sample.readings.set_raw(Metric::Fds, 7 + second);
            sample
        };
        Run { samples: (0..seconds).map(sample).collect(), ..Run::default() }
    }

    #[test]
    fn a_warm_up_is_waited_for_and_then_it_has_settled() {
        let warming = |t: f64| 50.0 + 100.0 * (1.0 - (-t / 40.0).exp());
        assert!(!has_settled(&run(60, warming)));
        assert!(!has_settled(&run(120, warming)));
        assert!(has_settled(&run(600, warming)));
    }

    #[test]
    fn a_level_run_has_settled_as_soon_as_it_can_be_told() {
        assert!(!has_settled(&run(10, |_| 50.0)));
        assert!(has_settled(&run(60, |_| 50.0)));
        assert!(!has_settled(&Run::default()));
    }

    #[test]
    fn a_leak_behind_a_warm_up_has_settled_and_one_from_the_start_cannot_be_told_from_it() {
        let behind = |t: f64| 50.0 + 100.0 * (1.0 - (-t / 20.0).exp()) + 0.05 * t;
        assert!(has_settled(&run(600, behind)));
        assert!(!has_settled(&run(600, |t| 50.0 + 0.2 * t)));
    }
}
