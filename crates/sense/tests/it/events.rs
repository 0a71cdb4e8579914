//! Recordings of event cameras against what other programs read of them, and damage to them.
//!
//! `tests/make_events.py` wrote the counts and checksums with expelliarmus and tonic.

use std::path::{Path, PathBuf};

use sense::event::{Decoder, Event, Events, Format, Report, read};
use sha2::{Digest, Sha256};

/// The recordings beside the repository, or `None` after saying that they are not there.
fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/events");
    if !folder.is_dir() {
        eprintln!("SKIPPED (data): no recordings in shared/data/events beside the repository");
        return None;
    }
    Some(folder)
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn format_of(name: &str) -> Format {
    if name.contains("nmnist") {
        Format::NMnist
    } else if name.contains("evt2") {
        Format::Evt2
    } else if name.contains("evt3") {
        Format::Evt3
    } else if name.ends_with("dat") {
        Format::Dat
    } else {
        Format::Aedat4
    }
}

/// SHA-256 over the columns, as the script has it.
fn checksum(events: &Events) -> String {
    let mut hash = Sha256::new();
    events.t_us().iter().for_each(|t| hash.update(t.to_le_bytes()));
    events.x().iter().for_each(|x| hash.update(x.to_le_bytes()));
    events.y().iter().for_each(|y| hash.update(y.to_le_bytes()));
    events.on().iter().for_each(|on| hash.update([u8::from(*on)]));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every file with what others read of it.
fn files() -> Vec<(String, Vec<u8>, serde_json::Value)> {
    let text = std::fs::read_to_string(fixtures().join("events.json")).unwrap();
    let expected: serde_json::Map<_, _> = serde_json::from_str(&text).unwrap();
    let recordings = recordings();
    let path = |name: &str| match name.starts_with("random") {
        true => Some(fixtures().join(name)),
        false => recordings.as_ref().map(|folder| folder.join(name)),
    };
    let file = |(name, expected): (String, _)| {
        let bytes = std::fs::read(path(&name)?).unwrap();
        Some((name, bytes, expected))
    };
    expected.into_iter().filter_map(file).collect()
}

#[test]
fn every_event_is_what_others_read() {
    let files = files();
    assert!(files.len() >= 3);
    for (name, bytes, expected) in files {
        let (events, report) = format_of(&name).read(&bytes, &name).unwrap();
        assert_eq!(events.len() as u64, expected["n_events"].as_u64().unwrap(), "{name}");
        assert_eq!(events.t_us().first().copied(), expected["first_us"].as_i64(), "{name}");
        assert_eq!(events.t_us().last().copied(), expected["last_us"].as_i64(), "{name}");
        assert_eq!(checksum(&events), expected["sha256"].as_str().unwrap(), "{name}");
        assert_eq!(report.n_events, events.len() as u64, "{name}");
        assert_eq!((report.n_repaired(), report.n_dropped()), (0, 0), "{name}");
    }
}

#[test]
fn a_header_tells_its_format() {
    for (name, bytes, _) in files() {
        let format = Some(format_of(&name)).filter(|format| *format != Format::NMnist);
        assert_eq!(Format::detect(&bytes), format, "{name}");
        assert_eq!(read(&bytes, &name).is_ok(), format.is_some(), "{name}");
    }
}

/// Pieces of any size give the same events and the same report as the whole.
#[test]
fn pieces_are_as_good_as_the_whole() {
    for (name, bytes, _) in files() {
        let whole = format_of(&name).read(&bytes, &name).unwrap();
        for size in [1, 7, 64, 1021, 65_536] {
            if size < 64 && bytes.len() > 100_000 {
                continue;
            }
            let mut decoder = Decoder::new(format_of(&name), &name);
            let mut events = Events::new();
            for piece in bytes.chunks(size) {
                decoder.push(piece, &mut events).unwrap();
            }
            assert!((events, decoder.finish().unwrap()) == whole, "{name} by {size}");
        }
    }
}

/// What is read of the first bytes is the beginning of what is read of all.
#[test]
fn a_cut_file_loses_only_its_end() {
    for (name, bytes, _) in files() {
        let (whole, _) = format_of(&name).read(&bytes, &name).unwrap();
        // At every byte of what is small, at every 997th otherwise.
        let stride = if bytes.len() < 30_000 { 13 } else { bytes.len() / 97 };
        for cut in (0..bytes.len().min(3000)).chain((3000..bytes.len()).step_by(stride)) {
            let Ok((events, _)) = format_of(&name).read(&bytes[..cut], &name) else { continue };
            let n = events.len();
            let is_same = events.t_us() == &whole.t_us()[..n]
                && events.x() == &whole.x()[..n]
                && events.y() == &whole.y()[..n]
                && events.on() == &whole.on()[..n];
            assert!(is_same, "{name} cut at {cut}");
        }
    }
}

/// Bits that turned over are an error or counted; time stays in order.
#[test]
fn a_damaged_file_stays_in_order() {
    for (name, bytes, _) in files() {
        let n = bytes.len().min(60_000);
        for position in (0..n).step_by(n / 150) {
            let mut damaged = bytes[..n].to_vec();
            damaged[position] ^= 1 << (position % 8);
            if let Ok((events, report)) = format_of(&name).read(&damaged, &name) {
                assert!(events.t_us().is_sorted(), "{name} at {position}");
                assert_eq!(report.n_events, events.len() as u64);
            }
        }
    }
}

fn evt2(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn report_of(format: Format, bytes: &[u8]) -> (Vec<i64>, Report) {
    let (events, report) = format.read(bytes, "made").unwrap();
    (events.t_us().to_vec(), report)
}

#[test]
fn counters_that_begin_again_go_on() {
    let high = |units: u32| 0x8000_0000 | units;
    let event = 0x1000_0000;
    let (times, report) =
        report_of(Format::Evt2, &evt2(&[high(0x0fff_ffff), event, high(0), event]));
    assert_eq!((times, report.n_wraps), (vec![(1 << 34) - 64, 1 << 34], 1));

    let words = [0x8fff_u16, 0x6fff, 0x0001, 0x2001, 0x8000, 0x2001, 0x6001, 0x2001];
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let (times, report) = report_of(Format::Evt3, &bytes);
    assert_eq!(times, [(1 << 24) - 1, 1 << 24, (1 << 24) + 1]);
    assert_eq!((report.n_wraps, report.n_clamped), (1, 0));

    let mut bytes = b"% Version 2\n\x0c\x08".to_vec();
    for time in [u32::MAX, 3] {
        bytes.extend(time.to_le_bytes());
        bytes.extend([0; 4]);
    }
    let (times, report) = report_of(Format::Dat, &bytes);
    assert_eq!((times, report.n_wraps), (vec![u32::MAX.into(), (1 << 32) + 3], 1));

    let bytes = [1, 1, 0, 0, 9, 0, 240, 0, 0, 0, 1, 1, 0, 0, 9];
    let (times, report) = report_of(Format::NMnist, &bytes);
    assert_eq!((times, report.n_wraps), (vec![9, 8201], 1));
}

#[test]
fn a_clock_that_steps_back_is_repaired_and_counted() {
    let high = |units: u32| 0x8000_0000 | units;
    let event = 0x1000_0000;
    let words = [high(10_000), event, high(9_999), event, high(5), event, high(6), event];
    let (times, report) = report_of(Format::Evt2, &evt2(&words));
    assert_eq!(times, [640_000, 640_000, 640_000, 640_064]);
    assert_eq!((report.n_clamped, report.n_rebased, report.n_wraps), (1, 1, 0));
}

#[test]
fn what_cannot_be_used_is_counted_by_kind() {
    let high = 0x8000_0001;
    let trigger = 0xA000_0301;
    let mut bytes = b"% evt 2.0\n% geometry 4x4\n".to_vec();
    let on_sensor = 0x1000_0000 | 3 << 11 | 3;
    let outside = 0x1000_0000 | 4 << 11;
    bytes.extend(evt2(&[on_sensor, high, on_sensor, outside, trigger, 0x3000_0000, 0xE000_0000]));
    bytes.push(0);
    let (events, report) = read(&bytes, "made").unwrap();
    assert_eq!(events.get(0), Some(Event { t_us: 64, x: 3, y: 3, on: true }));
    assert_eq!((events.triggers()[0].channel, events.triggers()[0].rising), (3, true));
    let expected = Report {
        n_events: 1,
        n_triggers: 1,
        n_before_time: 1,
        n_outside: 1,
        n_unknown: 1,
        n_cut_bytes: 1,
        ..Report::default()
    };
    assert_eq!(Report { size: None, ..report }, expected);
}

#[test]
fn what_is_not_the_format_is_one_error() {
    let told = |format: Format, bytes: &[u8]| format.read(bytes, "made").unwrap_err().to_string();
    assert_eq!(
        told(Format::Evt3, b"% evt 2.0\n\x00\x00\x00\x80"),
        "made: header: expected Evt3, found Evt2"
    );
    assert_eq!(
        told(Format::Dat, b"% Version 2\n\x00\x04"),
        "made: event size: expected 8 bytes, found 4"
    );
    assert_eq!(
        told(Format::Aedat4, b"#!AER-DAT3.1\r\n"),
        "made: first line: expected #!AER-DAT4.0, found #!AER-DAT3.1\\r\\n"
    );
    assert_eq!(
        told(Format::Aedat4, b"#!AER"),
        "made: header: expected more bytes, found the end of the file"
    );
}

/// The packets of the sample compressed otherwise are the same events.
#[test]
fn aedat4_is_read_in_every_compression() {
    use std::io::Read;
    let Some(folder) = recordings() else { return };
    let bytes = std::fs::read(folder.join("sample.aedat4")).unwrap();
    let (expected, _) = read(&bytes, "sample").unwrap();
    let header_end = 14 + 4 + u32::from_le_bytes(bytes[14..18].try_into().unwrap()) as usize;
    // The sample's header has its compression and the position of its table at these bytes.
    assert_eq!((bytes[46], bytes[54]), (1, 0x5b));
    for compression in [0_u8, 4] {
        let mut other = bytes[..header_end].to_vec();
        let table_at = u64::from_le_bytes(bytes[54..62].try_into().unwrap()) as usize;
        other[46] = compression;
        other[54..62].fill(0xff);
        let mut at = header_end;
        while at < table_at {
            let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
            let mut plain = Vec::new();
            lz4_flex::frame::FrameDecoder::new(&bytes[at + 8..at + 8 + size])
                .read_to_end(&mut plain)
                .unwrap();
            if compression == 4 {
                let level = ruzstd::encoding::CompressionLevel::Fastest;
                plain = ruzstd::encoding::compress_to_vec(&plain[..], level);
            }
            other.extend(&bytes[at..at + 4]);
            other.extend((plain.len() as u32).to_le_bytes());
            other.extend(plain);
            at += 8 + size;
        }
        let (events, report) = read(&other, "other").unwrap();
        assert!(events == expected, "compression {compression}");
        assert_eq!(report.n_dropped(), 0);
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, kind in 0..5_usize, cut in 0..64_usize) {
        let (format, start) = [
            (Format::Evt2, "% evt 2.0\n"),
            (Format::Evt3, ""),
            (Format::Dat, "% Version 1\n\x00\x08"),
            (Format::NMnist, ""),
            (Format::Aedat4, "#!AER-DAT4.0\r\n"),
        ][kind];
        let all = [start.as_bytes(), &bytes].concat();
        let mut decoder = Decoder::new(format, "any");
        let mut events = Events::new();
        let (first, second) = all.split_at(cut.min(all.len()));
        let result = decoder.push(first, &mut events).and_then(|()| decoder.push(second, &mut events));
        assert!(events.t_us().is_sorted());
        if result.is_ok() && let Ok((whole, report)) = format.read(&all, "any") {
            assert_eq!((&whole, report), (&events, decoder.finish().unwrap()));
        }
    }
}
