//! From a run and its assessment to pictures.
