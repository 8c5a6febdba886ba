//! The ways that the workload runs: which allocator it has, and under what.

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

/// Names the way to a process of the workload.
pub(crate) const VARIABLE: &str = "SOAK_HEAP_BENCH_WAY";

const HEAPTRACK: &str = "/usr/bin/heaptrack";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Off,
    Coarse,
    Sampled,
    Finer,
    Every,
    Adaptive,
    Dhat,
    Heaptrack,
}

impl Way {
    /// The first is what the others are held against.
    pub(crate) const ALL: [Self; 9] = [
        Self::Plain,
        Self::Off,
        Self::Coarse,
        Self::Sampled,
        Self::Finer,
        Self::Every,
        Self::Adaptive,
        Self::Dhat,
        Self::Heaptrack,
    ];

    pub(crate) fn of_this_process() -> Option<Self> {
        let name = std::env::var(VARIABLE).ok()?;
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Off => "off",
            Self::Coarse => "coarse",
            Self::Sampled => "sampled",
            Self::Finer => "finer",
            Self::Every => "every",
            Self::Adaptive => "adaptive",
            Self::Dhat => "dhat",
            Self::Heaptrack => "heaptrack",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Off => "soak-heap, off",
            Self::Coarse => "soak-heap, one per 512 KiB",
            Self::Sampled => "soak-heap, one per 64 KiB",
            Self::Finer => "soak-heap, one per 4 KiB",
            Self::Every => "soak-heap, every allocation",
            Self::Adaptive => "soak-heap, adaptive (3 %)",
            Self::Dhat => "dhat crate, 10 frames",
            Self::Heaptrack => "heaptrack, target only",
        }
    }

    pub(crate) fn goal(self, unwinding: &str) -> Option<f64> {
        match self {
            Self::Off => Some(1.02),
            Self::Sampled => Some(1.05),
            Self::Adaptive => Some(1.03),
            Self::Every => Some(if unwinding == "tables" { 1.8 } else { 1.4 }),
            _ => None,
        }
    }

    pub(crate) fn is_here(self) -> bool {
        self != Self::Heaptrack || Path::new(HEAPTRACK).exists()
    }

    pub(crate) fn is_dear(self) -> bool {
        matches!(self, Self::Dhat | Self::Heaptrack)
    }

    /// The command that runs the workload this way.
    pub(crate) fn command(self, program: &Path) -> Command {
        if self != Self::Heaptrack {
            return Command::new(program);
        }
        let mut command = Command::new(HEAPTRACK);
        command.arg("--output").arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("heaptrack.bench")).arg(program);
        command
    }

    /// Operations of a thread before it is measured. Backing off takes the recorder three or four looks, of a tenth of a
    /// second each.
    pub(crate) fn lead_in(self) -> u64 {
        if self == Self::Adaptive { 800_000 } else { super::workload::LEAD_IN }
    }

    /// Begins to trace this way.
    pub(crate) fn begin(self) -> Tracing {
        let period = match self {
            Self::Coarse => Some(soak_heap::Period::Fixed(512 << 10)),
            Self::Sampled => Some(soak_heap::Period::Fixed(64 << 10)),
            Self::Finer => Some(soak_heap::Period::Fixed(4 << 10)),
            Self::Every => Some(soak_heap::Period::Every),
            Self::Adaptive => Some(soak_heap::Period::Adaptive),
            Self::Plain | Self::Off | Self::Dhat | Self::Heaptrack => None,
        };
        let allocator = match self {
            Self::Plain | Self::Heaptrack => Switch::SYSTEM,
            Self::Dhat => Switch::DHAT,
            _ => Switch::SOAK_HEAP,
        };
        if let Some(period) = period {
            soak_heap::start(soak_heap::Options { period, ..soak_heap::Options::default() }).expect("tracing starts");
        }
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dhat.bench.json");
        let profiler = (self == Self::Dhat).then(|| dhat::Profiler::builder().file_name(file).build());
        crate::HEAP.to.store(allocator, Ordering::Relaxed);
        Tracing { _profiler: profiler }
    }
}

/// A way under way; dropping it goes back to plain.
pub(crate) struct Tracing {
    _profiler: Option<dhat::Profiler>,
}

impl Drop for Tracing {
    fn drop(&mut self) {
        crate::HEAP.to.store(Switch::SYSTEM, Ordering::Relaxed);
        soak_heap::stop();
    }
}

/// One program for all ways: which allocator it has is looked up at each call, in all of them alike.
pub(crate) struct Switch {
    to: AtomicU8,
    traced: soak_heap::Alloc,
}

impl Switch {
    const SYSTEM: u8 = 0;
    const SOAK_HEAP: u8 = 1;
    const DHAT: u8 = 2;

    pub(crate) const fn new() -> Self {
        Self { to: AtomicU8::new(Self::SYSTEM), traced: soak_heap::Alloc::system() }
    }
}

// SAFETY: all three hand on to the system's allocator, so a block of one may be freed by another.
unsafe impl GlobalAlloc for Switch {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe {
            match self.to.load(Ordering::Relaxed) {
                Self::SYSTEM => System.alloc(layout),
                Self::SOAK_HEAP => self.traced.alloc(layout),
                _ => dhat::Alloc.alloc(layout),
            }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe {
            match self.to.load(Ordering::Relaxed) {
                Self::SYSTEM => System.dealloc(block, layout),
                Self::SOAK_HEAP => self.traced.dealloc(block, layout),
                _ => dhat::Alloc.dealloc(block, layout),
            }
        }
    }
}
