//! The stack of another thread names what it does.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use resources::{Error, Stack, stack_of_thread, this_thread};

use crate::work::{Stop, burn_until, sleep_until, wait_for};

/// A thread on a machine that is too busy to run it does not answer in time; it is asked again.
fn stack_of(number: i32) -> Stack {
    let mut stack = None;
    wait_for("a stack", || {
        stack = stack_of_thread(number).ok();
        stack.is_some()
    });
    stack.unwrap()
}

/// Runs something on a thread, and gives its number while it runs.
fn beside(work: impl FnOnce(&AtomicBool) + Send, look: impl FnOnce(i32)) {
    let (stop, number) = (AtomicBool::new(false), AtomicI32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            number.store(this_thread(), Ordering::Release);
            work(&stop);
        });
        let _stop = Stop(&stop);
        wait_for("the thread", || number.load(Ordering::Acquire) != 0);
        look(number.load(Ordering::Acquire));
    });
}

#[test]
fn a_thread_that_burns() {
    let look = |number| {
        let mut names = false;
        wait_for("its name", || {
            let stack = stack_of(number);
            names = stack.names("burn_until");
            if names {
                let inner: Vec<_> =
                    stack.frames.iter().take(4).map(|frame| &*frame.function).collect();
                assert!(!inner.iter().any(|name| name.contains("tell")), "{stack}");
                assert!(stack.to_string().contains("tests/it/work.rs:"), "{stack}");
            }
            names
        });
    };
    beside(
        |stop| {
            burn_until(stop);
        },
        look,
    );
}

#[test]
fn a_thread_that_sleeps_and_sleeps_on() {
    let look = |number| {
        for _ in 0..50 {
            wait_for("its name", || stack_of(number).names("sleep_until"));
        }
    };
    beside(sleep_until, look);
}

#[test]
fn a_thread_that_allocates_and_one_that_unwinds_are_not_hurt() {
    let allocates = |stop: &AtomicBool| {
        while !stop.load(Ordering::Relaxed) {
            let n: usize = (1..100).map(|n| std::hint::black_box(vec![0_u8; n * 100]).len()).sum();
            assert_eq!(n, 495_000);
        }
    };
    let unwinds = |stop: &AtomicBool| {
        while !stop.load(Ordering::Relaxed) {
            let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(7)));
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&7));
        }
    };
    let look = |number| {
        for _ in 0..300 {
            assert!(!stack_of(number).frames.is_empty());
        }
    };
    beside(allocates, look);
    beside(unwinds, look);
}

#[test]
fn many_ask_at_once() {
    let look = |number| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        assert!(!stack_of(number).frames.is_empty());
                    }
                });
            }
        });
    };
    beside(
        |stop| {
            burn_until(stop);
        },
        look,
    );
}

#[test]
fn a_thread_that_is_gone_or_deaf() {
    let number = std::thread::spawn(this_thread).join().unwrap();
    wait_for("its end", || {
        matches!(stack_of_thread(number), Err(Error::NoStack { reason: "it has ended", .. }))
    });
    assert!(matches!(stack_of_thread(0), Err(Error::NoStack { .. })));
    assert!(matches!(stack_of_thread(-1), Err(Error::NoStack { .. })));
    let deaf = |stop: &AtomicBool| {
        // SAFETY: the set lives through both calls, and blocking signals is this thread's own matter.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
        }
        sleep_until(stop);
    };
    beside(deaf, |number| {
        wait_for("silence", || stack_of_thread(number).is_err());
        let error = stack_of_thread(number).unwrap_err().to_string();
        assert!(error.contains("does not answer signals"), "{error}");
        // Others are asked as before.
        beside(sleep_until, |other| {
            wait_for("its name", || stack_of(other).names("sleep_until"));
        });
    });
}

#[test]
fn its_own() {
    assert!(stack_of(this_thread()).names("its_own"));
}
