//! The record: append-only, versioned JSON lines in one folder a run, written when taken and read back after any crash.
