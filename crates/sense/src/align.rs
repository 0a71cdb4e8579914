//! Streams of several senses on one time: windows out, each with every sense, a hold or a gap.
//!
//! Reading a sense's own format is elsewhere; here samples have a time and values.

use std::collections::BTreeMap;

use crate::SenseError;
use crate::limits::{MAX_BANDS, MAX_STREAMS, MAX_WINDOWS_OPEN};

/// What several samples of a stream in one window become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Their sum; a window without any is all zero. For spikes and events.
    Sum,
    /// Their mean; a window without any holds the value before. For signals.
    Mean,
    /// The latest in time; a window without any holds the value before. For states.
    Last,
}

/// One sense: its clock, its channels, and how long it may be silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// For errors.
    pub name: String,
    /// Values of a sample.
    pub n_channels: usize,
    /// Common time at the stream's time 0, in microseconds.
    pub offset_us: i64,
    /// Common microseconds for each of the stream's: 1 unless its clock drifts.
    pub rate: f64,
    /// What several samples in one window become.
    pub combine: Combine,
    /// How long before a window's end the stream's latest sample may be; longer ago, the stream is
    /// missing there.
    pub silence_us: i64,
}

/// What a window has of one stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Samples were there, or none of a stream whose samples are sums.
    Here(Vec<f32>),
    /// None was there; the value before.
    Held(Vec<f32>),
    /// The stream was silent for too long, or not yet there: no values.
    Missing,
}

/// One step of common time.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its first microsecond.
    pub start_us: i64,
    /// One for each stream, in order.
    pub parts: Vec<Part>,
}

/// What was counted of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamReport {
    /// Samples that are in a window.
    pub n_samples: u64,
    /// Repaired: samples before the latest one, put where they belong.
    pub n_reordered: u64,
    /// Dropped: samples whose window was already given out.
    pub n_late: u64,
    /// Dropped: samples more than [`MAX_WINDOWS_OPEN`] windows ahead.
    pub n_ahead: u64,
    /// Windows given out in which the stream was missing.
    pub n_missing: u64,
}

/// Puts samples into windows of common time.
///
/// ```text
/// common time = offset + rate (the stream's time)
/// window k is  k step <= common time < (k + 1) step
/// ```
///
/// [`Aligner::advance`] says what time it is; windows that ended at least `lateness_us` before are
/// given out, in order and without gaps, from the one of the first sample on.
#[derive(Clone, Debug)]
pub struct Aligner {
    step_us: i64,
    lateness_us: i64,
    streams: Vec<State>,
    /// The next window to give out, once there is one.
    next: Option<i64>,
}

#[derive(Clone, Debug)]
struct State {
    stream: Stream,
    latest_us: Option<i64>,
    /// The latest sample given out, and its time.
    held: Option<(i64, Vec<f32>)>,
    open: BTreeMap<i64, Bucket>,
    report: StreamReport,
}

/// Samples of one window so far.
#[derive(Clone, Debug, Default)]
struct Bucket {
    n: u32,
    sum: Vec<f64>,
    last_us: i64,
    last: Vec<f32>,
}

impl Aligner {
    /// Windows of a length for these streams.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for a step, lateness, silence, rate or number of channels that makes no
    /// sense; [`SenseError::TooLarge`] above [`MAX_STREAMS`].
    pub fn new(
        step_us: i64,
        lateness_us: i64,
        streams: Vec<Stream>,
    ) -> Result<Aligner, SenseError> {
        if streams.len() > MAX_STREAMS {
            let (limit, found) = (MAX_STREAMS as u64, streams.len() as u64);
            return Err(SenseError::TooLarge {
                what: "align".into(),
                unit: "streams",
                limit,
                found,
            });
        }
        let bad = |what: String, expected, found| {
            Err(SenseError::Value { what, idx: 0, expected, found })
        };
        if step_us <= 0 {
            return bad("step_us".into(), "above zero", step_us as f64);
        }
        if lateness_us < 0 {
            return bad("lateness_us".into(), "from zero", lateness_us as f64);
        }
        for stream in &streams {
            let name = &stream.name;
            if !(1..=MAX_BANDS).contains(&stream.n_channels) {
                return bad(format!("{name}: channels"), "1 to 4096", stream.n_channels as f64);
            }
            if !(0.5..=2.0).contains(&stream.rate) {
                return bad(format!("{name}: rate"), "0.5 to 2", stream.rate);
            }
            if stream.silence_us < 0 {
                return bad(format!("{name}: silence_us"), "from zero", stream.silence_us as f64);
            }
        }
        let state = |stream| State {
            stream,
            latest_us: None,
            held: None,
            open: BTreeMap::new(),
            report: StreamReport::default(),
        };
        let streams = streams.into_iter().map(state).collect();
        Ok(Aligner { step_us, lateness_us, streams, next: None })
    }

    /// Takes a sample of a stream at the stream's own time.
    ///
    /// # Errors
    ///
    /// [`SenseError::Value`] for a stream that there is not, or a value that is not finite;
    /// [`SenseError::Shape`] for another number of values. Nothing is taken then.
    pub fn push(&mut self, stream_idx: usize, t_us: i64, values: &[f32]) -> Result<(), SenseError> {
        let n_streams = self.streams.len();
        let Some(state) = self.streams.get_mut(stream_idx) else {
            let (what, expected) = ("stream".to_owned(), "one of the streams");
            let found = stream_idx as f64;
            return Err(SenseError::Value { what, idx: n_streams, expected, found });
        };
        let what = &state.stream.name;
        if values.len() != state.stream.n_channels {
            let expected = format!("{} values", state.stream.n_channels);
            return Err(SenseError::Shape {
                what: what.clone(),
                expected,
                found: vec![values.len()],
            });
        }
        if let Some(idx) = values.iter().position(|value| !value.is_finite()) {
            let (expected, found) = ("a finite number", values[idx].into());
            return Err(SenseError::Value { what: what.clone(), idx, expected, found });
        }
        // The cast takes what is beyond the range to its end.
        let common_us =
            state.stream.offset_us.saturating_add((t_us as f64 * state.stream.rate) as i64);
        let window = common_us.div_euclid(self.step_us);
        let next = *self.next.get_or_insert(window);
        if window < next {
            state.report.n_late += 1;
        } else if window.saturating_sub(next) > MAX_WINDOWS_OPEN {
            state.report.n_ahead += 1;
        } else {
            state.take(window, common_us, values);
        }
        Ok(())
    }

    /// The windows that ended by `now_us`, common time, less the lateness; at most `most`.
    pub fn advance(&mut self, now_us: i64, most: usize) -> Vec<Window> {
        let mut windows = Vec::new();
        while let Some(next) = self.next
            && windows.len() < most
        {
            let end_us = next.saturating_add(1).saturating_mul(self.step_us);
            if end_us > now_us.saturating_sub(self.lateness_us) {
                break;
            }
            let parts = self.streams.iter_mut().map(|state| state.part(next, end_us)).collect();
            windows.push(Window { start_us: next.saturating_mul(self.step_us), parts });
            self.next = Some(next.saturating_add(1));
        }
        windows
    }

    /// What was counted of each stream so far.
    pub fn reports(&self) -> Vec<StreamReport> {
        self.streams.iter().map(|state| state.report).collect()
    }
}

impl State {
    fn take(&mut self, window: i64, common_us: i64, values: &[f32]) {
        self.report.n_samples += 1;
        if self.latest_us.is_some_and(|latest| common_us < latest) {
            self.report.n_reordered += 1;
        }
        self.latest_us = Some(self.latest_us.map_or(common_us, |latest| latest.max(common_us)));
        let bucket = self.open.entry(window).or_default();
        bucket.n += 1;
        bucket.sum.resize(values.len(), 0.0);
        bucket.sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += f64::from(*value));
        if bucket.n == 1 || common_us >= bucket.last_us {
            (bucket.last_us, bucket.last) = (common_us, values.to_vec());
        }
    }

    fn part(&mut self, window: i64, end_us: i64) -> Part {
        if let Some(bucket) = self.open.remove(&window) {
            self.held = Some((bucket.last_us, bucket.last.clone()));
            let n = f64::from(bucket.n);
            return Part::Here(match self.stream.combine {
                Combine::Sum => bucket.sum.iter().map(|sum| *sum as f32).collect(),
                Combine::Mean => bucket.sum.iter().map(|sum| (sum / n) as f32).collect(),
                Combine::Last => bucket.last,
            });
        }
        // A later sample does not excuse a gap: what counts is the latest before the window.
        let heard_us = self.held.as_ref().map(|(heard_us, _)| *heard_us);
        let was_heard =
            heard_us.is_some_and(|at| end_us.saturating_sub(at) <= self.stream.silence_us);
        match (&self.held, was_heard) {
            (Some((_, held)), true) if self.stream.combine != Combine::Sum => {
                Part::Held(held.clone())
            }
            (Some((_, held)), true) => Part::Here(vec![0.0; held.len()]),
            _ => {
                self.report.n_missing += 1;
                Part::Missing
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(name: &str, combine: Combine) -> Stream {
        let name = name.to_owned();
        Stream { name, n_channels: 1, offset_us: 0, rate: 1.0, combine, silence_us: 2_500 }
    }

    fn two() -> Aligner {
        let streams = vec![stream("events", Combine::Sum), stream("motion", Combine::Mean)];
        Aligner::new(1_000, 500, streams).unwrap()
    }

    #[test]
    fn a_missing_sense_is_marked_and_not_zero() {
        let mut aligner = two();
        for t_us in [100, 200, 1_100, 6_100] {
            aligner.push(0, t_us, &[1.0]).unwrap();
        }
        aligner.push(1, 300, &[2.0]).unwrap();
        aligner.push(1, 500, &[4.0]).unwrap();
        let windows = aligner.advance(7_600, 100);
        let here = |value| Part::Here(vec![value]);
        let events = [here(2.0), here(1.0), here(0.0), Part::Missing, Part::Missing, Part::Missing];
        let held = || Part::Held(vec![4.0]);
        let motion = [here(3.0), held(), held(), Part::Missing, Part::Missing, Part::Missing];
        for (k, window) in windows.iter().take(6).enumerate() {
            assert_eq!(window.start_us, 1_000 * k as i64);
            assert_eq!(window.parts, [events[k].clone(), motion[k].clone()], "window {k}");
        }
        assert_eq!(windows[6].parts, [here(1.0), Part::Missing]);
        assert_eq!(windows.len(), 7);
        assert_eq!(aligner.reports()[1].n_missing, 4);
    }

    #[test]
    fn clocks_have_an_offset_and_a_rate() {
        let fast = Stream { offset_us: -2_000, rate: 0.5, ..stream("fast", Combine::Last) };
        let mut aligner =
            Aligner::new(1_000, 0, vec![stream("common", Combine::Last), fast]).unwrap();
        aligner.push(0, 1_200, &[1.0]).unwrap();
        aligner.push(1, 6_800, &[7.0]).unwrap();
        let windows = aligner.advance(2_000, 10);
        assert_eq!(windows[0].parts, [Part::Here(vec![1.0]), Part::Here(vec![7.0])]);
    }

    #[test]
    fn late_and_early_samples_are_counted() {
        let mut aligner = two();
        aligner.push(1, 1_000, &[1.0]).unwrap();
        aligner.push(1, 1_900, &[1.0]).unwrap();
        aligner.push(1, 1_500, &[1.0]).unwrap();
        aligner.push(1, 0, &[1.0]).unwrap();
        aligner.push(1, i64::MAX, &[1.0]).unwrap();
        assert_eq!(aligner.advance(2_499, 10), []);
        assert_eq!(aligner.advance(2_500, 10).len(), 1);
        aligner.push(1, 1_950, &[1.0]).unwrap();
        let expected =
            StreamReport { n_samples: 3, n_reordered: 1, n_late: 2, n_ahead: 1, n_missing: 0 };
        assert_eq!(aligner.reports()[1], expected);
    }

    #[test]
    fn what_is_no_sample_is_an_error() {
        let mut aligner = two();
        assert!(aligner.push(2, 0, &[1.0]).is_err());
        assert!(aligner.push(0, 0, &[1.0, 2.0]).is_err());
        let error = aligner.push(1, 0, &[f32::NAN]).unwrap_err().to_string();
        assert_eq!(error, "motion[0]: expected a finite number, found NaN");
        assert_eq!(aligner.advance(i64::MAX, 10), []);
        assert!(Aligner::new(0, 0, vec![]).is_err());
        let drifting = Stream { rate: f64::NAN, ..stream("x", Combine::Sum) };
        assert!(Aligner::new(1, 0, vec![drifting]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_samples_panic_and_windows_have_no_gaps(
            samples: Vec<(bool, i64, f32)>, near: Vec<(bool, i16)>, now: i64
        ) {
            let mut aligner = two();
            for (stream, t_us, value) in samples {
                let _ = aligner.push(stream.into(), t_us, &[value]);
            }
            for (stream, t_us) in near {
                let _ = aligner.push(stream.into(), t_us.into(), &[1.0]);
            }
            let windows = aligner.advance(now, 1_000);
            assert!(windows.windows(2).all(|w| w[1].start_us.saturating_sub(w[0].start_us) <= 1_000));
        }
    }
}
