//! Readers of series that soak did not record: CSV, JSON lines and other tools' logs.
