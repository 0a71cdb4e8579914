//! One array in numpy's `.npy` format, versions 1 to 3.
//!
//! Source: `numpy/lib/format.py`, "Format Version 1.0" to "3.0". An archive of several is
//! [`crate::read_npz`]. A header is a Python literal; only the literal that numpy writes is read.

use crate::SenseError;
use crate::array::{Array, DType, n_values};
use crate::column::Column;
use crate::limits::MAX_HEADER_BYTES;

pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

struct Header {
    dtype: DType,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

/// Reads an array; `what` names it in errors.
///
/// Takes either byte order, C and Fortran order, and booleans, integers and floats of up to 8 bytes.
///
/// # Errors
///
/// [`SenseError::Malformed`] if the bytes are not `.npy`, [`SenseError::UnsupportedType`] for other
/// types, [`SenseError::TooLarge`] above the [limits](crate::limits), [`SenseError::Value`] for an
/// integer that `f32` does not hold exactly or a binary64 beyond its range.
pub fn read_npy(bytes: &[u8], what: &str) -> Result<Array, SenseError> {
    let (header, body) = split(bytes, what)?;
    let header = Parser { rest: header, what }.header()?;
    let n_values = n_values(what, &header.shape)?;
    let n_bytes = n_values * header.dtype.size_bytes();
    if body.len() != n_bytes {
        let expected = format!("{n_bytes} bytes for shape {:?}", header.shape);
        return Err(malformed(what, "data", expected, format!("{} bytes", body.len())));
    }
    let data = values(&header, body, what)?;
    let data = if header.fortran_order { to_c_order(&header.shape, &data) } else { data };
    Array::with_dtype(header.shape, header.dtype, data)
}

/// Reads an array of one axis, or of none, with all its values as binary64.
///
/// # Errors
///
/// As [`read_npy`], and [`SenseError::Malformed`] for more axes.
pub(crate) fn read_column(bytes: &[u8], what: &str) -> Result<Column, SenseError> {
    let (header, body) = split(bytes, what)?;
    let header = Parser { rest: header, what }.header()?;
    if header.shape.len() > 1 {
        let found = format!("shape {:?}", header.shape);
        return Err(malformed(what, "shape", "one axis".into(), found));
    }
    let n_values = n_values(what, &header.shape)?;
    let size = header.dtype.size_bytes();
    if body.len() != n_values * size {
        let expected = format!("{} bytes for shape {:?}", n_values * size, header.shape);
        return Err(malformed(what, "data", expected, format!("{} bytes", body.len())));
    }
    let values = body.chunks_exact(size).map(|bytes| value(&header, bytes)).collect();
    Ok(Column { dtype: header.dtype, values })
}

/// The header's text and the bytes of the values.
fn split<'a>(bytes: &'a [u8], what: &str) -> Result<(&'a [u8], &'a [u8]), SenseError> {
    let cut = |part| move || malformed(what, part, "more bytes".into(), "the end".into());
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        let found = format!("{:02x?}", &bytes[..bytes.len().min(MAGIC.len())]);
        return Err(malformed(what, "magic", "\\x93NUMPY".into(), found));
    };
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(cut("version"))?;
    let (n_header, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut("header length"))?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk().ok_or_else(cut("header length"))?;
            (u32::from_le_bytes(*length) as usize, rest)
        }
        other => return Err(malformed(what, "version", "1, 2 or 3".into(), other.to_string())),
    };
    if n_header > MAX_HEADER_BYTES {
        return Err(SenseError::TooLarge {
            what: what.into(),
            unit: "header bytes",
            limit: MAX_HEADER_BYTES as u64,
            found: n_header as u64,
        });
    }
    rest.split_at_checked(n_header).ok_or_else(cut("header"))
}

fn malformed(what: &str, part: &'static str, expected: String, found: String) -> SenseError {
    SenseError::Malformed { what: what.into(), part, expected, found }
}

/// Reads the dictionary that numpy writes:
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
struct Parser<'a> {
    rest: &'a [u8],
    what: &'a str,
}

impl<'a> Parser<'a> {
    fn header(mut self) -> Result<Header, SenseError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{')?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':')?;
            match key {
                b"descr" => descr = Some(self.string()?),
                b"fortran_order" => fortran_order = Some(self.boolean()?),
                b"shape" => shape = Some(self.tuple()?),
                _ => return Err(self.problem("descr, fortran_order or shape")),
            }
            if !self.take(b',') {
                self.expect(b'}')?;
                break;
            }
        }
        self.skip_spaces();
        let (Some(descr), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
            return Err(self.problem("all of descr, fortran_order and shape"));
        };
        if !self.rest.is_empty() {
            return Err(self.problem("nothing after the dictionary"));
        }
        let (dtype, big_endian) = dtype(descr).ok_or_else(|| SenseError::UnsupportedType {
            what: self.what.into(),
            found: String::from_utf8_lossy(descr).into_owned(),
        })?;
        Ok(Header { dtype, big_endian, fortran_order, shape })
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let rest = self.rest.strip_prefix(&[byte]);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, byte: u8) -> Result<(), SenseError> {
        if self.take(byte) { Ok(()) } else { Err(self.problem(&format!("`{}`", char::from(byte)))) }
    }

    fn string(&mut self) -> Result<&'a [u8], SenseError> {
        let quote = if self.take(b'"') { b'"' } else { b'\'' };
        if quote == b'\'' && !self.take(quote) {
            return Err(self.problem("a string (records are not read)"));
        }
        let rest = self.rest;
        let Some(end) = rest.iter().position(|byte| *byte == quote) else {
            return Err(self.problem("a closing quote"));
        };
        self.rest = &rest[end + 1..];
        Ok(&rest[..end])
    }

    fn boolean(&mut self) -> Result<bool, SenseError> {
        self.skip_spaces();
        for (word, value) in [(&b"True"[..], true), (&b"False"[..], false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.problem("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, SenseError> {
        let mut lengths = Vec::new();
        self.expect(b'(')?;
        while !self.take(b')') {
            lengths.push(self.integer()?);
            if !self.take(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(lengths)
    }

    fn integer(&mut self) -> Result<usize, SenseError> {
        self.skip_spaces();
        let n_digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(n_digits);
        let value = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let value = value.ok_or_else(|| self.problem("the length of an axis"))?;
        // Python 2 wrote long integers with an L.
        self.rest = rest.strip_prefix(b"L").unwrap_or(rest);
        Ok(value)
    }

    fn problem(&self, expected: &str) -> SenseError {
        let shown = &self.rest[..self.rest.len().min(24)];
        let found = match shown {
            [] => "the end".into(),
            shown => format!("`{}`", String::from_utf8_lossy(shown).escape_debug()),
        };
        malformed(self.what, "header", expected.into(), found)
    }
}

/// The type and whether it is big-endian, from numpy's name of it.
fn dtype(descr: &[u8]) -> Option<(DType, bool)> {
    let (order, name) = descr.split_first()?;
    let big_endian = match order {
        b'<' | b'|' => false,
        b'>' => true,
        b'=' => cfg!(target_endian = "big"),
        _ => return None,
    };
    let dtype = match name {
        b"b1" => DType::Bool,
        b"i1" => DType::I8,
        b"i2" => DType::I16,
        b"i4" => DType::I32,
        b"i8" => DType::I64,
        b"u1" => DType::U8,
        b"u2" => DType::U16,
        b"u4" => DType::U32,
        b"u8" => DType::U64,
        b"f2" => DType::F16,
        b"f4" => DType::F32,
        b"f8" => DType::F64,
        _ => return None,
    };
    Some((dtype, big_endian))
}

/// The values in the order of the file. `body` has a whole number of them.
fn values(header: &Header, body: &[u8], what: &str) -> Result<Vec<f32>, SenseError> {
    let mut data = Vec::with_capacity(body.len() / header.dtype.size_bytes());
    for (idx, bytes) in body.chunks_exact(header.dtype.size_bytes()).enumerate() {
        let value = value(header, bytes);
        let is_exact = !header.dtype.is_integer() || value.abs() <= f64::from(1 << 24);
        let fits = !value.is_finite() || (value as f32).is_finite();
        if !is_exact || !fits {
            let expected = if fits { "an integer that f32 holds exactly" } else { "within f32" };
            return Err(SenseError::Value { what: what.into(), idx, expected, found: value });
        }
        data.push(value as f32);
    }
    Ok(data)
}

/// One value. Integers of 8 bytes may be rounded here; those are refused right after.
fn value(header: &Header, bytes: &[u8]) -> f64 {
    let mut raw = [0; 8];
    for (idx, byte) in bytes.iter().enumerate() {
        raw[if header.big_endian { bytes.len() - 1 - idx } else { idx }] = *byte;
    }
    let [b0, b1, b2, b3, ..] = raw;
    match header.dtype {
        DType::Bool => f64::from(u8::from(b0 != 0)),
        DType::I8 => f64::from(b0 as i8),
        DType::I16 => f64::from(i16::from_le_bytes([b0, b1])),
        DType::I32 => f64::from(i32::from_le_bytes([b0, b1, b2, b3])),
        DType::I64 => i64::from_le_bytes(raw) as f64,
        DType::U8 => f64::from(b0),
        DType::U16 => f64::from(u16::from_le_bytes([b0, b1])),
        DType::U32 => f64::from(u32::from_le_bytes([b0, b1, b2, b3])),
        DType::U64 => u64::from_le_bytes(raw) as f64,
        DType::F16 => from_binary16(u16::from_le_bytes([b0, b1])),
        DType::F32 => f64::from(f32::from_le_bytes([b0, b1, b2, b3])),
        DType::F64 => f64::from_le_bytes(raw),
    }
}

/// IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits.
fn from_binary16(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    match exponent {
        0 => sign * fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

/// Values stored first axis fastest, in last axis fastest.
fn to_c_order(shape: &[usize], data: &[f32]) -> Vec<f32> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = 1;
    for length in shape {
        strides.push(stride);
        stride *= length.max(&1);
    }
    let mut position = vec![0; shape.len()];
    let mut source = 0;
    let mut ordered = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        ordered.push(data[source]);
        // Count up like an odometer, last axis fastest, keeping the source index in step.
        for axis in (0..shape.len()).rev() {
            position[axis] += 1;
            source += strides[axis];
            if position[axis] < shape[axis] {
                break;
            }
            source -= strides[axis] * shape[axis];
            position[axis] = 0;
        }
    }
    ordered
}

/// Writes an array: version 1, little-endian, C order, in its own type (binary16 as binary32).
pub fn write_npy(array: &Array) -> Vec<u8> {
    let values = array.data().iter().map(|value| f64::from(*value));
    write(array.dtype(), array.shape(), values)
}

/// Writes a column: an array of one axis in its own type.
pub(crate) fn write_column(column: &Column) -> Vec<u8> {
    write(column.dtype, &[column.values.len()], column.values.iter().copied())
}

fn write(dtype: DType, shape: &[usize], values: impl ExactSizeIterator<Item = f64>) -> Vec<u8> {
    let descr = match dtype {
        DType::Bool => "|b1",
        DType::I8 => "|i1",
        DType::I16 => "<i2",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::U8 => "|u1",
        DType::U16 => "<u2",
        DType::U32 => "<u4",
        DType::U64 => "<u8",
        DType::F16 | DType::F32 => "<f4",
        DType::F64 => "<f8",
    };
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let shape = if shape.len() == 1 { lengths.trim_end() } else { lengths.trim_end_matches(", ") };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // Magic, version and length take 10 bytes; data begins at a multiple of 64, after a newline.
    let n_padding = 64 - (10 + header.len() + 1) % 64;
    header.extend(std::iter::repeat_n(' ', n_padding % 64));
    header.push('\n');

    // At most MAX_AXES axes of at most 20 digits: the length fits two bytes.
    let n_header = header.len() as u16;
    let mut bytes = [MAGIC, &[1, 0], &n_header.to_le_bytes(), header.as_bytes()].concat();
    bytes.reserve(values.len() * dtype.size_bytes());
    values.for_each(|value| push(&mut bytes, dtype, value));
    bytes
}

/// The array's type has the value (`Array` checks it), so no cast here loses anything.
fn push(bytes: &mut Vec<u8>, dtype: DType, value: f64) {
    match dtype {
        DType::Bool | DType::U8 => bytes.push(value as u8),
        DType::I8 => bytes.extend((value as i8).to_le_bytes()),
        DType::I16 => bytes.extend((value as i16).to_le_bytes()),
        DType::I32 => bytes.extend((value as i32).to_le_bytes()),
        DType::I64 => bytes.extend((value as i64).to_le_bytes()),
        DType::U16 => bytes.extend((value as u16).to_le_bytes()),
        DType::U32 => bytes.extend((value as u32).to_le_bytes()),
        DType::U64 => bytes.extend((value as u64).to_le_bytes()),
        DType::F16 | DType::F32 => bytes.extend((value as f32).to_le_bytes()),
        DType::F64 => bytes.extend(value.to_le_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(header: &str, body: &[u8]) -> Vec<u8> {
        let n_header = header.len() as u16;
        [MAGIC, &[1, 0], &n_header.to_le_bytes(), header.as_bytes(), body].concat()
    }

    fn described(descr: &str, body: &[u8]) -> Result<Array, SenseError> {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}\n");
        read_npy(&npy(&header, body), "a")
    }

    #[test]
    fn every_type_is_read_in_both_orders() {
        let check = |descr: &str, body: &[u8], expected: f32| {
            assert_eq!(described(descr, body).unwrap().data(), [expected], "{descr}");
        };
        check("|b1", &[1], 1.0);
        check("|i1", &[0xfe], -2.0);
        check("<i2", &[0xfe, 0xff], -2.0);
        check(">i2", &[0xff, 0xfe], -2.0);
        check(">u4", &[0, 1, 0, 2], 65_538.0);
        check("<i8", &[0xff; 8], -1.0);
        check("<u8", &[3, 0, 0, 0, 0, 0, 0, 0], 3.0);
        check("<f2", &[0x00, 0xc1], -2.5);
        check("<f2", &[0x01, 0x00], 2_f32.powi(-24));
        check(">f4", &1.5_f32.to_be_bytes(), 1.5);
        check("<f8", &0.1_f64.to_le_bytes(), 0.1);
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
        let array = read_npy(&npy(header, &[0, 3, 1, 4, 2, 5]), "a").unwrap();
        assert_eq!(array.data(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn an_array_comes_back_as_it_was_written() {
        for (shape, dtype, data) in [
            (vec![2, 2], DType::U8, vec![0.0, 1.0, 2.0, 255.0]),
            (vec![3], DType::F32, vec![0.5, f32::INFINITY, -0.0]),
            (vec![], DType::I64, vec![-7.0]),
            (vec![0, 4], DType::F64, vec![]),
            (vec![2], DType::Bool, vec![1.0, 0.0]),
        ] {
            let array = Array::with_dtype(shape, dtype, data).unwrap();
            let bytes = write_npy(&array);
            assert_eq!((bytes.len() - array.data().len() * dtype.size_bytes()) % 64, 0);
            assert_eq!(read_npy(&bytes, "a").unwrap(), array);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |bytes: &[u8], expected: &str| {
            assert_eq!(read_npy(bytes, "a.npy").unwrap_err().to_string(), expected);
        };
        let with = |header: &str| npy(header, &[]);
        check(b"PK", "a.npy: magic: expected \\x93NUMPY, found [50, 4b]");
        check(b"\x93NUMPY", "a.npy: version: expected more bytes, found the end");
        check(b"\x93NUMPY\x09\x00", "a.npy: version: expected 1, 2 or 3, found 9");
        check(
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff",
            "a.npy: expected at most 65536 header bytes, found 4294967295",
        );
        check(
            &with("{'descr': [('x', '<f4')]"),
            "a.npy: header: expected a string (records are not read), found `[(\\'x\\', \\'<f4\\')]`",
        );
        check(
            &with("{}"),
            "a.npy: header: expected all of descr, fortran_order and shape, found the end",
        );
        check(
            &with("{'descr': '<U5', 'fortran_order': False, 'shape': ()}"),
            "a.npy: expected numbers of 1 to 8 bytes or booleans, found numpy type `<U5`",
        );
        check(
            &with("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"),
            "a.npy: data: expected 12 bytes for shape [3], found 0 bytes",
        );
        check(
            &with("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}"),
            "a.npy: header: expected the length of an axis, found `-3,)}`",
        );
    }

    #[test]
    fn numbers_that_f32_cannot_hold_are_refused() {
        let big = described("<i8", &((1_i64 << 24) + 1).to_le_bytes()).unwrap_err().to_string();
        assert_eq!(big, "a[0]: expected an integer that f32 holds exactly, found 16777217");
        assert!(matches!(
            described("<f8", &1e300_f64.to_le_bytes()),
            Err(SenseError::Value { .. })
        ));
    }
}
