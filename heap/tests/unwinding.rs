//! Stacks where they are hard to walk: in signal handlers, through libraries that were loaded later, in threads that end,
//! and very deep ones.

mod traced;

use std::hint::black_box;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use traced::{allocated, alone, amount, depth_of, live, sites_under, traced};

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

/// The address of a function.
macro_rules! address {
    ($function:expr) => {
        $function as *const () as usize
    };
}

static KEPT: AtomicPtr<[u8; 333]> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn handler(_signal: libc::c_int) {
    allocate_in_handler();
}

#[inline(never)]
fn allocate_in_handler() {
    KEPT.store(Box::into_raw(black_box(Box::new([1; 333]))), Ordering::Relaxed);
}

fn handle(signal: libc::c_int, flags: libc::c_int) {
    // SAFETY: a handler that allocates is sound here, because the signals are raised where nothing is being allocated.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = address!(handler);
        action.sa_flags = flags;
        assert_eq!(libc::sigaction(signal, &raw const action, std::ptr::null_mut()), 0);
    }
}

#[inline(never)]
fn raise_it(signal: libc::c_int) {
    // SAFETY: the signal has a handler.
    black_box(unsafe { libc::raise(signal) });
}

/// Frames from the handler out to the function that was interrupted, or nothing where the walk ended before.
fn walked_out_of_a_handler(flags: libc::c_int) {
    handle(libc::SIGUSR2, flags);
    let snapshot = traced(|| raise_it(libc::SIGUSR2));
    let sites = sites_under(&snapshot, address!(allocate_in_handler));
    assert_eq!(live(&sites), amount(333, 1));
    if cfg!(feature = "tables") && snapshot.unwinding == soak_heap::Unwinding::Tables {
        assert!(depth_of(sites[0], address!(raise_it)).is_some(), "{:x?}", sites[0].stack);
    }
    // SAFETY: the box that the handler made.
    drop(unsafe { Box::from_raw(KEPT.load(Ordering::Relaxed)) });
}

#[test]
fn a_stack_goes_on_behind_a_signal_handler() {
    walked_out_of_a_handler(0);
}

#[test]
fn a_stack_goes_on_behind_a_handler_with_a_stack_of_its_own() {
    let mut stack = vec![0_u8; 1 << 16];
    let alternate = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
    let none = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    let mut before = none;
    // SAFETY: the stack outlives its use, which ends below.
    unsafe { assert_eq!(libc::sigaltstack(&raw const alternate, &raw mut before), 0) };
    walked_out_of_a_handler(libc::SA_ONSTACK);
    // SAFETY: puts back what std had installed.
    unsafe { assert_eq!(libc::sigaltstack(&raw const before, std::ptr::null_mut()), 0) };
}

#[inline(never)]
fn recurse(depth: u32) -> Box<[u8; 24]> {
    let block = if depth == 0 { black_box(Box::new([1; 24])) } else { recurse(depth - 1) };
    black_box(block)
}

#[test]
fn a_very_deep_stack_keeps_its_innermost_frames() {
    let mut kept = None;
    let snapshot = traced(|| kept = Some(recurse(5_000)));
    let sites = sites_under(&snapshot, address!(recurse));
    assert_eq!(live(&sites), amount(24, 1));
    assert_eq!(sites[0].stack.len(), 128);
}

struct Late(Vec<u8>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0 = late_allocation();
        LATE.fetch_add(self.0.len(), Ordering::Relaxed);
    }
}

static LATE: AtomicUsize = AtomicUsize::new(0);

#[inline(never)]
fn late_allocation() -> Vec<u8> {
    black_box(vec![7; 250])
}

#[test]
fn a_thread_may_allocate_and_free_while_it_is_taken_apart() {
    thread_local! {
        static FIRST: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
        static SECOND: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
    }
    let snapshot = traced(|| {
        for _ in 0..50 {
            let thread = std::thread::spawn(|| {
                FIRST.with_borrow_mut(|slot| *slot = Some(Late(vec![1; 10])));
                SECOND.with_borrow_mut(|slot| *slot = Some(Late(vec![2; 20])));
            });
            thread.join().unwrap();
        }
    });
    assert_eq!(LATE.load(Ordering::Relaxed), 50 * 2 * 250);
    let sites = sites_under(&snapshot, address!(late_allocation));
    assert_eq!(allocated(&sites), amount(50 * 2 * 250, 100));
    assert_eq!(live(&sites), amount(0, 0));
}

#[inline(never)]
extern "C" fn called_by_the_library() {
    KEPT.store(Box::into_raw(black_box(Box::new([3; 333]))), Ordering::Relaxed);
}

#[inline(never)]
fn call_through(call: extern "C" fn(extern "C" fn())) {
    call(called_by_the_library);
    black_box(());
}

/// Builds a library with one function, which calls what it is given.
fn build_library(folder: &std::path::Path) -> std::path::PathBuf {
    let (source, library) = (folder.join("caller.rs"), folder.join("libcaller.so"));
    std::fs::write(
        &source,
        "#[unsafe(no_mangle)] pub extern \"C\" fn call(f: extern \"C\" fn()) { f(); std::hint::black_box(()); }",
    )
    .unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let built = std::process::Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-o"])
        .args([&library, &source])
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    library
}

/// How often the recorder looks for new files, and some time to do it.
fn wait_until(known: impl Fn() -> bool) {
    let begin = std::time::Instant::now();
    while !known() {
        assert!(begin.elapsed().as_secs() < 20, "the recorder learned nothing");
        std::thread::yield_now();
    }
}

#[test]
fn a_library_that_is_loaded_while_tracing_is_walked_through() {
    let folder = std::env::temp_dir().join(format!("soak-heap-unwinding-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let library = build_library(&folder);
    let path = std::ffi::CString::new(library.to_str().unwrap()).unwrap();
    let _alone = alone();
    soak_heap::start(soak_heap::Options { period: soak_heap::Period::Every, ..Default::default() }).unwrap();
    for _ in 0..3 {
        // SAFETY: the library has no constructors of its own.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null());
        // SAFETY: a C string.
        let symbol = unsafe { libc::dlsym(handle, c"call".as_ptr()) };
        // SAFETY: the function that was built above, of this type.
        let call: extern "C" fn(extern "C" fn()) = unsafe { std::mem::transmute(symbol) };
        // A snapshot learns of it, and so does the recorder's own thread within some time.
        wait_until(|| soak_heap::snapshot().modules.iter().any(|module| module.path == library));
        call_through(call);
        let snapshot = soak_heap::snapshot();
        let module = snapshot.modules.iter().find(|module| module.path == library).unwrap();
        let sites = sites_under(&snapshot, address!(called_by_the_library));
        let site = sites.iter().find(|site| site.live.blocks == 1).unwrap();
        assert!(site.stack.iter().any(|frame| (module.start..module.end).contains(frame)), "{:x?}", site.stack);
        assert!(depth_of(site, address!(call_through)).is_some(), "{:x?}", site.stack);
        // SAFETY: the box that the callback made.
        drop(unsafe { Box::from_raw(KEPT.load(Ordering::Relaxed)) });
        // SAFETY: nothing of the library is used any more.
        assert_eq!(unsafe { libc::dlclose(handle) }, 0);
    }
    soak_heap::stop();
    std::fs::remove_dir_all(&folder).unwrap();
}
