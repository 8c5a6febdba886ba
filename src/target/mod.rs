//! Who is watched: finding, starting and ending the target.
