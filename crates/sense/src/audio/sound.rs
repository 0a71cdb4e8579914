//! WAV and FLAC to samples.

use std::io::Cursor;

use crate::SenseError;
use crate::limits::{CLIPPED_RUN, MAX_FILE_BYTES, MAX_SOUND_CHANNELS, MAX_SOUND_SAMPLES};

/// Samples of one or more channels, as `f32` with full scale at 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Samples per second of each channel.
    pub sample_rate_hz: u32,
    /// One list for each channel, all of one length; full scale is -1 to 1.
    pub channels: Vec<Vec<f32>>,
    /// Samples that clipped: at full scale, at least [`CLIPPED_RUN`] in a row.
    pub n_clipped: u64,
}

impl Sound {
    /// Reads WAV (integers of 8 to 32 bits, or floats) or FLAC, by the first bytes; `what` names it
    /// in errors.
    ///
    /// # Errors
    ///
    /// [`SenseError::Malformed`] for other bytes and for a file that ends too soon,
    /// [`SenseError::TooLarge`] above the [limits](crate::limits), [`SenseError::Value`] for a
    /// sample that is not finite.
    pub fn read(bytes: &[u8], what: &str) -> Result<Sound, SenseError> {
        let found = bytes.len() as u64;
        if found > MAX_FILE_BYTES {
            let what = what.to_owned();
            return Err(SenseError::TooLarge { what, unit: "bytes", limit: MAX_FILE_BYTES, found });
        }
        let interleaved = match bytes {
            [b'R', b'I', b'F', b'F', ..] => wav(bytes, what)?,
            [b'f', b'L', b'a', b'C', ..] => flac(bytes, what)?,
            _ => {
                let found = format!("{:02x?}", &bytes[..bytes.len().min(4)]);
                return Err(malformed(what, "first bytes", "RIFF or fLaC", found));
            }
        };
        interleaved.check(what)?;
        let n_channels = interleaved.n_channels;
        let channel = |first: usize| {
            let samples = interleaved.samples.iter().skip(first).step_by(n_channels);
            samples.copied().collect::<Vec<f32>>()
        };
        let channels: Vec<_> = (0..n_channels).map(channel).collect();
        let n_clipped = channels.iter().map(|samples| n_clipped(samples)).sum();
        Ok(Sound { sample_rate_hz: interleaved.sample_rate_hz, channels, n_clipped })
    }

    /// The mean of the channels.
    pub fn mono(&self) -> Vec<f32> {
        let n_samples = self.channels.first().map_or(0, Vec::len);
        let scale = 1.0 / self.channels.len().max(1) as f32;
        (0..n_samples).map(|t| self.channels.iter().map(|c| c[t]).sum::<f32>() * scale).collect()
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        let n_samples = self.channels.first().map_or(0, Vec::len);
        n_samples as f64 / f64::from(self.sample_rate_hz)
    }
}

/// Samples as a file has them.
struct Interleaved {
    sample_rate_hz: u32,
    n_channels: usize,
    samples: Vec<f32>,
}

impl Interleaved {
    /// Whether the numbers make sense.
    fn check(&self, what: &str) -> Result<(), SenseError> {
        if self.n_channels == 0 || self.n_channels > MAX_SOUND_CHANNELS {
            let expected = format!("1 to {MAX_SOUND_CHANNELS}");
            return Err(malformed(what, "channels", &expected, self.n_channels.to_string()));
        }
        if self.sample_rate_hz == 0 {
            return Err(malformed(what, "sample rate", "above zero", "0".into()));
        }
        if !self.samples.len().is_multiple_of(self.n_channels) {
            let found = format!("{} samples", self.samples.len());
            return Err(malformed(what, "samples", "as many in each channel", found));
        }
        check_finite(&self.samples, what)
    }
}

/// Refuses what is not finite.
pub(super) fn check_finite(samples: &[f32], what: &str) -> Result<(), SenseError> {
    let Some(idx) = samples.iter().position(|sample| !sample.is_finite()) else { return Ok(()) };
    Err(SenseError::Value {
        what: what.into(),
        idx,
        expected: "a finite sample",
        found: samples[idx].into(),
    })
}

fn wav(bytes: &[u8], what: &str) -> Result<Interleaved, SenseError> {
    let told = |error: hound::Error| malformed(what, "WAV", "a readable file", error.to_string());
    let mut reader = hound::WavReader::new(Cursor::new(bytes)).map_err(told)?;
    let spec = reader.spec();
    let samples = match spec.sample_format {
        hound::SampleFormat::Float => collect(reader.samples::<f32>(), what, told)?,
        hound::SampleFormat::Int => {
            let scale = full_scale(u32::from(spec.bits_per_sample));
            let samples = reader.samples::<i32>().map(|s| s.map(|s| (f64::from(s) * scale) as f32));
            collect(samples, what, told)?
        }
    };
    let (sample_rate_hz, n_channels) = (spec.sample_rate, spec.channels.into());
    Ok(Interleaved { sample_rate_hz, n_channels, samples })
}

fn flac(bytes: &[u8], what: &str) -> Result<Interleaved, SenseError> {
    let told = |error: claxon::Error| malformed(what, "FLAC", "a readable file", error.to_string());
    let mut reader = claxon::FlacReader::new(Cursor::new(bytes)).map_err(told)?;
    let info = reader.streaminfo();
    let scale = full_scale(info.bits_per_sample);
    let samples = reader.samples().map(|s| s.map(|s| (f64::from(s) * scale) as f32));
    let samples = collect(samples, what, told)?;
    let n_channels = info.channels as usize;
    let n_expected = info.samples.map(|n| n.saturating_mul(n_channels as u64));
    if n_expected.is_some_and(|n| n != samples.len() as u64) {
        let expected = format!("{} samples", n_expected.unwrap_or(0));
        return Err(malformed(what, "FLAC", &expected, samples.len().to_string()));
    }
    Ok(Interleaved { sample_rate_hz: info.sample_rate, n_channels, samples })
}

/// What one unit of an integer of so many bits is.
fn full_scale(bits: u32) -> f64 {
    1.0 / f64::from(1_u32 << (bits.clamp(1, 32) - 1))
}

fn collect<E>(
    samples: impl Iterator<Item = Result<f32, E>>,
    what: &str,
    told: impl Fn(E) -> SenseError,
) -> Result<Vec<f32>, SenseError> {
    let mut collected = Vec::new();
    for sample in samples {
        if collected.len() == MAX_SOUND_SAMPLES {
            return Err(SenseError::TooLarge {
                what: what.into(),
                unit: "samples",
                limit: MAX_SOUND_SAMPLES as u64,
                found: MAX_SOUND_SAMPLES as u64 + 1,
            });
        }
        collected.push(sample.map_err(&told)?);
    }
    Ok(collected)
}

/// Samples in runs at full scale. The highest integer of 16 bits is 3e-5 below 1, of 8 bits 0.008.
fn n_clipped(samples: &[f32]) -> u64 {
    let highest = samples.iter().fold(0.0_f32, |highest, sample| highest.max(sample.abs()));
    if highest < 127.0 / 128.0 {
        return 0;
    }
    let side = |sample: &f32| match *sample {
        s if s >= highest.min(1.0) - 1e-4 => 1_i8,
        s if s <= -highest.min(1.0) + 1e-4 => -1,
        _ => 0,
    };
    let runs = samples.chunk_by(|a, b| side(a) == side(b));
    let clipped = runs.filter(|run| side(&run[0]) != 0 && run.len() >= CLIPPED_RUN);
    clipped.map(|run| run.len() as u64).sum()
}

fn malformed(what: &str, part: &'static str, expected: &str, found: String) -> SenseError {
    SenseError::Malformed { what: what.into(), part, expected: expected.into(), found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav_of(samples: &[i16]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let sample_format = hound::SampleFormat::Int;
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn clipping_is_counted() {
        let sound = Sound::read(&wav_of(&[0, 32767, 32767, 32767, 0, -32768, 5]), "x").unwrap();
        assert_eq!((sound.sample_rate_hz, sound.n_clipped), (8000, 3));
        assert_eq!(sound.channels[0][5], -1.0);
        assert_eq!(Sound::read(&wav_of(&[9, 100, 100, 100]), "x").unwrap().n_clipped, 0);
    }

    #[test]
    fn a_cut_file_is_an_error_or_shorter() {
        let bytes = wav_of(&[1; 50]);
        for cut in 0..bytes.len() {
            assert!(Sound::read(&bytes[..cut], "cut").is_err(), "{cut}");
        }
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        let mut bytes = Cursor::new(Vec::new());
        let sample_format = hound::SampleFormat::Float;
        let spec =
            hound::WavSpec { channels: 2, sample_rate: 8000, bits_per_sample: 32, sample_format };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for sample in [0.0, 0.5, f32::NAN, 0.0] {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let error = Sound::read(&bytes.into_inner(), "x.wav").unwrap_err().to_string();
        assert_eq!(error, "x.wav[2]: expected a finite sample, found NaN");
    }
}
