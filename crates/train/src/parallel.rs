//! Work on all cores: items are taken by whichever thread is free, so an item must own all that it
//! writes; then who takes it changes nothing.

use std::sync::Mutex;

/// Calls `work` for each item, on as many threads as there are `workers`.
pub(crate) fn each<W: Send, T: Send>(
    workers: &mut [W],
    items: Vec<T>,
    work: impl Fn(&mut W, T) + Sync,
) {
    let many = workers.len().min(items.len());
    let Some((here, others)) = workers.split_first_mut() else { return };
    if many <= 1 {
        items.into_iter().for_each(|item| work(here, item));
        return;
    }
    let left = Mutex::new(items.into_iter());
    // A thread that panicked leaves the list as it was: whole.
    let take = || left.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
    let (take, work) = (&take, &work);
    std::thread::scope(|scope| {
        for worker in others.iter_mut().take(many - 1) {
            scope.spawn(move || {
                while let Some(item) = take() {
                    work(worker, item);
                }
            });
        }
        while let Some(item) = take() {
            work(here, item);
        }
    });
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_item_is_worked_on_once() {
        for threads in [1, 2, 7] {
            let mut seen = vec![0u32; 100];
            let mut workers = vec![0u32; threads];
            super::each(&mut workers, seen.iter_mut().collect(), |worker, item| {
                *item += 1;
                *worker += 1;
            });
            assert!(seen.iter().all(|n| *n == 1));
            assert_eq!(workers.iter().sum::<u32>(), 100);
        }
    }
}
