//! Several named arrays in one `.npz`: a zip archive of `.npy` members, stored or deflated.
//!
//! An archive may claim to be small and inflate without end, so members are inflated against one
//! budget, [`MAX_FILE_BYTES`] for all of them together, whatever their headers claim.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::SenseError;
use crate::array::Arrays;
use crate::column::Columns;
use crate::error::check;
use crate::limits::{MAX_ARRAYS, MAX_FILE_BYTES};
use crate::npy::{read_column, read_npy, write_column, write_npy};

pub(crate) const MAGIC: &[u8] = b"PK";

/// Reads every array of an archive; `what` names it in errors.
///
/// # Errors
///
/// [`SenseError::Archive`] if it is no zip archive, [`SenseError::TooLarge`] above the
/// [limits](crate::limits), and every problem of every member as [`read_npy`] tells it.
pub fn read_npz(bytes: &[u8], what: &str) -> Result<Arrays, SenseError> {
    read_members(bytes, what, read_npy)
}

/// Reads every array of an archive as a column; `what` names it in errors.
///
/// # Errors
///
/// As [`read_npz`], and [`SenseError::Malformed`] for an array of several axes.
pub fn read_columns(bytes: &[u8], what: &str) -> Result<Columns, SenseError> {
    read_members(bytes, what, read_column)
}

fn read_members<T>(
    bytes: &[u8],
    what: &str,
    read: impl Fn(&[u8], &str) -> Result<T, SenseError>,
) -> Result<BTreeMap<String, T>, SenseError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(archive_error(what))?;
    if archive.len() > MAX_ARRAYS {
        return Err(too_large(what, "arrays", MAX_ARRAYS as u64, archive.len() as u64));
    }
    let mut budget = MAX_FILE_BYTES;
    let mut arrays = BTreeMap::new();
    let mut problems = Vec::new();
    for member_idx in 0..archive.len() {
        match read_member(&mut archive, member_idx, &mut budget, what, &read) {
            Ok((name, array)) => drop(arrays.insert(name, array)),
            // Nothing after this could be inflated either.
            Err(problem @ SenseError::TooLarge { .. }) => return Err(problem),
            Err(problem) => problems.push(problem),
        }
    }
    check(problems)?;
    Ok(arrays)
}

fn read_member<T>(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    member_idx: usize,
    budget: &mut u64,
    what: &str,
    parse: &impl Fn(&[u8], &str) -> Result<T, SenseError>,
) -> Result<(String, T), SenseError> {
    let member = archive.by_index(member_idx).map_err(archive_error(what))?;
    let name = member.name().map_err(archive_error(what))?;
    let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
    let place = format!("{what}: {name}");
    let mut bytes = Vec::new();
    let read = member.take(*budget + 1).read_to_end(&mut bytes);
    let n_bytes = bytes.len() as u64;
    if n_bytes > *budget {
        return Err(too_large(what, "bytes in all", MAX_FILE_BYTES, MAX_FILE_BYTES + 1));
    }
    *budget -= n_bytes;
    read.map_err(|error| archive_error(&place)(error.into()))?;
    Ok((name, parse(&bytes, &place)?))
}

fn too_large(what: &str, unit: &'static str, limit: u64, found: u64) -> SenseError {
    SenseError::TooLarge { what: what.into(), unit, limit, found }
}

fn archive_error(what: &str) -> impl Fn(zip::result::ZipError) -> SenseError {
    move |source| SenseError::Archive { what: what.into(), source }
}

/// Writes arrays as a deflated archive, in the order of their names.
///
/// The same arrays give the same bytes: members carry no date.
///
/// # Errors
///
/// [`SenseError::Archive`] if a name is longer than zip can hold.
pub fn write_npz(arrays: &Arrays) -> Result<Vec<u8>, SenseError> {
    write_members(arrays.iter().map(|(name, array)| (name, write_npy(array))))
}

/// Writes columns as [`write_npz`] writes arrays.
///
/// # Errors
///
/// As [`write_npz`].
pub fn write_columns(columns: &Columns) -> Result<Vec<u8>, SenseError> {
    write_members(columns.iter().map(|(name, column)| (name, write_column(column))))
}

fn write_members<'a>(
    members: impl Iterator<Item = (&'a String, Vec<u8>)>,
) -> Result<Vec<u8>, SenseError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let options = options.last_modified_time(zip::DateTime::default());
    for (name, bytes) in members {
        archive.start_file(format!("{name}.npy"), options).map_err(archive_error(name))?;
        let written = archive.write_all(&bytes);
        written.map_err(|error| archive_error(name)(error.into()))?;
    }
    Ok(archive.finish().map_err(archive_error("npz"))?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Column, DType};

    #[test]
    fn columns_are_exact() {
        let columns = Columns::from([
            ("steps".to_owned(), Column::new(DType::U64, [0.0, 16_777_217.0, 4e12])),
            ("times".to_owned(), Column::new(DType::F64, [0.1, -2.5e-300])),
            ("names".to_owned(), Column::text("E\nI")),
        ]);
        let back = read_columns(&write_columns(&columns).unwrap(), "x.npz").unwrap();
        assert_eq!(back, columns);
        assert_eq!(back["names"].as_text(), "E\nI");
    }

    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, bytes) in members {
            archive.start_file(*name, options).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn arrays_come_back_as_they_were_written() {
        let arrays = Arrays::from([
            ("a".to_owned(), Array::new(vec![2], vec![1.0, 2.5]).unwrap()),
            ("b/c".to_owned(), Array::new(vec![1, 1], vec![0.0]).unwrap()),
        ]);
        let bytes = write_npz(&arrays).unwrap();
        assert_eq!(read_npz(&bytes, "x.npz").unwrap(), arrays);
        assert_eq!(bytes, write_npz(&arrays).unwrap());
    }

    #[test]
    fn stored_members_are_read() {
        let array = Array::new(vec![2], vec![1.0, 2.5]).unwrap();
        let bytes = archive(&[("a.npy", &write_npy(&array))], CompressionMethod::Stored);
        assert_eq!(read_npz(&bytes, "x.npz").unwrap()["a"], array);
    }

    #[test]
    fn every_bad_member_is_told() {
        let members: [(&str, &[u8]); 2] = [("a.npy", b"no"), ("b.npy", b"\x93NUMPY\x07\x00")];
        let bytes = archive(&members, CompressionMethod::Stored);
        let expected = "\
2 problems
  x.npz: a: magic: expected \\x93NUMPY, found [6e, 6f]
  x.npz: b: version: expected 1, 2 or 3, found 7";
        assert_eq!(read_npz(&bytes, "x.npz").unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_bomb_runs_out_of_budget() {
        let mut bytes = archive(&[("a.npy", &vec![0; 1 << 16])], CompressionMethod::Deflated);
        assert!(bytes.len() < 1 << 10);
        let mut archive = ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
        let error = read_member(&mut archive, 0, &mut 1000, "x.npz", &read_npy).unwrap_err();
        assert!(matches!(error, SenseError::TooLarge { .. }), "{error}");
        bytes.truncate(bytes.len() / 2);
        assert!(matches!(read_npz(&bytes, "x.npz"), Err(SenseError::Archive { .. })));
    }
}
