//! The traffic: plain GETs on a fixed schedule, on a thread and a runtime of its own.
