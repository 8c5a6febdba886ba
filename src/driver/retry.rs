//! How long to wait before a step is tried again: exponential backoff with jitter, and what the server asks for.

use std::time::Duration;

use fastrand::Rng;

use crate::profile::Retry;

/// The pause after attempt `attempt` (from 1) failed: the profile's backoff, doubled with each attempt, of which a share is
/// drawn at random. A server's Retry-After is waited for at least; nothing is longer than the profile's longest.
pub(super) fn pause(retry: &Retry, attempt: u32, retry_after: Option<Duration>, random: &mut Rng) -> Duration {
    let doubled = retry.backoff.checked_mul(2_u32.saturating_pow(attempt.saturating_sub(1))).unwrap_or(Duration::MAX);
    let backoff = doubled.min(retry.longest).mul_f64(1.0 - retry.jitter.clamp(0.0, 1.0) * random.f64());
    backoff.max(retry_after.unwrap_or_default()).min(retry.longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(jitter: f64) -> Retry {
        Retry { attempts: 9, jitter, ..Retry::default() }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let millis = |attempt| pause(&retry(0.0), attempt, None, &mut Rng::with_seed(1)).as_millis();
        let pauses: Vec<u128> = (1..=8).map(millis).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        assert_eq!(millis(u32::MAX), 10_000);
    }

    #[test]
    fn jitter_takes_away_its_share_at_most_and_spreads_the_users() {
        let mut random = Rng::with_seed(3);
        let pauses: Vec<_> = (0..1000).map(|_| pause(&retry(0.5), 1, None, &mut random).as_secs_f64()).collect();
        assert!(pauses.iter().all(|pause| (0.1..=0.2).contains(pause)));
        let below = pauses.iter().filter(|pause| **pause < 0.15).count();
        assert!((400..600).contains(&below), "{below}");
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_but_not_beyond_the_longest() {
        let after = |seconds| pause(&retry(0.5), 1, Some(Duration::from_secs(seconds)), &mut Rng::with_seed(1));
        assert_eq!((after(3), after(3600)), (Duration::from_secs(3), Duration::from_secs(10)));
        assert!(after(0) >= Duration::from_millis(100));
    }
}
