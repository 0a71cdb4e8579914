//! The store: what goes in comes out, limits hold, and a crash loses only what was not flushed.

use std::process::{Command, Stdio};
use std::time::Duration;

use history::{
    Config, Damage, DiskConfig, History, HistoryError, Labels, Matcher, Refused, STALE, Sample,
};
use proptest::prelude::*;

use crate::data::random;

fn open(config: Config) -> History {
    History::open(config).unwrap().0
}

fn labels(name: &str, id: impl ToString) -> Labels {
    Labels::new([("__name__", name), ("id", &id.to_string())]).unwrap()
}

fn all(history: &History, matchers: &[Matcher]) -> Vec<(String, Vec<(i64, u64)>)> {
    let series = history.select(matchers, i64::MIN, i64::MAX);
    let samples = |series: &history::Selected| {
        let samples = series.samples(i64::MIN, i64::MAX);
        samples.map(|sample| (sample.t_ms, sample.value.to_bits())).collect()
    };
    series.iter().map(|series| (series.labels.to_string(), samples(series))).collect()
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-100..100_i32).prop_map(f64::from),
        Just(STALE),
        Just(f64::NAN),
        Just(-0.0),
    ]
}

fn any_gap() -> impl Strategy<Value = i64> {
    prop_oneof![Just(15_000_i64), 1..40_000_i64, 1..1_000_000_000_000_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the values and the times, and over a restart too.
    #[test]
    fn samples_come_back_bit_for_bit(
        samples in prop::collection::vec((any_gap(), any_value()), 0..600),
        begin in -1_000_000_000_000_i64..1_000_000_000_000_i64,
    ) {
        let mut t_ms = begin;
        let samples: Vec<Sample> = samples
            .into_iter()
            .map(|(gap, value)| { t_ms += gap; Sample { t_ms, value } })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let config = Config { disk: Some(DiskConfig::new(folder.path())), ..Config::default() };
        let history = open(config.clone());
        let handle = history.handle(&labels("m", 1)).unwrap();
        for (i, sample) in samples.iter().enumerate() {
            history.append(handle, sample.t_ms, sample.value).unwrap();
            if i % 97 == 5 {
                history.flush().unwrap();
            }
        }
        let expected: Vec<_> = samples.iter().map(|s| (s.t_ms, s.value.to_bits())).collect();
        let expected: Vec<_> = [(r#"m{id="1"}"#.to_owned(), expected)]
            .into_iter().filter(|(_, samples)| !samples.is_empty()).collect();
        prop_assert_eq!(&all(&history, &[]), &expected);
        let flushed = history.flush().unwrap();
        prop_assert!(flushed.samples <= samples.len() as u64);
        prop_assert_eq!(history.flush().unwrap().samples, 0);
        drop(history);
        let (again, restored) = History::open(config).unwrap();
        prop_assert_eq!(restored.samples, samples.len() as u64);
        prop_assert!(restored.dropped.is_empty());
        prop_assert_eq!(&all(&again, &[]), &expected);
        prop_assert_eq!(again.flush().unwrap().samples, 0);
    }

    /// The index finds what a look at every series finds.
    #[test]
    fn the_index_agrees_with_a_scan(
        series in prop::collection::vec((0..4_u8, 0..4_u8, 0..3_u8), 0..60),
        picks in prop::collection::vec((0..3_usize, 0..4_usize, 0..5_usize), 0..4),
    ) {
        let history = open(Config::default());
        let text = |number: u8| if number == 0 { String::new() } else { number.to_string() };
        let mut known = std::collections::BTreeSet::new();
        for (a, b, c) in &series {
            let labels = Labels::new([
                ("__name__", "m"), ("a", &*text(*a)), ("b", &*text(*b)), ("c", &*text(*c)),
            ]).unwrap();
            let handle = history.handle(&labels).unwrap();
            let _ = history.append(handle, 1, 1.0);
            known.insert(labels);
        }
        let selector: Vec<String> = picks.iter().map(|(name, op, value)| {
            let name = ["a", "b", "c"][*name];
            let op = ["=", "!=", "=~", "!~"][*op];
            let value = ["", "1", "2", "1|3", ".+"][*value];
            format!("{name}{op}\"{value}\"")
        }).collect();
        let text = format!("{{__name__=\"m\",{}}}", selector.join(","));
        let text = text.replace(",}", "}");
        let matchers = history::selector(&text, &history::QueryConfig::default()).unwrap();
        let found: Vec<_> =
            history.select(&matchers, 0, 2).into_iter().map(|series| series.labels).collect();
        let expected: Vec<_> =
            known.into_iter().filter(|labels| matchers.iter().all(|m| m.matches(labels))).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn what_is_late_or_there_already_is_refused_and_counted() {
    let history = open(Config::default());
    let handle = history.handle(&labels("m", 1)).unwrap();
    assert_eq!(history.handle(&labels("m", 1)), Ok(handle));
    let at = |t_ms: i64| (handle, Sample { t_ms, value: 1.0 });
    let appended = history.append_all(&[at(10), at(20), at(20), at(15), at(30)]);
    assert_eq!((appended.taken, appended.duplicates, appended.out_of_order), (3, 1, 1));
    assert_eq!(history.append(handle, 5, 1.0), Err(Refused::OutOfOrder));
    let stats = history.stats();
    assert_eq!((stats.samples, stats.appended, stats.out_of_order, stats.duplicates), (3, 3, 2, 1));
}

#[test]
fn the_old_goes_and_series_without_samples_are_forgotten() {
    let retention = Duration::from_secs(3600);
    let history = open(Config { retention, ..Config::default() });
    let (old, young) = (labels("m", "old"), labels("m", "young"));
    let (old_handle, young_handle) =
        (history.handle(&old).unwrap(), history.handle(&young).unwrap());
    for i in 0..1000 {
        if i < 500 {
            history.append(old_handle, i * 15_000, 1.0).unwrap();
        }
        history.append(young_handle, i * 15_000, 1.0).unwrap();
    }
    let now_ms = 1000 * 15_000;
    history.expire(now_ms).unwrap();
    let found = all(&history, &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].0.contains("young"));
    // Whole chunks go: what is left begins no later than the retention, and not much earlier.
    let begin = found[0].1[0].0;
    assert!((now_ms - 3_600_000 - 121 * 15_000..=now_ms - 3_600_000).contains(&begin), "{begin}");
    assert_eq!(history.append(old_handle, now_ms, 1.0), Err(Refused::Forgotten));
    let appended = history.append_all(&[(old_handle, Sample { t_ms: now_ms, value: 1.0 })]);
    assert_eq!(appended.forgotten, [0]);
    let stats = history.stats();
    assert_eq!((stats.series, stats.forgotten_series), (1, 1));
    // A series that comes again may be earlier than it was.
    let again = history.handle(&old).unwrap();
    assert_ne!(again, old_handle);
    history.append(again, 100, 1.0).unwrap();
    history.expire(i64::MAX).unwrap();
    let stats = history.stats();
    assert_eq!((stats.series, stats.samples, stats.memory_bytes), (0, 0, 0));
}

#[test]
fn a_million_series_stay_within_the_memory() {
    let max_memory_bytes = 8 << 20;
    let history = open(Config { max_memory_bytes, max_series: 2_000_000, ..Config::default() });
    let mut taken = 0;
    for i in 0..1_000_000_i64 {
        match history.handle(&labels("pushed", i)) {
            Ok(handle) => {
                history.append(handle, i, random(i as u64)).unwrap();
                taken += 1;
            }
            Err(Refused::MemoryFull { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let stats = history.stats();
    assert!(stats.memory_bytes <= max_memory_bytes, "{stats:?}");
    assert!(stats.refused_series > 500_000 && taken > 10_000, "{stats:?}");
    // There is room for samples all the same, and the newest are kept.
    let handles: Vec<_> = history
        .select_labels(&[], i64::MIN, i64::MAX)
        .iter()
        .take(1000)
        .map(|labels| history.handle(labels).unwrap())
        .collect();
    for i in 0..2000_i64 {
        for handle in &handles {
            let _ = history.append(*handle, 2_000_000 + i, random(i as u64));
        }
        assert!(history.stats().memory_bytes <= max_memory_bytes);
    }
    let stats = history.stats();
    assert!(stats.dropped_for_room > 100_000, "{stats:?}");
    let newest =
        all(&history, &[]).iter().filter_map(|(_, samples)| samples.last()).map(|s| s.0).max();
    assert_eq!(newest, Some(2_001_999));
}

#[test]
fn no_more_series_than_there_may_be() {
    let history = open(Config { max_series: 10, ..Config::default() });
    for i in 0..10 {
        history.handle(&labels("m", i)).unwrap();
    }
    assert_eq!(history.handle(&labels("m", 10)), Err(Refused::TooManySeries { limit: 10 }));
    assert!(history.handle(&labels("m", 3)).is_ok());
}

#[test]
fn settings_that_cannot_be_are_named() {
    let disk = Some(DiskConfig { max_bytes: 1, ..DiskConfig::new("/nowhere") });
    let config = Config { max_memory_bytes: 0, max_series: 0, retention: Duration::ZERO, disk };
    let Err(HistoryError::Config { problems }) = History::open(config) else { panic!() };
    let keys: Vec<_> = problems.iter().filter_map(|p| p.split_once(':')).map(|(k, _)| k).collect();
    assert_eq!(keys, ["max_memory_bytes", "max_series", "retention", "disk.max_bytes"]);
}

fn segments(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_damaged_end_is_cut_off_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { disk: Some(DiskConfig::new(folder.path())), ..Config::default() };
    let history = open(config.clone());
    let handle = history.handle(&labels("m", 1)).unwrap();
    for i in 0..10 {
        history.append(handle, i, 1.0).unwrap();
        history.flush().unwrap();
    }
    drop(history);
    let path = segments(folder.path()).remove(0);
    let whole = std::fs::read(&path).unwrap();
    // Every length that a crash may leave.
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (again, restored) = History::open(config.clone()).unwrap();
        assert_eq!(again.stats().samples, restored.samples);
        assert!(restored.samples < 10 && restored.dropped.len() <= 1);
        let sound: u64 = restored.dropped.iter().map(|dropped| dropped.at).sum();
        assert!(sound <= length as u64);
    }
    // Every bit that may be another.
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        let (_, restored) = History::open(config.clone()).unwrap();
        assert_eq!(restored.dropped.len(), 1, "byte {at}");
        let head = at < 8;
        assert_eq!(restored.dropped[0].damage == Damage::Head, head, "byte {at}");
    }
}

#[test]
fn the_disk_is_bounded_and_the_newest_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let disk = DiskConfig { max_bytes: 1 << 20, ..DiskConfig::new(folder.path()) };
    let retention = Duration::from_secs(1000);
    let config = Config { retention, disk: Some(disk), ..Config::default() };
    let history = open(config.clone());
    let handles: Vec<_> = (0..100).map(|i| history.handle(&labels("m", i)).unwrap()).collect();
    for t in 0..2000_i64 {
        for (i, handle) in handles.iter().enumerate() {
            history.append(*handle, t * 1000, random(t as u64 * 100 + i as u64)).unwrap();
        }
        if t % 10 == 9 {
            history.flush().unwrap();
            let paths = segments(folder.path());
            let bytes: u64 = paths.iter().map(|path| path.metadata().unwrap().len()).sum();
            assert!(bytes <= (1 << 20) + (64 << 10), "{bytes} bytes at {t}");
        }
    }
    let before = segments(folder.path()).len();
    assert!(before > 10, "{before} segments");
    history.expire(2_900_000).unwrap();
    assert!(segments(folder.path()).len() < before);
    drop(history);
    let (again, restored) = History::open(config).unwrap();
    assert!(restored.dropped.is_empty() && restored.samples > 1000);
    let found = all(&again, &[Matcher::equal("id", "7")]);
    assert_eq!(found[0].1.last().unwrap().0, 1_999_000);
}

const CHILD: &str = "STRIATUM_HISTORY_CHILD";

/// Run again as a child, this appends and flushes until it is killed, and says what was flushed.
#[test]
fn what_was_flushed_outlives_a_kill() {
    if let Some(folder) = std::env::var_os(CHILD) {
        append_for_ever(std::path::Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut flushed = 0;
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "storage::what_was_flushed_outlives_a_kill", "--nocapture"])
            .env(CHILD, folder.path().join("store"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = folder.path().join("told");
        let target = flushed + 300;
        while flushed < target {
            std::thread::sleep(Duration::from_millis(1 + round));
            let text = std::fs::read_to_string(&told).unwrap_or_default();
            flushed = text.trim().parse().unwrap_or(flushed);
            assert!(child.try_wait().unwrap().is_none(), "the child ended");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let text = std::fs::read_to_string(&told).unwrap();
        flushed = text.trim().parse().unwrap_or(flushed);
        let config = Config {
            disk: Some(DiskConfig::new(folder.path().join("store"))),
            ..Config::default()
        };
        let (history, restored) = History::open(config).unwrap();
        assert!(restored.dropped.len() <= 1, "{restored:?}");
        let found = all(&history, &[]);
        assert_eq!(found.len(), 3);
        for (_, samples) in found {
            // All of them, each once, and in order.
            let times: Vec<i64> = samples.iter().map(|sample| sample.0).collect();
            assert_eq!(times, (0..times.len() as i64).collect::<Vec<_>>());
            assert!(times.len() as i64 >= flushed, "{} of {flushed}", times.len());
        }
    }
}

fn append_for_ever(folder: &std::path::Path) -> ! {
    let config = Config { disk: Some(DiskConfig::new(folder)), ..Config::default() };
    let history = open(config);
    let handles: Vec<_> = (0..3).map(|i| history.handle(&labels("m", i)).unwrap()).collect();
    let begin = all(&history, &[]).first().map_or(0, |(_, samples)| samples.len() as i64);
    for t in begin.. {
        for handle in &handles {
            let _ = history.append(*handle, t, t as f64);
        }
        if t % 7 == 0 {
            history.flush().unwrap();
            let new = folder.with_file_name("told.new");
            std::fs::write(&new, (t + 1).to_string()).unwrap();
            std::fs::rename(&new, folder.with_file_name("told")).unwrap();
        }
    }
    unreachable!()
}

#[test]
fn readers_and_writers_go_on_together() {
    let history = open(Config::default());
    let handles: Vec<_> = (0..100).map(|i| history.handle(&labels("m", i)).unwrap()).collect();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for t in 0..2000 {
                let samples: Vec<_> =
                    handles.iter().map(|h| (*h, Sample { t_ms: t, value: t as f64 })).collect();
                assert_eq!(history.append_all(&samples).taken, 100);
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    for series in history.select(&[], 0, i64::MAX) {
                        let times: Vec<_> = series.samples(0, i64::MAX).map(|s| s.t_ms).collect();
                        assert_eq!(times, (0..times.len() as i64).collect::<Vec<_>>());
                    }
                }
            });
        }
    });
}
