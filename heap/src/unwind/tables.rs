//! Walking by unwind tables. framehop knows how to read them; what it says of an address is kept as a rule, and a rule
//! is found by letting it step once over a stack of symbols: which words it reads, and what becomes of the registers,
//! tells the rule.

use std::sync::atomic::{AtomicUsize, Ordering};

use framehop::x86_64::{CacheX86_64, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, FrameAddress, Module, MustNotAllocateDuringUnwind, Unwinder as _};

use super::rules::{Base, Rule, Rules, Step};
use super::{Bounds, Code, Loaded, Registers, Trace, read};
use crate::recorder::SpinLock;

type Cache = CacheX86_64<MustNotAllocateDuringUnwind>;
type Framehop = UnwinderX86_64<Section, MustNotAllocateDuringUnwind>;
type Section = super::modules::Bytes;

/// What framehop needs. It allocates when it is made and never afterwards.
struct Reader {
    framehop: Framehop,
    cache: Cache,
}

/// The unwind tables of all mapped files.
pub(super) struct Tables {
    rules: Rules,
    /// Taken in hooks to ask about an address for the first time; no stack is walked and nothing allocated under it.
    reader: SpinLock<Option<Box<Reader>>>,
    held: AtomicUsize,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Tables {
    pub(super) const fn new() -> Self {
        Self { rules: Rules::new(), reader: SpinLock::new(None), held: AtomicUsize::new(0) }
    }

    /// Takes over what is mapped now.
    pub(super) fn set(&self, loaded: &[Loaded]) {
        let mut framehop = Framehop::new();
        let mut held = size_of::<Reader>();
        for module in loaded {
            let Some(unwind) = &module.unwind else { continue };
            held += unwind.owned();
            framehop.add_module(Module::new(
                String::new(),
                module.start..module.end,
                module.bias,
                ExplicitModuleSectionInfo {
                    base_svma: 0,
                    eh_frame_hdr_svma: Some(unwind.header_at.clone()),
                    eh_frame_hdr: Some(unwind.header.clone()),
                    eh_frame_svma: Some(unwind.frames_at.clone()),
                    eh_frame: Some(unwind.frames.clone()),
                    ..ExplicitModuleSectionInfo::default()
                },
            ));
        }
        let fresh = Some(Box::new(Reader { framehop, cache: Cache::new_in() }));
        let mut reader = self.reader.lock();
        let old = std::mem::replace(&mut *reader, fresh);
        // Under the lock, so that no rule of the old tables is put in behind.
        self.rules.clear();
        drop(reader);
        drop(old);
        self.held.store(held, Ordering::Relaxed);
    }

    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn break_open(&self) {
        self.reader.break_open();
    }

    /// Walks until there is no caller, or something is no frame.
    #[inline]
    pub(super) fn walk(&self, from: Registers, bounds: &Bounds, code: &Code, trace: &mut Trace) {
        let mut now = from;
        let Some(mut rule) = self.rule(now.instruction, code) else { return };
        trace.fill(|| {
            now = match rule {
                Rule::Step(step) => step.caller(now, bounds)?,
                other => self.unusual(other, now, bounds)?,
            };
            rule = self.rule(now.instruction, code)?;
            Some(now.instruction)
        });
    }

    /// Whatever is no plain step.
    #[cold]
    #[inline(never)]
    fn unusual(&self, rule: Rule, now: Registers, bounds: &Bounds) -> Option<Registers> {
        match rule {
            Rule::End => None,
            Rule::Step(step) => step.caller(now, bounds),
            Rule::Signal => interrupted(now, bounds).inspect(|registers| bounds.see(registers.stack as usize)),
            Rule::Asked => self.ask(now, bounds),
        }
    }

    /// The rule of an address; `None` where there is no code.
    #[inline]
    fn rule(&self, address: u64, code: &Code) -> Option<Rule> {
        self.rules.get(address).or_else(|| self.learn(address, code))
    }

    #[cold]
    #[inline(never)]
    fn learn(&self, address: u64, code: &Code) -> Option<Rule> {
        if !code.contains(address) {
            return None;
        }
        let mut guard = self.reader.lock();
        let Reader { framehop, cache } = guard.as_deref_mut()?;
        let rule = if is_signal_return(address + 1) { Rule::Signal } else { derive(framehop, cache, address) };
        self.rules.put(address, rule);
        Some(rule)
    }

    /// Steps with the real stack, for what no rule can say.
    #[cold]
    #[inline(never)]
    fn ask(&self, now: Registers, bounds: &Bounds) -> Option<Registers> {
        let mut guard = self.reader.lock();
        let Reader { framehop, cache } = guard.as_deref_mut()?;
        let mut registers = UnwindRegsX86_64::new(now.instruction + 1, now.stack, now.frame);
        let call = FrameAddress::from_return_address(now.instruction + 1)?;
        let mut stack = |word| read(bounds, word).ok_or(());
        let returns_to = framehop.unwind_frame(call, &mut registers, cache, &mut stack).ok()??;
        let (stack, frame) = (registers.sp(), registers.bp());
        (stack > now.stack).then(|| Registers { instruction: returns_to.wrapping_sub(1), stack, frame })
    }
}

impl Step {
    /// The registers of the caller, at its call.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the hottest loop of all, and it has two callers")]
    fn caller(self, now: Registers, bounds: &Bounds) -> Option<Registers> {
        let base = if self.base == Base::Stack { now.stack } else { now.frame };
        let stack = base.wrapping_add(u64::from(self.words) * 8);
        if stack <= now.stack {
            return None;
        }
        let returns_to = read(bounds, stack.wrapping_sub(8))?;
        // Where nothing was saved, some word is read and not used: a branch that is hard to foresee costs more.
        let word = read(bounds, stack.wrapping_sub(u64::from(self.saved.max(1)) * 8))?;
        let frame = if self.saved == 0 { now.frame } else { word };
        Some(Registers { instruction: returns_to.wrapping_sub(1), stack, frame })
    }
}

/// Lets framehop step once where every word is a symbol, and reads the rule off.
fn derive(framehop: &Framehop, cache: &mut Cache, address: u64) -> Rule {
    // Far from each other and from zero, so that an offset from one is never taken for an offset from the other.
    const STACK: u64 = 0x1000_0000_0000;
    const FRAME: u64 = 0x1010_0000_0000;
    const WORD: u64 = 0x2000_0000_0000;
    const MOST_READS: usize = 4;
    let Some(call) = FrameAddress::from_return_address(address + 1) else { return Rule::End };
    let mut registers = UnwindRegsX86_64::new(address + 1, STACK, FRAME);
    let (mut places, mut reads) = ([0_u64; MOST_READS], 0);
    let mut stack = |place: u64| {
        let slot = places.get_mut(reads).ok_or(())?;
        *slot = place;
        reads += 1;
        Ok(WORD + (reads as u64 - 1))
    };
    let returns_to = match framehop.unwind_frame(call, &mut registers, cache, &mut stack) {
        Ok(Some(returns_to)) => returns_to,
        Ok(None) => return Rule::End,
        Err(_) => return Rule::Asked,
    };
    let read_at = |word: u64| word.checked_sub(WORD).and_then(|index| places.get(index as usize).copied());
    let frame = registers.sp();
    let (base, above) = match (frame.checked_sub(FRAME), frame.checked_sub(STACK)) {
        (Some(above), _) => (Base::Frame, above),
        (None, Some(above)) => (Base::Stack, above),
        (None, None) => return Rule::Asked,
    };
    let saved = match registers.bp() {
        FRAME => Some(0),
        word => read_at(word).and_then(|place| frame.checked_sub(place)).filter(|below| *below > 0),
    };
    let whole = |bytes: u64| (bytes.is_multiple_of(8) && bytes / 8 <= Rule::MOST_WORDS).then_some((bytes / 8) as u16);
    match (read_at(returns_to), whole(above), saved.and_then(whole)) {
        (Some(place), Some(words), Some(saved)) if place == frame.wrapping_sub(8) => {
            Rule::Step(Step { base, words, saved })
        }
        _ => Rule::Asked,
    }
}

/// Whether the code here is what the kernel lets signal handlers return to: `mov rax, 15; syscall`.
fn is_signal_return(address: u64) -> bool {
    const CODE: [u8; 9] = [0x48, 0xC7, 0xC0, 0x0F, 0, 0, 0, 0x0F, 0x05];
    // SAFETY: the caller found the byte before in a mapped file's code; nine bytes on, it may end only at the end of a
    // page, where it is not read.
    address % 4096 <= 4096 - CODE.len() as u64
        && unsafe { std::ptr::read_unaligned(address as usize as *const [u8; CODE.len()]) } == CODE
}

/// The registers at the moment of the signal, which the kernel put on the stack of the handler.
fn interrupted(now: Registers, bounds: &Bounds) -> Option<Registers> {
    // In a `ucontext_t`, where the stack pointer of the function that handlers return to points.
    const FRAME: u64 = 120;
    const STACK: u64 = 160;
    const INSTRUCTION: u64 = 168;
    let word = |offset| read(bounds, now.stack.wrapping_add(offset));
    Some(Registers { instruction: word(INSTRUCTION)?, stack: word(STACK)?, frame: word(FRAME)? })
}
