//! x
use std::sync::atomic::*;
fn main() {
    let n = std::sync::Arc::new(AtomicI32::new(0));
    let m = n.clone();
    std::thread::spawn(move || {
        m.store(resources::this_thread(), Ordering::SeqCst);
        let mut x = 1u64;
        loop {
            x = std::hint::black_box(x.wrapping_mul(3));
        }
    });
    std::thread::sleep(std::time::Duration::from_millis(100));
    for _ in 0..3 {
        let t = std::time::Instant::now();
        let s = resources::stack_of_thread(n.load(Ordering::SeqCst));
        println!(
            "{:?} {}",
            t.elapsed(),
            match s {
                Ok(s) => s.to_string(),
                Err(e) => e.to_string(),
            }
        );
    }
}
