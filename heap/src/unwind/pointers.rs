//! Walking by frame pointers: a function that keeps one has its caller's frame pointer there, and above it the address
//! that it returns to.

use super::{Bounds, Code, Registers, Trace, read};

/// Walks until something is no frame any more.
#[inline]
pub(super) fn walk(from: Registers, bounds: &Bounds, code: &Code, trace: &mut Trace) {
    let mut lowest = from.stack;
    let mut frame = from.frame;
    trace.fill(|| {
        if frame < lowest {
            return None;
        }
        let (caller, returns_to) = (read(bounds, frame)?, read(bounds, frame + 8)?);
        let call = without_signature(returns_to).wrapping_sub(1);
        lowest = frame + 16;
        frame = caller;
        code.contains(call).then_some(call)
    });
}

/// Return addresses may be signed in their upper bits on aarch64.
#[inline]
const fn without_signature(address: u64) -> u64 {
    if cfg!(target_arch = "aarch64") { address & ((1 << 48) - 1) } else { address }
}
