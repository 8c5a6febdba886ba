//! What the kernel tells of a process, as typed values: kB and pages become `Bytes` here and nowhere else.
