//! Images to intensities: arrays of 8 bits, and PNG.

use std::io::Cursor;

use crate::array::n_values;
use crate::limits::{MAX_ARRAY_VALUES, MAX_FILE_BYTES};
use crate::{Array, SenseError};

/// Bytes as intensities: shape (height, width, channels), 255 is 1.
///
/// # Errors
///
/// [`SenseError::Shape`] for another number of bytes, [`SenseError::TooLarge`] above the limit on
/// arrays.
pub fn intensities(bytes: &[u8], shape: [usize; 3]) -> Result<Array, SenseError> {
    let shape = shape.to_vec();
    let n_expected = n_values("image", &shape)?;
    if bytes.len() != n_expected {
        let (expected, found) = (format!("{n_expected} bytes"), vec![bytes.len()]);
        return Err(SenseError::Shape { what: "image".into(), expected, found });
    }
    Array::new(shape, bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect())
}

/// Reads a PNG as intensities: shape (height, width, channels), with one channel for grey, two for
/// grey and opacity, three for colours, four for colours and opacity. Palettes and 16 bits become
/// 8 bits; `what` names it in errors.
///
/// # Errors
///
/// [`SenseError::Malformed`] if the bytes are no whole PNG, [`SenseError::TooLarge`] above the
/// [limits](crate::limits).
pub fn read_png(bytes: &[u8], what: &str) -> Result<Array, SenseError> {
    let found = bytes.len() as u64;
    if found > MAX_FILE_BYTES {
        let what = what.to_owned();
        return Err(SenseError::TooLarge { what, unit: "bytes", limit: MAX_FILE_BYTES, found });
    }
    let told = |error: png::DecodingError| SenseError::Malformed {
        what: what.into(),
        part: "PNG",
        expected: "a whole image".into(),
        found: error.to_string(),
    };
    let limits = png::Limits { bytes: MAX_ARRAY_VALUES };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(told)?;
    let n_bytes = reader.output_buffer_size().unwrap_or(usize::MAX);
    n_values(what, &[n_bytes])?;
    let mut pixels = vec![0; n_bytes];
    let info = reader.next_frame(&mut pixels).map_err(told)?;
    pixels.truncate(info.buffer_size());
    let shape = [info.height as usize, info.width as usize, info.color_type.samples()];
    intensities(&pixels, shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png_of(color: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(color);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn bytes_become_intensities() {
        let image = intensities(&[0, 255, 51, 0], [2, 2, 1]).unwrap();
        assert_eq!(image.data(), [0.0, 1.0, 0.2, 0.0]);
        assert!(intensities(&[0; 3], [2, 2, 1]).is_err());
        let grey = read_png(&png_of(png::ColorType::Grayscale, &[0, 255]), "x").unwrap();
        assert_eq!((grey.shape(), grey.data()), (&[1, 2, 1][..], &[0.0, 1.0][..]));
        let colours = png_of(png::ColorType::Rgb, &[0, 51, 255, 0, 0, 0]);
        assert_eq!(read_png(&colours, "x").unwrap().data()[..3], [0.0, 0.2, 1.0]);
    }

    #[test]
    fn a_damaged_image_is_an_error_or_another() {
        let bytes = png_of(png::ColorType::Rgb, &[0, 51, 255, 0, 0, 0]);
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1 << (position % 8);
            let _ = read_png(&damaged, "damaged");
        }
        assert!((0..bytes.len() - 16).all(|cut| read_png(&bytes[..cut], "cut").is_err()));
    }
}
