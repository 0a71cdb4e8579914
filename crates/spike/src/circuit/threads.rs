//! Shards on threads: a block of steps each, then the spikes of all, once per shortest delay.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use super::plan::Plan;
use super::shard::{Outbox, Shard};

/// Turns of the waiting loop before a thread lets another one run.
const SPINS: usize = 10_000;

/// Where threads wait for one another.
struct Barrier {
    n: usize,
    arrived: AtomicUsize,
    round: AtomicUsize,
}

impl Barrier {
    fn new(n: usize) -> Self {
        Self { n, arrived: AtomicUsize::new(0), round: AtomicUsize::new(0) }
    }

    fn wait(&self) {
        if self.n == 1 {
            return;
        }
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.n {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut turns = 0;
        while self.round.load(Ordering::Acquire) == round {
            turns += 1;
            if turns > SPINS { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

/// Advances all shards from `first` by `steps` steps on `threads` threads.
pub(crate) fn run(plan: &Plan, shards: &mut [Shard], first: u64, steps: u64, threads: usize) {
    // Two boxes for each shard: one is read while the other is filled.
    let boxes: Vec<[RwLock<Outbox>; 2]> = shards.iter().map(|_| Default::default()).collect();
    let threads = threads.clamp(1, shards.len().max(1));
    let barrier = Barrier::new(threads);
    let (boxes, barrier) = (&boxes[..], &barrier);
    // Shards go to threads in turn.
    let mut hands: Vec<Vec<(usize, &mut Shard)>> = (0..threads).map(|_| Vec::new()).collect();
    for (number, shard) in shards.iter_mut().enumerate() {
        hands[number % threads].push((number, shard));
    }
    std::thread::scope(|scope| {
        let mut hands = hands.into_iter();
        let own = hands.next();
        for hand in hands {
            scope.spawn(move || work(plan, hand, boxes, barrier, first, steps));
        }
        if let Some(hand) = own {
            work(plan, hand, boxes, barrier, first, steps);
        }
    });
}

/// What one thread does.
fn work(
    plan: &Plan,
    mut hand: Vec<(usize, &mut Shard)>,
    boxes: &[[RwLock<Outbox>; 2]],
    barrier: &Barrier,
    first: u64,
    steps: u64,
) {
    let mut step = first;
    let mut side = 0;
    while step < first + steps {
        let n = u64::from(plan.min_delay).min(first + steps - step);
        for (number, shard) in &mut hand {
            let mut out = boxes[*number][side].write().unwrap_or_else(PoisonError::into_inner);
            out.clear();
            (step..step + n).for_each(|step| shard.step(plan, step, &mut out));
        }
        barrier.wait();
        for (_, shard) in &mut hand {
            for sent in boxes {
                let inbox = sent[side].read().unwrap_or_else(PoisonError::into_inner);
                shard.take_in(plan, step, &inbox);
            }
        }
        step += n;
        side = 1 - side;
    }
}
