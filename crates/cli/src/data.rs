//! Input from files: arrays of steps, recordings in the case form, tables.

use std::path::Path;

use anyhow::{Context, Result, bail};
use nir::{Expected, Recorded};
use sense::{Array, Recording, Table};
use spike::Raster;

/// Reads a recording: an `.npy`, `.npz` or `.csv` file.
pub(crate) fn recording(path: &Path, size: Option<usize>, dt: f64) -> Result<Recording> {
    let is_csv = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
    if !is_csv {
        if path.is_dir() {
            bail!("{}: a folder, expected an .npy, .npz or .csv file", path.display());
        }
        return Recording::read(path).with_context(|| path.display().to_string());
    }
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let what = path.display().to_string();
    let table = Table::read(&bytes, &what)?;
    let array = table.to_raster(None, size, dt).with_context(|| what.clone())?;
    Ok(Recording { input: Some(array), ..Recording::default() })
}

/// The input of a recording, or why there is none.
pub(crate) fn input(recording: &Recording, path: &Path) -> Result<Array> {
    let found = recording.input.clone();
    found
        .with_context(|| format!("{}: holds no input (in_packed, in_f32 or input)", path.display()))
}

/// An array `(steps, ...)` as a raster of `size` neurons.
pub(crate) fn raster(array: &Array, size: usize) -> Result<Raster> {
    if array.n_channels() != size {
        bail!("input of shape {:?}: expected (steps, {size} in all)", array.shape());
    }
    Ok(Raster::from_dense(array.data(), size))
}

/// An array `(batch, steps, ...)` as one raster per sequence.
pub(crate) fn batch(array: &Array, size: usize) -> Result<Vec<Raster>> {
    let shape = array.shape();
    let (Some(&n), Some(&steps)) = (shape.first(), shape.get(1)) else {
        bail!("input of shape {shape:?}: expected (batch, steps, {size} in all)");
    };
    if n == 0 || steps == 0 || array.data().len() != n * steps * size {
        bail!("input of shape {shape:?}: expected (batch, steps, {size} in all)");
    }
    let one = |row: &[f32]| Raster::from_dense(row, size);
    Ok(array.data().chunks_exact(steps * size).map(one).collect())
}

/// What the nodes of a recording did, for comparison.
pub(crate) fn expected(recording: Recording) -> Vec<Expected> {
    let mut nodes: Vec<Expected> = recording
        .nodes
        .into_iter()
        .map(|(node, did)| Expected {
            node,
            spikes: did.spikes.map(Array::into_data),
            potentials: did.potentials.map(|p| {
                let indices = p.indices.map(|all| all.into_iter().map(|i| i as u32).collect());
                (indices, p.values.into_data())
            }),
        })
        .collect();
    nodes.extend(recording.output.map(|output| Expected {
        node: "out".into(),
        spikes: Some(output.into_data()),
        potentials: None,
    }));
    nodes
}

/// A pair of files as something to match: the input of the first, what nodes did in the second. A
/// second file that holds one plain array is what the output did.
pub(crate) fn pair(first: &Path, second: &Path, size: usize, dt: f64) -> Result<Recorded> {
    let input = input(&recording(first, Some(size), dt)?, first)?;
    let other = recording(second, None, dt)?;
    let mut nodes = Vec::new();
    if first != second
        && other.nodes.is_empty()
        && other.output.is_none()
        && let Some(output) = &other.input
    {
        let spikes = Some(output.data().to_vec());
        nodes.push(Expected { node: "out".into(), spikes, potentials: None });
    }
    nodes.extend(expected(other));
    if nodes.is_empty() {
        bail!("{}: records no node and no output to compare with", second.display());
    }
    Ok(Recorded { inputs: vec![raster(&input, size)?], nodes })
}
