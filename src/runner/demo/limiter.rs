//! The rate limit: a token bucket for each tenant.

use std::num::NonZeroU32;
use std::time::Duration;

use super::shelf::Shelf;

/// Tenants whose buckets are kept; one that was longest unused comes back to a full one.
const TENANTS: usize = 1024;
/// A tenant whose name begins so has a trial account: a rate that a client goes beyond on purpose, to see what it is told.
const TRIAL: &str = "trial-";

/// How many requests a tenant may send: so many a second, and twice as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit(NonZeroU32);

impl RateLimit {
    /// The limit of trial accounts, and of everybody under the fault `tight-limit`.
    pub(super) const TIGHT: Self = Self(NonZeroU32::MIN.saturating_add(1));

    /// So many a second.
    pub const fn per_second(requests: NonZeroU32) -> Self {
        Self(requests)
    }

    fn burst(self) -> f64 {
        2.0 * f64::from(self.0.get())
    }
}

impl Default for RateLimit {
    /// 50 a second, 100 at once.
    fn default() -> Self {
        Self(NonZeroU32::MIN.saturating_add(49))
    }
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

/// The buckets of all tenants.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    buckets: Shelf<String, Bucket>,
}

impl Limiter {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self { limit, buckets: Shelf::new(TENANTS) }
    }

    /// Takes a token from the tenant's bucket at `now`, the time since the start.
    ///
    /// # Errors
    /// Where it is empty: how long it takes until there is a token again.
    pub(super) fn take(&mut self, tenant: &str, now: Duration) -> Result<(), Duration> {
        let limit = if tenant.starts_with(TRIAL) { RateLimit::TIGHT } else { self.limit };
        let (rate, burst) = (f64::from(limit.0.get()), limit.burst());
        let tenant = tenant.to_owned();
        if self.buckets.get(&tenant).is_none() {
            self.buckets.insert(tenant.clone(), Bucket { tokens: burst, filled: now });
        }
        let Some(bucket) = self.buckets.get(&tenant) else { return Ok(()) };
        bucket.tokens = burst.min(bucket.tokens + rate * now.saturating_sub(bucket.filled).as_secs_f64());
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut limiter = Limiter::new(RateLimit::default());
        let passed = |limiter: &mut Limiter, tries: u32, at_s: u64| {
            (0..tries).filter(|_| limiter.take("acme", Duration::from_secs(at_s)).is_ok()).count()
        };
        assert_eq!(passed(&mut limiter, 500, 5), 100);
        assert_eq!(passed(&mut limiter, 500, 6), 50);
        assert_eq!(passed(&mut limiter, 500, 1000), 100, "no more than the bucket holds");
    }

    #[test]
    fn one_tenant_does_not_empty_the_bucket_of_another_and_hears_how_long_to_wait() {
        let mut limiter = Limiter::new(RateLimit::TIGHT);
        for _ in 0..4 {
            assert_eq!(limiter.take("acme", Duration::ZERO), Ok(()));
        }
        assert_eq!(limiter.take("acme", Duration::ZERO), Err(Duration::from_millis(500)));
        assert_eq!(limiter.take("globex", Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_trial_account_has_a_tight_limit_whatever_the_others_have() {
        let mut limiter = Limiter::new(RateLimit::default());
        let mut passed = |tenant| (0..50).filter(|_| limiter.take(tenant, Duration::ZERO).is_ok()).count();
        assert_eq!((passed("trial-7"), passed("trial-8"), passed("trials")), (4, 4, 50));
    }

    #[test]
    fn the_buckets_of_ten_thousand_tenants_are_bounded() {
        let mut limiter = Limiter::new(RateLimit::default());
        for k in 0..10_000 {
            assert_eq!(limiter.take(&k.to_string(), Duration::ZERO), Ok(()));
        }
        assert_eq!(limiter.buckets.len(), TENANTS);
    }
}
