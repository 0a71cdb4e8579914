//! Stepping allocates nothing: after a warm-up only what a run hands back is allocated, however
//! many steps it takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use spike::{Conventions, Network, Raster, Session};

use crate::networks::{Layers, convolutional, lif, spikes};

/// The system's allocator, counting the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations of a run of the same silent outputs after a warm-up.
fn allocations(session: &mut Session, input: &Raster) -> u64 {
    for _ in 0..3 {
        session.reset();
        session.run(std::slice::from_ref(input)).unwrap();
    }
    session.reset();
    let before = ALLOCATIONS.with(Cell::get);
    session.run(std::slice::from_ref(input)).unwrap();
    ALLOCATIONS.with(Cell::get) - before
}

/// The outputs grow with the steps, by doubling; nothing else may.
fn check(network: impl Fn() -> Network, size: usize) {
    let network = Arc::new(
        {
            let mut network = network();
            network.outputs.clear();
            network
        }
        .compile()
        .unwrap(),
    );
    for density in [0.05, 0.9] {
        let count = |steps| {
            let mut session = Session::new(Arc::clone(&network));
            allocations(&mut session, &spikes(31, steps, size, density))
        };
        assert_eq!(count(64), count(512), "density {density}");
    }
}

#[test]
fn a_run_allocates_the_same_for_any_number_of_steps() {
    for (grid, recurrent) in [(true, false), (false, false), (true, true)] {
        let model = lif(Conventions::plain(1e-4));
        let layers = || Layers {
            inputs: 200,
            hidden: 170,
            model: model.clone(),
            grid,
            recurrent,
            delay_steps: 2,
        };
        check(|| layers().network(), 200);
    }
    check(|| convolutional(Conventions::plain(1e-4)), 162);
}
