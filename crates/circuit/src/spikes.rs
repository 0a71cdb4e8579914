//! What a run recorded: spikes with the populations that they belong to, as an `.npz` holds them.

use sense::{Column, Columns, DType, SenseError};

/// Spikes of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The populations in the order of their neurons.
    pub parts: Vec<Part>,
    /// Time of each spike (ms), the end of its step, rising.
    pub times: Vec<f64>,
    /// The neuron of each spike, counted through all populations.
    pub neurons: Vec<u32>,
    /// When the recording began (ms).
    pub start: f64,
    /// How long it lasted (ms).
    pub duration: f64,
}

/// A population in a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its first neuron among all.
    pub first: usize,
    /// The number of its neurons.
    pub size: usize,
}

impl Recorded {
    /// Populations by name and size, in order.
    pub fn parts(populations: impl IntoIterator<Item = (String, usize)>) -> Vec<Part> {
        let mut first = 0;
        let part = |(name, size)| {
            first += size;
            Part { name, first: first - size, size }
        };
        populations.into_iter().map(part).collect()
    }

    /// The arrays of an `.npz`: `times`, `neurons`, `population_sizes`, `population_names` (text,
    /// one name a line), `start`, `duration`.
    pub fn columns(&self) -> Columns {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let sizes = self.parts.iter().map(|part| part.size as f64);
        let neurons = self.neurons.iter().map(|&neuron| f64::from(neuron));
        Columns::from([
            ("times".into(), Column::new(DType::F64, self.times.iter().copied())),
            ("neurons".into(), Column::new(DType::U32, neurons)),
            ("population_sizes".into(), Column::new(DType::U64, sizes)),
            ("population_names".into(), Column::text(&names.join("\n"))),
            ("start".into(), Column::new(DType::F64, [self.start])),
            ("duration".into(), Column::new(DType::F64, [self.duration])),
        ])
    }

    /// Reads the arrays of an `.npz`; of those that are absent but `times` and `neurons`, the
    /// spikes tell: one population, from 0 to the last spike.
    ///
    /// # Errors
    /// [`SenseError`] for what is no such archive, and for spikes that do not fit the populations.
    pub fn read(bytes: &[u8], what: &str) -> Result<Self, SenseError> {
        let mut columns = sense::read_columns(bytes, what)?;
        let wrong = |part, expected: &str, found: String| SenseError::Malformed {
            what: what.into(),
            part,
            expected: expected.into(),
            found,
        };
        let names = columns.remove("population_names").map(|column| column.as_text());
        let mut take = |name: &str| columns.remove(name).map(|column| column.values);
        let absent = || "nothing".to_owned();
        let times = take("times").ok_or_else(|| wrong("times", "times in ms", absent()))?;
        let neurons = take("neurons").ok_or_else(|| wrong("neurons", "neurons", absent()))?;
        if times.len() != neurons.len() {
            let found = format!("{} times, {} neurons", times.len(), neurons.len());
            return Err(wrong("neurons", "as many neurons as times", found));
        }
        let whole = |n: &&f64| !(n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(*n));
        if let Some(neuron) = neurons.iter().find(whole) {
            return Err(wrong("neurons", "whole numbers", neuron.to_string()));
        }
        if let Some(time) = times.iter().find(|time| !time.is_finite()) {
            return Err(wrong("times", "finite numbers", time.to_string()));
        }
        let most = neurons.iter().copied().fold(-1.0, f64::max) + 1.0;
        let sizes = take("population_sizes").unwrap_or_else(|| vec![most]);
        if sizes.iter().any(|n| whole(&n)) || sizes.iter().sum::<f64>() < most {
            let found = format!("{} neurons, spikes of {most}", sizes.iter().sum::<f64>());
            return Err(wrong("population_sizes", "room for every neuron", found));
        }
        let names = names.unwrap_or_else(|| {
            (0..sizes.len()).map(|k| format!("{k}")).collect::<Vec<_>>().join("\n")
        });
        let names: Vec<String> = names.lines().map(Into::into).collect();
        if names.len() != sizes.len() {
            let found = format!("{} names, {} sizes", names.len(), sizes.len());
            return Err(wrong("population_names", "a name for each size", found));
        }
        let start = take("start").and_then(|s| s.first().copied()).unwrap_or(0.0);
        let end = times.iter().copied().fold(start, f64::max);
        let duration = take("duration").and_then(|d| d.first().copied());
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
        Ok(Self {
            parts: Self::parts(names.into_iter().zip(sizes.into_iter().map(|n| n as usize))),
            times: order.iter().map(|&k| times[k]).collect(),
            neurons: order.iter().map(|&k| neurons[k] as u32).collect(),
            start,
            duration: duration.unwrap_or(end - start),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_comes_back() {
        let recorded = Recorded {
            parts: Recorded::parts([("E".into(), 4), ("I".into(), 1)]),
            times: vec![500.1, 500.1, 777.7],
            neurons: vec![0, 4, 3],
            start: 500.0,
            duration: 1000.0,
        };
        let bytes = sense::write_columns(&recorded.columns()).unwrap();
        assert_eq!(Recorded::read(&bytes, "x.npz").unwrap(), recorded);
    }

    #[test]
    fn spikes_of_no_neuron_are_refused() {
        let columns = Columns::from([
            ("times".to_owned(), Column::new(DType::F64, [1.0])),
            ("neurons".to_owned(), Column::new(DType::U32, [7.0])),
            ("population_sizes".to_owned(), Column::new(DType::U64, [5.0])),
        ]);
        let bytes = sense::write_columns(&columns).unwrap();
        let error = Recorded::read(&bytes, "x.npz").unwrap_err().to_string();
        assert_eq!(
            error,
            "x.npz: population_sizes: expected room for every neuron, found 5 neurons, spikes of 8"
        );
    }
}
