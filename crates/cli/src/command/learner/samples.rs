//! Samples of a file: rows of a CSV with a column of labels, or arrays of an `.npz`.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

/// Which samples of a file.
#[derive(Args)]
pub(super) struct From {
    /// A .csv with a header, or an .npz with the arrays x (samples, ...) and y.
    file: std::path::PathBuf,
    /// The column of labels of a CSV [default: label, where there is one].
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Every value is multiplied by this.
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    scale: f32,
    /// Only samples of these labels, with commas between.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The first sample of the file that is taken, from 0.
    #[arg(long, default_value_t = 0)]
    from: usize,
    /// The sample before which to stop.
    #[arg(long)]
    to: Option<usize>,
}

/// Values with their label, where there is one.
pub(super) struct Sample {
    pub(super) values: Vec<f32>,
    pub(super) label: Option<String>,
}

impl From {
    /// The samples.
    pub(super) fn read(&self) -> Result<Vec<Sample>> {
        let what = self.file.display().to_string();
        let is_csv = self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let size = std::fs::metadata(&self.file).with_context(|| what.clone())?.len();
        let most = sense::limits::MAX_FILE_BYTES;
        ensure!(size <= most, "{what}: {size} bytes, expected at most {most}");
        let all = if is_csv { self.of_csv(&what)? } else { of_npz(&self.file, &what)? };
        let to = self.to.unwrap_or(all.len());
        ensure!(
            self.from < to && to <= all.len(),
            "--from {} --to {to}: {what} has {} samples",
            self.from,
            all.len()
        );
        let taken = all.into_iter().skip(self.from).take(to - self.from);
        let wanted = |sample: &Sample| {
            self.only.is_empty() || sample.label.as_ref().is_some_and(|l| self.only.contains(l))
        };
        let mut samples: Vec<Sample> = taken.filter(wanted).collect();
        ensure!(!samples.is_empty(), "{what}: no sample of {}", self.only.join(", "));
        let scaled = samples.iter_mut().flat_map(|sample| &mut sample.values);
        scaled.for_each(|value| *value *= self.scale);
        Ok(samples)
    }

    fn of_csv(&self, what: &str) -> Result<Vec<Sample>> {
        let reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(&self.file);
        let mut reader = reader.with_context(|| what.to_owned())?;
        let header = reader.headers().with_context(|| what.to_owned())?.clone();
        let name = self.label.as_deref().unwrap_or("label");
        let at = header.iter().position(|column| column == name);
        if at.is_none() && self.label.is_some() {
            bail!(
                "{what}: no column {name}, it has {}",
                header.iter().collect::<Vec<_>>().join(", ")
            );
        }
        let mut samples = Vec::new();
        for (number, row) in reader.records().enumerate() {
            let place = || format!("{what}: line {}", number + 2);
            let row = row.with_context(place)?;
            let fields = row.iter().enumerate().filter(|(k, _)| Some(*k) != at);
            let number = |(k, text): (usize, &str)| {
                let column = header.get(k).unwrap_or("?");
                let told = || format!("{}: {column} is {text:?}, expected a number", place());
                text.parse::<f32>().ok().filter(|v| v.is_finite()).with_context(told)
            };
            let values = fields.map(number).collect::<Result<Vec<f32>>>()?;
            let label = at.and_then(|k| row.get(k)).filter(|label| !label.is_empty());
            samples.push(Sample { values, label: label.map(str::to_owned) });
        }
        ensure!(!samples.is_empty(), "{what}: no rows below the header");
        Ok(samples)
    }
}

fn of_npz(path: &Path, what: &str) -> Result<Vec<Sample>> {
    let bytes = std::fs::read(path).with_context(|| what.to_owned())?;
    let arrays = sense::read_npz(&bytes, what)?;
    let found = || arrays.keys().cloned().collect::<Vec<_>>().join(", ");
    let x = arrays.get("x").with_context(|| format!("{what}: no array x, it has {}", found()))?;
    let n = x.shape().first().copied().unwrap_or_default();
    ensure!(n > 0 && x.data().len() >= n, "{what}: x has shape {:?}", x.shape());
    let labels = match arrays.get("y") {
        Some(y) if y.data().len() != n => {
            bail!("{what}: y has shape {:?}, expected ({n},)", y.shape())
        }
        y => y.map(|y| y.data().iter().map(|label| label.to_string()).collect::<Vec<_>>()),
    };
    let rows = x.data().chunks_exact(x.data().len() / n);
    let label = |k: usize| labels.as_ref().map(|all| all[k].clone());
    Ok(rows.enumerate().map(|(k, row)| Sample { values: row.to_vec(), label: label(k) }).collect())
}
