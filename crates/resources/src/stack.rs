//! The stack of another thread, by name: what a thread that does not answer is doing.
//!
//! The thread is sent a signal, and its handler writes the return addresses on its stack into a
//! buffer that was there before. Names are looked up afterwards, by the thread that asked.
//!
//! # What is guaranteed
//!
//! - The handler allocates nothing, takes no lock of ours, keeps `errno`, and does nothing unless it
//!   runs on the thread that was meant and the asker still waits.
//! - It unwinds by `_Unwind_Backtrace`, which finds its tables by `_dl_find_object`: that takes no
//!   lock (glibc 2.35 and libgcc 12, from 2022). With an older C library the unwinder may take the
//!   loader's lock, which the interrupted thread may hold; there, no stack is taken and
//!   [`Error::Absent`] says why.
//! - The asker waits for [`STACK_WAIT`] and no longer. A handler that has begun and does not end
//!   blocks later stacks, which fail with [`Error::NoStack`], and nothing else.
//! - One stack is taken at a time.
//!
//! # What is not
//!
//! - A system call that the thread is in may return `EINTR` where the kernel does not restart it,
//!   such as `epoll_wait`, `nanosleep` and `poll`; the standard library and tokio try again.
//! - A thread that is in the kernel and cannot be interrupted does not answer.
//! - The handler needs some kilobytes of the thread's own stack.
//! - In code without unwind tables a stack ends early. Without debug information a frame has the
//!   name of the function that others were inlined into.
//!
//! Source: signal-safety(7); glibc 2.35 release notes, `_dl_find_object`; pprof-rs, which samples
//! in the same way.

use std::fmt;

use crate::error::Error;

/// The most frames of a stack.
pub const MAX_FRAMES: usize = 128;

/// How long a thread may take to tell its stack.
pub const STACK_WAIT: std::time::Duration = std::time::Duration::from_secs(1);

/// What a thread was doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// The innermost function first; those that were inlined, each on its own.
    pub frames: Vec<Frame>,
}

/// One function on a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name, or its address where it has none. The path of a name is left out where the compiler
    /// left it out of the debug information, as with `line-tables-only`.
    pub function: String,
    /// Where in the source, with debug information: `file:line`.
    pub place: Option<String>,
}

impl Stack {
    /// Whether a function's name contains this.
    pub fn names(&self, part: &str) -> bool {
        self.frames.iter().any(|frame| frame.function.contains(part))
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for frame in &self.frames {
            write!(f, "\n  {}", frame.function)?;
            if let Some(place) = &frame.place {
                write!(f, " at {place}")?;
            }
        }
        Ok(())
    }
}

/// The number by which the kernel knows the calling thread; 0 where threads have none.
pub fn this_thread() -> i32 {
    #[cfg(target_os = "linux")]
    {
        thread_local!(static NUMBER: i32 = rustix::thread::gettid().as_raw_nonzero().get());
        // While a thread ends, its locals are gone.
        NUMBER.try_with(|number| *number).unwrap_or(0)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

/// The stack of a thread of this process, named by [`this_thread`].
///
/// # Errors
///
/// [`Error::Absent`] where stacks cannot be taken safely, [`Error::NoStack`] where the thread is gone
/// or does not answer.
pub fn stack_of_thread(thread: i32) -> Result<Stack, Error> {
    platform::stack(thread)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod platform {
    //! No stacks here.

    use super::{Error, Stack};

    pub(super) fn stack(_thread: i32) -> Result<Stack, Error> {
        let reason = "it is taken safely on Linux with glibc alone".to_owned();
        Err(Error::Absent { what: "the stack of another thread", reason })
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod platform {
    //! Linux with glibc.

    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};
    use std::time::Duration;

    use super::{Error, Frame, MAX_FRAMES, STACK_WAIT, Stack};
    use crate::clock::Stopwatch;

    /// How often the asker looks.
    const LOOK: Duration = Duration::from_micros(200);

    /// Which real-time signal, counted from the first that is free.
    const SIGNAL: c_int = 7;

    /// No thread is asked.
    const NOBODY: i32 = 0;
    /// A thread is writing.
    const WRITING: i32 = -1;
    /// A thread has written.
    const WRITTEN: i32 = -2;

    /// The number of the thread that is asked, or one of the above.
    static ASKED: AtomicI32 = AtomicI32::new(NOBODY);
    static N_FRAMES: AtomicUsize = AtomicUsize::new(0);
    static FRAMES: [AtomicUsize; MAX_FRAMES] = [const { AtomicUsize::new(0) }; MAX_FRAMES];

    pub(super) fn stack(thread: i32) -> Result<Stack, Error> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let signal = prepared()?;
        let one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses =
            addresses(thread, signal).map_err(|reason| Error::NoStack { thread, reason })?;
        drop(one);
        // The first function of a thread has a caller at zero.
        let addresses = addresses.into_iter().filter(|address| *address != 0);
        Ok(Stack { frames: addresses.flat_map(named).collect() })
    }

    fn addresses(thread: i32, signal: c_int) -> Result<Vec<usize>, &'static str> {
        if thread <= 0 {
            return Err("the kernel knows no such thread");
        }
        // What an earlier thread wrote too late is nobody's.
        let _ = ASKED.compare_exchange(WRITTEN, NOBODY, Ordering::AcqRel, Ordering::Acquire);
        ASKED
            .compare_exchange(NOBODY, thread, Ordering::AcqRel, Ordering::Acquire)
            .map_err(|_| "an earlier thread has begun to tell its stack and does not end")?;
        // SAFETY: tgkill has no memory to misuse; the handler of this signal is in place.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) };
        if sent != 0 {
            ASKED.store(NOBODY, Ordering::Release);
            return Err("it has ended");
        }
        let waited = Stopwatch::start();
        while ASKED.load(Ordering::Acquire) != WRITTEN && waited.elapsed() < STACK_WAIT {
            std::thread::sleep(LOOK);
        }
        // Not asked any more, unless it has begun; then what it will have written is thrown away.
        if ASKED.compare_exchange(thread, NOBODY, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return Err("it does not answer signals; it is in the kernel, or blocks them");
        }
        if ASKED.load(Ordering::Acquire) != WRITTEN {
            return Err("it has begun to tell its stack and does not end");
        }
        let n = N_FRAMES.load(Ordering::Relaxed).min(MAX_FRAMES);
        let addresses = FRAMES[..n].iter().map(|frame| frame.load(Ordering::Relaxed)).collect();
        ASKED.store(NOBODY, Ordering::Release);
        Ok(addresses)
    }

    /// Puts the handler in place, once and for ever: without one, a signal that comes late would
    /// end the process.
    fn prepared() -> Result<c_int, Error> {
        static PREPARED: OnceLock<Result<c_int, Error>> = OnceLock::new();
        PREPARED.get_or_init(prepare).clone()
    }

    fn prepare() -> Result<c_int, Error> {
        let absent = |reason: &str| Error::Absent {
            what: "the stack of another thread",
            reason: reason.to_owned(),
        };
        // SAFETY: the name ends with a zero byte.
        let lock_free = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"_dl_find_object".as_ptr()) };
        if lock_free.is_null() {
            return Err(absent("its unwinder may take a lock; glibc 2.35 or later is needed"));
        }
        // The unwinder sets itself up when it is first used, which is not for a handler to do.
        // SAFETY: nobody else is unwinding by this crate; see `ONE_AT_A_TIME`.
        unsafe { backtrace::trace_unsynchronized(|_| true) };
        let signal = libc::SIGRTMIN() + SIGNAL;
        // SAFETY: an all-zero `sigaction` is one without flags and with an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = tell as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        // SAFETY: as above, for what was there before.
        let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: both live through the call, and `tell` has the signature that `SA_SIGINFO` wants.
        if unsafe { libc::sigaction(signal, &raw const action, &raw mut before) } != 0 {
            return Err(absent("the signal handler was refused"));
        }
        if before.sa_sigaction != libc::SIG_DFL {
            // SAFETY: it is what sigaction has just given.
            unsafe { libc::sigaction(signal, &raw const before, std::ptr::null_mut()) };
            return Err(absent("its signal is taken by another part of the program"));
        }
        Ok(signal)
    }

    /// The handler. What it may do is in signal-safety(7): it reads and writes atomics, and unwinds.
    extern "C" fn tell(_signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
        // SAFETY: every thread has its errno.
        let errno = unsafe { *libc::__errno_location() };
        // SAFETY: gettid has no memory to misuse.
        let this = unsafe { libc::gettid() };
        if ASKED.compare_exchange(this, WRITING, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            write(interrupted_at(context));
            ASKED.store(WRITTEN, Ordering::Release);
        }
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = errno };
    }

    /// Writes the stack from the interrupted instruction on, and so without the handler; all of it
    /// where the instruction is not on it.
    fn write(from: usize) {
        let (mut n, mut begun) = (0, false);
        // SAFETY: unsynchronised means without the lock that symbol names need; unwinding needs
        // none, and `prepare` has made sure that the unwinder takes none.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                let address = frame.ip() as usize;
                if address == from && !begun {
                    (n, begun) = (0, true);
                }
                if let Some(slot) = FRAMES.get(n) {
                    slot.store(address, Ordering::Relaxed);
                    n += 1;
                }
                n < MAX_FRAMES
            });
        }
        N_FRAMES.store(n, Ordering::Relaxed);
    }

    fn interrupted_at(context: *mut c_void) -> usize {
        let context = context.cast::<libc::ucontext_t>();
        if context.is_null() {
            return 0;
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the kernel gives a whole `ucontext_t` to a handler with `SA_SIGINFO`.
        let address = unsafe { (*context).uc_mcontext.gregs[libc::REG_RIP as usize] as usize };
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above.
        let address = unsafe { (*context).uc_mcontext.pc as usize };
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let address = 0;
        address
    }

    /// The functions at an address: one, and those that were inlined into it.
    fn named(address: usize) -> Vec<Frame> {
        let mut frames = Vec::new();
        backtrace::resolve(address as *mut c_void, |symbol| {
            let Some(name) = symbol.name() else { return };
            let place = symbol.filename().zip(symbol.lineno());
            frames.push(Frame {
                // Without the hash that ends a name.
                function: format!("{name:#}"),
                place: place.map(|(file, line)| format!("{}:{line}", file.display())),
            });
        });
        if frames.is_empty() {
            frames.push(Frame { function: format!("{address:#x}"), place: None });
        }
        frames
    }
}
