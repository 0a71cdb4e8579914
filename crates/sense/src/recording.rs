//! What went into a network and what its nodes did, step by step.
//!
//! Frameworks record this so that another program can be compared with them.
//! What an array alone is, is [`crate::Array`]; comparing belongs to whoever runs the network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::array::{Array, Arrays, DType, n_values};
use crate::error::check;
use crate::limits::MAX_FILE_BYTES;
use crate::{SenseError, npy, npz, read_npy, read_npz};

/// Names that a plain archive may give to the input, and to the output.
const INPUT_NAMES: &[&str] = &["input", "in", "x"];
const OUTPUT_NAMES: &[&str] = &["out", "output"];

/// A recording of a network.
///
/// **Case form**, an `.npz` with (T is the number of steps, every first axis has it):
///
/// | array | type, shape | holds |
/// | --- | --- | --- |
/// | `in_shape` + `in_packed` | integers; bits | the input: 0/1 values, `numpy.packbits` of the flat array |
/// | `in_f32` | float, (T, ...) | or the input as it is; `in_shape` is then optional |
/// | `spk_NODE_shape` + `spk_NODE_packed` | as the input | spikes of a node, 0/1 |
/// | `cnt_NODE` | integer, (T, ...) | or spikes of a node, several a step |
/// | `v_NODE` | float, (T, k) | potentials after the step, in the framework's unit |
/// | `vidx_NODE` | integer, (k) | the flat indices that `v_NODE` keeps; absent: all |
/// | `out` | integer, (T, n) | spikes of the output |
///
/// **Plain forms**: an `.npy`, or an `.npz` with one array, is the input. In an `.npz` with several
/// arrays `input`, `in` or `x` is the input, `out` or `output` the output, and every other array is
/// the spikes of the node of that name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    /// Shape (T, ...): currents, or spikes 0/1. `None` if the file records nodes only.
    pub input: Option<Array>,
    /// What each recorded node did.
    pub nodes: BTreeMap<String, NodeRecording>,
    /// Shape (T, n): spikes of the output.
    pub output: Option<Array>,
    /// Arrays of a case that the form does not name, such as weights.
    pub other: Arrays,
}

/// What one node did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeRecording {
    /// Shape (T, ...): how many spikes in each step.
    pub spikes: Option<Array>,
    /// The potential after each step.
    pub potentials: Option<Potentials>,
}

/// Potentials of some neurons of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Potentials {
    /// Which neurons, as flat indices; `None` means all, in order.
    pub indices: Option<Vec<usize>>,
    /// Shape (T, k), in the framework's unit.
    pub values: Array,
}

impl Recording {
    /// Reads a file, `.npy` or `.npz` by its first bytes.
    ///
    /// # Errors
    ///
    /// [`SenseError::File`] if it cannot be read, otherwise as [`Recording::from_bytes`].
    pub fn read(path: &Path) -> Result<Recording, SenseError> {
        let in_file = |source| SenseError::File { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(in_file)?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(in_file)?;
        let what = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Recording::from_bytes(&bytes, &what)
    }

    /// Reads the bytes of an `.npy` or `.npz`; `what` names them in errors.
    ///
    /// # Errors
    ///
    /// As [`read_npy`], [`read_npz`] and [`Recording::from_arrays`].
    pub fn from_bytes(bytes: &[u8], what: &str) -> Result<Recording, SenseError> {
        let found = bytes.len() as u64;
        if found > MAX_FILE_BYTES {
            let what = what.to_owned();
            return Err(SenseError::TooLarge { what, unit: "bytes", limit: MAX_FILE_BYTES, found });
        }
        if bytes.starts_with(npz::MAGIC) {
            return Recording::from_arrays(read_npz(bytes, what)?, what);
        }
        if !bytes.starts_with(npy::MAGIC) {
            let found = format!("{:02x?}", &bytes[..bytes.len().min(4)]);
            let expected = "an .npy or .npz".to_owned();
            return Err(SenseError::Malformed {
                what: what.into(),
                part: "magic",
                expected,
                found,
            });
        }
        Ok(Recording { input: Some(read_npy(bytes, what)?), ..Recording::default() })
    }

    /// Decodes named arrays, in the case form or a plain one; `what` names them in errors.
    ///
    /// # Errors
    ///
    /// Every problem at once: [`SenseError::MissingArray`] for a shape without bits or the reverse,
    /// [`SenseError::Twice`] for spikes given as bits and as counts, [`SenseError::Shape`] for
    /// arrays that do not fit each other, [`SenseError::Value`] for values that are no counts or
    /// indices.
    pub fn from_arrays(arrays: Arrays, what: &str) -> Result<Recording, SenseError> {
        let is_case = ["in_packed", "in_f32"].iter().any(|name| arrays.contains_key(*name));
        if !is_case {
            let recording = plain(arrays);
            check(recording.problems(what))?;
            return Ok(recording);
        }
        let names = arrays.keys().cloned().collect();
        let mut case = Case { arrays, names, what, problems: Vec::new() };
        let recording = case.decode();
        // A wrong length says nothing new of an array that could not be decoded.
        case.problems.extend(recording.problems(what));
        check(case.problems)?;
        Ok(recording)
    }

    /// How many steps were recorded, by the input or else any node.
    pub fn n_steps(&self) -> Option<usize> {
        self.rasters().first().map(|(_, raster)| raster.n_steps())
    }

    /// Every array whose first axis is steps, with its name; the input first.
    fn rasters(&self) -> Vec<(String, &Array)> {
        let mut rasters: Vec<(String, &Array)> = Vec::new();
        rasters.extend(self.input.iter().map(|array| ("input".to_owned(), array)));
        rasters.extend(self.output.iter().map(|array| ("out".to_owned(), array)));
        for (name, node) in &self.nodes {
            rasters.extend(node.spikes.iter().map(|array| (format!("spikes of {name}"), array)));
            let potentials = node.potentials.iter();
            rasters.extend(potentials.map(|kept| (format!("v_{name}"), &kept.values)));
        }
        rasters
    }

    /// Arrays that do not fit each other.
    fn problems(&self, what: &str) -> Vec<SenseError> {
        let n_steps = self.n_steps().unwrap_or(0);
        let mut problems: Vec<SenseError> = self
            .rasters()
            .into_iter()
            .filter(|(_, raster)| raster.n_steps() != n_steps || raster.shape().is_empty())
            .map(|(name, raster)| SenseError::Shape {
                what: format!("{what}: {name}"),
                expected: format!("{n_steps} steps first"),
                found: raster.shape().to_vec(),
            })
            .collect();
        for (name, node) in &self.nodes {
            problems.extend(node.problem().map(|(part, expected, found)| SenseError::Shape {
                what: format!("{what}: {part}_{name}"),
                expected,
                found,
            }));
        }
        problems
    }
}

impl NodeRecording {
    /// Potentials that do not fit their indices or the node's spikes: which, expected, found.
    fn problem(&self) -> Option<(&'static str, String, Vec<usize>)> {
        let Potentials { indices, values } = self.potentials.as_ref()?;
        let n_neurons = self.spikes.as_ref().map(Array::n_channels);
        match (indices, n_neurons) {
            (Some(indices), _) if indices.len() != values.n_channels() => {
                let expected = format!("one index for each of {} columns", values.n_channels());
                Some(("vidx", expected, vec![indices.len()]))
            }
            (Some(indices), Some(n)) if indices.iter().any(|idx| *idx >= n) => {
                Some(("vidx", format!("indices below {n}"), vec![indices.len()]))
            }
            (None, Some(n)) if values.n_channels() != n => Some((
                "v",
                format!("{n} columns, as the node has neurons"),
                values.shape().to_vec(),
            )),
            _ => None,
        }
    }
}

/// The plain form of an archive.
fn plain(mut arrays: Arrays) -> Recording {
    let mut take = |names: &[&str]| names.iter().find_map(|name| arrays.remove(*name));
    let (mut input, output) = (take(INPUT_NAMES), take(OUTPUT_NAMES));
    if input.is_none() && output.is_none() && arrays.len() == 1 {
        input = arrays.pop_first().map(|(_, array)| array);
    }
    let node = |array| NodeRecording { spikes: Some(array), potentials: None };
    let nodes = arrays.into_iter().map(|(name, array)| (name, node(array))).collect();
    Recording { input, nodes, output, other: Arrays::new() }
}

/// A case being decoded: arrays are taken out as they are understood.
struct Case<'a> {
    arrays: Arrays,
    /// What the file has, for whoever misses something.
    names: Vec<String>,
    what: &'a str,
    problems: Vec<SenseError>,
}

impl Case<'_> {
    fn decode(&mut self) -> Recording {
        let input = self.input();
        let names = self.node_names();
        let nodes = names.into_iter().map(|name| (name.clone(), self.node(&name))).collect();
        let output = self.arrays.remove("out");
        Recording { input, nodes, output, other: std::mem::take(&mut self.arrays) }
    }

    fn input(&mut self) -> Option<Array> {
        let Some(values) = self.arrays.remove("in_f32") else {
            return self.unpacked("in", DType::Bool);
        };
        if self.arrays.contains_key("in_packed") {
            self.twice("in_f32", "in_packed");
        }
        match self.indices("in_shape") {
            Some(shape) => {
                let reshaped = values.reshaped(shape);
                self.keep(reshaped)
            }
            None => Some(values),
        }
    }

    /// Names of nodes: whatever has spikes, and whatever has potentials of shape (T, k).
    fn node_names(&self) -> BTreeSet<String> {
        let name_of = |(key, array): (&String, &Array)| {
            let packed = key.strip_prefix("spk_").map(|rest| {
                rest.strip_suffix("_packed").or_else(|| rest.strip_suffix("_shape")).unwrap_or(rest)
            });
            let is_potential = array.shape().len() == 2;
            let potential = key.strip_prefix("v_").filter(|_| is_potential);
            packed.or(key.strip_prefix("cnt_")).or(potential).map(String::from)
        };
        self.arrays.iter().filter_map(name_of).collect()
    }

    fn node(&mut self, name: &str) -> NodeRecording {
        let (packed, counts) = (format!("spk_{name}"), format!("cnt_{name}"));
        let is_packed = [format!("{packed}_packed"), format!("{packed}_shape")]
            .iter()
            .any(|key| self.arrays.contains_key(key));
        let counted = self.arrays.remove(&counts);
        if is_packed && counted.is_some() {
            self.twice(&packed, &counts);
        }
        let spikes = match counted {
            Some(array) => self.checked_counts(&counts, array),
            None if is_packed => self.unpacked(&packed, DType::U8),
            None => None,
        };
        let indices = self.indices(&format!("vidx_{name}"));
        let values = self.arrays.remove(&format!("v_{name}"));
        let potentials = values.map(|values| Potentials { indices, values });
        NodeRecording { spikes, potentials }
    }

    fn checked_counts(&mut self, name: &str, array: Array) -> Option<Array> {
        let is_count = |value: &f32| *value >= 0.0 && value.fract() == 0.0;
        let Some(idx) = array.data().iter().position(|value| !is_count(value)) else {
            return Some(array);
        };
        self.problems.push(SenseError::Value {
            what: format!("{}: {name}", self.what),
            idx,
            expected: "a number of spikes",
            found: array.data()[idx].into(),
        });
        None
    }

    /// The 0/1 array whose bits are `NAME_packed`, most significant first, and shape `NAME_shape`.
    fn unpacked(&mut self, name: &str, dtype: DType) -> Option<Array> {
        let (shape_name, bits_name) = (format!("{name}_shape"), format!("{name}_packed"));
        let bits = self.arrays.remove(&bits_name);
        let has_shape = self.arrays.contains_key(&shape_name);
        let (Some(bits), true) = (bits, has_shape) else {
            let expected = if has_shape { bits_name } else { shape_name };
            let (what, found) = (self.what.to_owned(), self.names.clone());
            self.problems.push(SenseError::MissingArray { what, expected, found });
            return None;
        };
        let shape = self.indices(&shape_name)?;
        let unpacked = unpack(&format!("{}: {bits_name}", self.what), shape, dtype, &bits);
        self.keep(unpacked)
    }

    /// An array of whole numbers from zero, taken out; `None` if it is absent or has others.
    fn indices(&mut self, name: &str) -> Option<Vec<usize>> {
        let array = self.arrays.remove(name)?;
        let array = self.checked_counts(name, array)?;
        // Counts are whole, and `Array` holds none that the cast would change.
        Some(array.into_data().into_iter().map(|value| value as usize).collect())
    }

    fn keep(&mut self, result: Result<Array, SenseError>) -> Option<Array> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn twice(&mut self, first: &str, second: &str) {
        let (what, first, second) = (self.what.to_owned(), first.to_owned(), second.to_owned());
        self.problems.push(SenseError::Twice { what, first, second });
    }
}

fn unpack(what: &str, shape: Vec<usize>, dtype: DType, bits: &Array) -> Result<Array, SenseError> {
    let n_values = n_values(what, &shape)?;
    let n_bytes = n_values.div_ceil(8);
    if bits.dtype() != DType::U8 || bits.shape() != [n_bytes] {
        let expected = format!("{n_bytes} bytes for shape {shape:?}");
        return Err(SenseError::Shape {
            what: what.into(),
            expected,
            found: bits.shape().to_vec(),
        });
    }
    let of_byte = |byte: u8| (0..8).rev().map(move |bit| f32::from(byte >> bit & 1));
    let data = bits.data().iter().flat_map(|byte| of_byte(*byte as u8)).take(n_values).collect();
    Array::with_dtype(shape, dtype, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dtype: DType, shape: &[usize], data: &[f32]) -> Array {
        Array::with_dtype(shape.to_vec(), dtype, data.to_vec()).unwrap()
    }

    fn case() -> Arrays {
        [
            ("in_shape", array(DType::I32, &[2], &[2.0, 3.0])),
            ("in_packed", array(DType::U8, &[1], &[0b1010_0100_u8.into()])),
            ("spk_lif_1_shape", array(DType::I32, &[2], &[2.0, 2.0])),
            ("spk_lif_1_packed", array(DType::U8, &[1], &[0b0110_0000_u8.into()])),
            ("cnt_2", array(DType::U8, &[2, 2], &[0.0, 3.0, 1.0, 0.0])),
            ("v_2", array(DType::F32, &[2, 1], &[0.5, -0.5])),
            ("vidx_2", array(DType::I32, &[1], &[1.0])),
            ("v_end_2", array(DType::F64, &[2], &[0.0, 1.0])),
        ]
        .map(|(name, array)| (name.to_owned(), array))
        .into()
    }

    #[test]
    fn a_case_is_decoded() {
        let recording = Recording::from_arrays(case(), "x").unwrap();
        let input = recording.input.as_ref().unwrap();
        assert_eq!(
            (input.shape(), input.data()),
            (&[2, 3][..], &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0][..])
        );
        assert_eq!(recording.nodes["lif_1"].spikes.as_ref().unwrap().data(), [0.0, 1.0, 1.0, 0.0]);
        let node = &recording.nodes["2"];
        assert_eq!(node.spikes.as_ref().unwrap().data(), [0.0, 3.0, 1.0, 0.0]);
        assert_eq!(node.potentials.as_ref().unwrap().indices, Some(vec![1]));
        assert_eq!(recording.other.keys().collect::<Vec<_>>(), ["v_end_2"]);
        assert_eq!(recording.nodes.len(), 2);
    }

    #[test]
    fn every_problem_of_a_case_is_told() {
        let mut arrays = case();
        arrays.remove("spk_lif_1_shape");
        arrays.insert("cnt_2".into(), array(DType::U8, &[3, 2], &[0.0; 6]));
        arrays.insert("vidx_2".into(), array(DType::I32, &[1], &[2.0]));
        let expected = "\
3 problems
  x: expected an array `spk_lif_1_shape`, found \
             cnt_2, in_packed, in_shape, spk_lif_1_packed, v_2, v_end_2, vidx_2
  x: spikes of 2: expected 2 steps first, found shape [3, 2]
  x: vidx_2: expected indices below 2, found shape [1]";
        let error = Recording::from_arrays(arrays, "x").unwrap_err().to_string();
        assert_eq!(error, expected);
    }

    #[test]
    fn too_few_bits_are_told() {
        let mut arrays = case();
        arrays.insert("in_shape".into(), array(DType::I32, &[2], &[3.0, 3.0]));
        let error = Recording::from_arrays(arrays, "x").unwrap_err().to_string();
        assert_eq!(error, "x: in_packed: expected 2 bytes for shape [3, 3], found shape [1]");
    }

    #[test]
    fn plain_forms_are_recognised() {
        let one = array(DType::F32, &[2, 1], &[0.0, 1.0]);
        let alone = Recording::from_bytes(&crate::write_npy(&one), "x.npy").unwrap();
        let single = Arrays::from([("whatever".to_owned(), one.clone())]);
        assert_eq!(Recording::from_arrays(single, "x").unwrap(), alone);
        assert_eq!(alone.input.as_ref(), Some(&one));
        let several = ["input", "hidden", "out"].map(|name| (name.to_owned(), one.clone()));
        let several = Recording::from_arrays(several.into(), "x").unwrap();
        assert_eq!((&several.input, &several.output), (&Some(one.clone()), &Some(one.clone())));
        assert_eq!(several.nodes["hidden"].spikes, Some(one));
    }
}
