//! Shards on threads: a block of steps each, then the spikes of all, once per shortest delay.
//!
//! Nothing is locked. A thread puts the spikes of a block into its shards' boxes and says so by a
//! number of its own; it reads the others' boxes once their numbers have come as far. There are two
//! boxes for each shard: while one is read, the other is filled.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::Plan;
use super::shard::{Outbox, Shard};

/// Turns of the waiting loop before a thread lets another one run.
const SPINS: usize = 20_000;

/// A value on cache lines of its own, so that writing it disturbs no other.
#[repr(align(128))]
#[derive(Default)]
struct Apart<T>(T);

/// The spikes of a shard for the others.
#[derive(Default)]
struct Post(Apart<[UnsafeCell<Outbox>; 2]>);

// SAFETY: a box is filled by the thread that owns its shard, and read by others only between the
// number that says that it is full and the number with which they say that they have read it; see
// `work`.
unsafe impl Sync for Post {}

/// How many blocks each thread has filled, in the order of the threads.
struct Progress(Vec<Apart<AtomicU64>>);

impl Progress {
    /// Says that a thread has filled its boxes for `blocks` blocks.
    fn tell(&self, thread: usize, blocks: u64) {
        self.0[thread].0.store(blocks, Ordering::Release);
    }

    /// Waits until every thread has.
    fn wait(&self, blocks: u64) {
        for Apart(progress) in &self.0 {
            let mut turns = 0;
            while progress.load(Ordering::Acquire) < blocks {
                turns += 1;
                if turns > SPINS { std::thread::yield_now() } else { std::hint::spin_loop() }
            }
        }
    }
}

/// Frees the others where a thread panics, so that the panic is told instead of waited for.
struct Guard<'a> {
    progress: &'a Progress,
    thread: usize,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.progress.tell(self.thread, u64::MAX);
        }
    }
}

/// A stretch of steps.
#[derive(Clone, Copy)]
struct Stretch {
    first: u64,
    steps: u64,
}

/// Advances all shards from `first` by `steps` steps on `threads` threads.
pub(crate) fn run(plan: &Plan, shards: &mut [Shard], first: u64, steps: u64, threads: usize) {
    let posts: Vec<Post> = shards.iter().map(|_| Post::default()).collect();
    let threads = threads.clamp(1, shards.len().max(1));
    let progress = Progress((0..threads).map(|_| Apart::default()).collect());
    let (posts, progress) = (&posts[..], &progress);
    // Shards go to threads in turn.
    let mut hands: Vec<Vec<(usize, &mut Shard)>> = (0..threads).map(|_| Vec::new()).collect();
    for (number, shard) in shards.iter_mut().enumerate() {
        hands[number % threads].push((number, shard));
    }
    let stretch = Stretch { first, steps };
    std::thread::scope(|scope| {
        let mut hands = hands.into_iter().enumerate();
        let own = hands.next();
        for (thread, hand) in hands {
            scope.spawn(move || work(plan, thread, hand, posts, progress, stretch));
        }
        if let Some((thread, hand)) = own {
            work(plan, thread, hand, posts, progress, stretch);
        }
    });
}

/// What one thread does.
fn work(
    plan: &Plan,
    thread: usize,
    mut hand: Vec<(usize, &mut Shard)>,
    posts: &[Post],
    progress: &Progress,
    stretch: Stretch,
) {
    let _guard = Guard { progress, thread };
    let Stretch { first, steps } = stretch;
    let (mut step, mut block) = (first, 0);
    while step < first + steps {
        let n = u64::from(plan.min_delay).min(first + steps - step);
        let side = (block % 2) as usize;
        for (number, shard) in &mut hand {
            // SAFETY: the box is this thread's to fill. Others read it last for block `block - 2`,
            // before they told of block `block - 1`, for which this thread has waited.
            let out = unsafe { &mut *posts[*number].0.0[side].get() };
            out.clear();
            (step..step + n).for_each(|step| shard.step(plan, step, out));
        }
        block += 1;
        progress.tell(thread, block);
        progress.wait(block);
        for (_, shard) in &mut hand {
            for post in posts {
                // SAFETY: its thread has told that the box is full, and fills it again only once
                // this thread tells of the next block, after this reading.
                let inbox = unsafe { &*post.0.0[side].get() };
                shard.take_in(plan, step, inbox);
            }
        }
        step += n;
    }
}
