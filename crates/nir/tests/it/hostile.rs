//! Files that were cut or changed on the way: never a panic, always an answer. A file that would be
//! walked for ever shows as a test that never ends; the limits on reads are what prevents it.

use crate::document::outcome;
use crate::real::files;

#[track_caller]
fn read(name: &str, bytes: &[u8]) {
    assert!(!outcome(bytes).is_empty(), "{name}: no answer");
}

#[test]
fn a_cut_file_gets_an_answer() {
    for (name, bytes) in files() {
        // Cuts in the tables come every 97 bytes, cuts in the long runs of numbers less often.
        let mut end = 0;
        while end < bytes.len() {
            read(&name, &bytes[..end]);
            end += if end < 20_000 { 97 } else { 97 * 61 };
        }
    }
}

/// Xorshift, seeded: the same changes on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n as u64).unwrap()
    }
}

#[test]
fn a_changed_file_gets_an_answer() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (name, bytes) in files() {
        for _ in 0..150 {
            let mut changed = bytes.clone();
            for _ in 0..=random.below(8) {
                let reach = if random.below(4) == 0 { bytes.len() } else { 16_384 };
                let at = random.below(reach.min(bytes.len()));
                changed[at] = match random.below(4) {
                    0 => 0,
                    1 => 0xff,
                    2 => changed[at] ^ (1 << random.below(8)),
                    _ => changed[random.below(bytes.len())],
                };
            }
            read(&name, &changed);
        }
    }
}

/// Where the bytes stand in the file.
fn find(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    bytes
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, w)| *w == wanted)
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn an_index_that_holds_itself_ends() {
    for (name, bytes) in files() {
        for at in find(&bytes, b"TREE") {
            // Each entry of the node, now an inner one, is the node itself.
            let mut changed = bytes.clone();
            changed[at + 5] = 1;
            changed[at + 6..at + 8].copy_from_slice(&[4, 0]);
            let key = if changed[at + 4] == 0 { 8 } else { 32 };
            let mut child = at + 24 + key;
            while child + 8 <= changed.len() && child < at + 24 + 4 * (key + 8) {
                changed[child..child + 8].copy_from_slice(&(at as u64).to_le_bytes());
                child += key + 8;
            }
            read(&name, &changed);
        }
    }
}

#[test]
fn a_shape_beyond_all_bounds_is_refused() {
    for (name, bytes) in files().into_iter().take(6) {
        for axis in [64_u64, 784, 256, 1000, 16, 10] {
            for at in find(&bytes, &axis.to_le_bytes()).into_iter().take(40) {
                for huge in [1_u64 << 31, 1 << 40, u64::MAX, u64::MAX / 4] {
                    let mut changed = bytes.clone();
                    changed[at..at + 8].copy_from_slice(&huge.to_le_bytes());
                    read(&name, &changed);
                }
            }
        }
    }
}
