//! From a run and its assessment to words: the terminal's report and JSON.
