//! Recall and speed on the sets of `benches/peers/vectors.py`, which runs it: one JSON line for each
//! setting. `cargo run --release -p column --example vectors -- FOLDER [Avx2|Portable]`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "it measures, and prints what it measured"
)]

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use column::{Breadth, Columns, Config, FlatRows, Isa, Report, Search};

/// How long each setting is asked.
const SECONDS: f64 = 1.0;
const K: usize = 10;
/// Items that are removed and stored again one by one.
const N_CHANGES: usize = 20_000;

/// An array of `.npy`, version 1: shape and numbers.
fn npy<T>(path: &Path, number: impl Fn([u8; 4]) -> T) -> (usize, Vec<T>) {
    let bytes = std::fs::read(path).unwrap();
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    assert!(header.contains("'fortran_order': False") && header.contains("4'"), "{header}");
    let shape = header.split_once('(').unwrap().1;
    let columns = shape.split([',', ')']).nth(1).unwrap().trim().parse().unwrap();
    let (numbers, _) = bytes[start..].as_chunks::<4>();
    (columns, numbers.iter().map(|b| number(*b)).collect())
}

struct Set {
    d: usize,
    base: Vec<f32>,
    queries: Vec<f32>,
    truth: Vec<u32>,
}

impl Set {
    fn n(&self) -> usize {
        self.base.len() / self.d
    }

    fn item(&self, i: usize) -> &[f32] {
        &self.base[i * self.d..(i + 1) * self.d]
    }
}

/// Processor time of this thread so far, so that other work on the machine counts for little; in steps
/// of 4 ms or less, so it is for builds and not for rounds of queries.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() as f64 * share) as usize).min(times.len() - 1);
    times[at].as_secs_f64() * 1e6
}

/// Asks every query, for a while, and gives recall, queries a second, the 99th percentile and the
/// mean work.
fn ask(set: &Set, columns: &Columns, how: &Search<'_>) -> (f64, f64, f64, [f64; 3]) {
    let mut found = 0;
    let mut work = Report::default();
    let queries: Vec<&[f32]> = set.queries.chunks_exact(set.d).collect();
    for (query, truth) in queries.iter().zip(set.truth.chunks_exact(K)) {
        let answer = columns.search(query, K, how).unwrap();
        let truth: HashSet<u32> = truth.iter().copied().collect();
        found += answer.hits.iter().filter(|h| truth.contains(&h.id)).count();
        work.rows_scanned += answer.report.rows_scanned;
        work.columns_visited += answer.report.columns_visited;
        work.reranked += answer.report.reranked;
    }
    let (begin, mut qps, mut slow) = (Instant::now(), 0.0f64, f64::INFINITY);
    while begin.elapsed().as_secs_f64() < SECONDS {
        let mut times = Vec::with_capacity(queries.len());
        let before = Instant::now();
        for query in &queries {
            let start = Instant::now();
            std::hint::black_box(columns.search(query, K, how).unwrap());
            times.push(start.elapsed());
        }
        let total = before.elapsed();
        qps = qps.max(queries.len() as f64 / total.as_secs_f64());
        slow = slow.min(percentile(&mut times, 0.99));
    }
    let n = queries.len() as f64;
    let mean = |x: u32| f64::from(x) / n;
    let work = [mean(work.rows_scanned), mean(work.columns_visited), mean(work.reranked)];
    (found as f64 / (n * K as f64), qps, slow, work)
}

fn report(who: &str, setting: &str, answer: (f64, f64, f64, [f64; 3]), rest: &str) {
    let (recall, qps, slow, [rows, visited, reranked]) = answer;
    println!(
        "{{\"who\": \"{who}\", \"setting\": \"{setting}\", \"recall\": {recall}, \"qps\": {qps}, \
         \"p99_us\": {slow}, \"rows\": {rows}, \"columns\": {visited}, \"reranked\": {reranked}, \
         {rest}}}"
    );
}

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let folder = Path::new(&folder);
    let wanted = std::env::args().nth(2);
    let isa = Isa::available().into_iter().find(|isa| Some(format!("{isa:?}")) == wanted);
    let isa = isa.unwrap_or_else(Isa::detect);
    let (d, base) = npy(&folder.join("base.npy"), f32::from_le_bytes);
    let queries = npy(&folder.join("queries.npy"), f32::from_le_bytes).1;
    let truth = npy(&folder.join("truth.npy"), u32::from_le_bytes).1;
    let set = Set { d, base, queries, truth };
    let n = set.n();
    let items: Vec<(u32, &[f32])> = (0..n).map(|i| (i as u32, set.item(i))).collect();
    let mut rows = FlatRows::new(d);
    items.iter().rev().for_each(|(id, v)| rows.set(*id, v).unwrap());

    let start = cpu();
    let mut built = Columns::build_with_isa(Config::new(d), &items, 1, isa).unwrap();
    let build = (cpu() - start).as_secs_f64();
    let bytes = built.bytes();
    eprintln!(
        "{isa:?}: {} columns, {bytes:?}, gap {:?}",
        built.n_columns(),
        built.survey().recall_gap
    );
    let size = bytes.total() as f64 / n as f64;
    let of_build = format!("\"build_s\": {build}, \"bytes_per_item\": {size}");
    let exact = Search { rows: Some(&rows), ..Search::default() };
    report("striatum", "auto", ask(&set, &built, &exact), &of_build);
    report("striatum", "auto, bytes only", ask(&set, &built, &Search::default()), &of_build);
    for breadth in [4, 8, 16, 32, 64] {
        let how = Search { breadth: Breadth::Fixed(breadth), ..exact };
        report("striatum", &format!("breadth {breadth}"), ask(&set, &built, &how), &of_build);
    }

    let mut config = Config::new(d);
    config.residual = true;
    let start = cpu();
    let fine = Columns::build_with_isa(config, &items, 1, isa).unwrap();
    let build = (cpu() - start).as_secs_f64();
    let size = fine.bytes().total() as f64 / n as f64;
    let of_build = format!("\"build_s\": {build}, \"bytes_per_item\": {size}");
    report("striatum", "auto, two bytes", ask(&set, &fine, &Search::default()), &of_build);
    drop(fine);

    let (mut inserts, mut removes) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let mut most_compared = 0;
    let streaming = cpu();
    let mut streamed = Columns::with_isa(Config::new(d), isa).unwrap();
    for (id, vector) in &items {
        let start = Instant::now();
        let allocation = streamed.insert(*id, vector).unwrap();
        inserts.push(start.elapsed());
        most_compared = most_compared.max(allocation.compared);
    }
    let total = cpu() - streaming;
    let survey = streamed.survey();
    let mean_iterations =
        survey.iterations.iter().enumerate().map(|(i, n)| i as u64 * n).sum::<u64>() as f64
            / n as f64;
    let size = streamed.bytes().total() as f64 / n as f64;
    let answer = ask(&set, &streamed, &exact);
    let changes = N_CHANGES.min(n / 2);
    let mut again = Vec::new();
    for (id, _) in items.iter().take(changes) {
        let start = Instant::now();
        assert!(built.remove(*id));
        removes.push(start.elapsed());
    }
    for (id, vector) in items.iter().take(changes) {
        let start = Instant::now();
        built.insert(*id, vector).unwrap();
        again.push(start.elapsed());
    }
    let rest = format!(
        "\"build_s\": {}, \"bytes_per_item\": {size}, \"insert_p50_us\": {:.2}, \
         \"insert_p99_us\": {:.2}, \"insert_p999_us\": {:.2}, \"insert_max_us\": {:.2}, \
         \"insert_full_p99_us\": {:.2}, \"delete_p50_us\": {:.2}, \"delete_p99_us\": {:.2}, \
         \"delete_max_us\": {:.2}, \"load_cv\": {:.4}, \"mean_iterations\": {:.3}, \
         \"unsettled\": {}, \"exact_duplicates\": {}, \"near_duplicates\": {}, \"n_columns\": {}, \
         \"insert_most_compared\": {most_compared}",
        total.as_secs_f64(),
        percentile(&mut inserts, 0.5),
        percentile(&mut inserts, 0.99),
        percentile(&mut inserts, 0.999),
        percentile(&mut inserts, 1.0),
        percentile(&mut again, 0.99),
        percentile(&mut removes, 0.5),
        percentile(&mut removes, 0.99),
        percentile(&mut removes, 1.0),
        survey.load_cv,
        mean_iterations,
        survey.n_unsettled,
        survey.n_exact_duplicates,
        survey.n_near_duplicates,
        survey.columns.len(),
    );
    report("striatum one by one", "auto", answer, &rest);
    report("striatum after churn", "auto", ask(&set, &built, &exact), "\"build_s\": 0.0");
}
