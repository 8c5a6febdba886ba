//! The sampling thread: two tiers on a drift-free schedule.
