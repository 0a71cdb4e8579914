//! Samples become the input of a lane: varied, then coded over the steps, channels last.

use sense::{Bernoulli, Encoder, Latency, Rate};

use crate::config::{AugmentationConfig, EncoderKind};
use crate::network::{STREAM_AUGMENT, STREAM_ENCODE};
use crate::random::Random;

/// How the samples of an epoch are read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) kind: EncoderKind,
    pub(crate) steps: usize,
    /// The shape of one step.
    pub(crate) shape: &'a [usize],
    /// In training: seed and epoch, and how samples are varied.
    pub(crate) chance: Option<([u64; 2], Option<&'a AugmentationConfig>)>,
}

/// Scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers {
    varied: Vec<f32>,
    turned: Vec<f32>,
    steps: Vec<f32>,
}

impl Reading<'_> {
    /// Writes sample `number` as row `row` of `rows` in each step of `out`; once where the code is
    /// direct.
    pub(crate) fn read(
        &self,
        sample: &[f32],
        number: u32,
        [row, rows]: [usize; 2],
        out: &mut [f32],
        buffers: &mut Buffers,
    ) {
        let n: usize = self.shape.iter().product();
        let mut values = sample;
        let image = match *self.shape {
            [c, h, w] => Some([c, h, w]),
            _ => None,
        };
        if let (Some(([seed, epoch], Some(augmentation))), Some(image)) = (self.chance, image) {
            let path = [STREAM_AUGMENT, epoch, u64::from(number)];
            buffers.varied.resize(n, 0.0);
            augmentation.vary(sample, image, &mut Random::of(seed, &path), &mut buffers.varied);
            values = &buffers.varied;
        }
        let Buffers { turned, steps, .. } = buffers;
        let place = |channel: usize| match image {
            Some([channels, height, width]) if channels > 1 => {
                let area = height * width;
                channel % area * channels + channel / area
            }
            _ => channel,
        };
        match self.kind {
            EncoderKind::Direct => {
                turned.resize(n, 0.0);
                for (channel, value) in values.iter().enumerate() {
                    turned[place(channel)] = *value;
                }
                out[row * n..][..n].copy_from_slice(turned);
            }
            EncoderKind::Steps => {
                for (t, step) in values.chunks_exact(n).enumerate() {
                    for (channel, value) in step.iter().enumerate() {
                        out[(t * rows + row) * n + place(channel)] = *value;
                    }
                }
            }
            EncoderKind::Rate | EncoderKind::Bernoulli | EncoderKind::Latency => {
                let seed = match self.chance {
                    Some(([seed, epoch], _)) => {
                        Random::of(seed, &[STREAM_ENCODE, epoch, u64::from(number)]).next()
                    }
                    None => 0,
                };
                for (channel, value) in values.iter().enumerate() {
                    steps.clear();
                    steps.resize(self.steps, 0.0);
                    // Reading between pixels may leave 0 to 1 by a rounding.
                    let value = value.clamp(0.0, 1.0);
                    match self.kind {
                        EncoderKind::Rate => Rate.fill(value, channel as u32, steps),
                        EncoderKind::Latency => Latency.fill(value, channel as u32, steps),
                        _ => Bernoulli { seed }.fill(value, channel as u32, steps),
                    }
                    for (t, value) in steps.iter().enumerate() {
                        out[(t * rows + row) * n + place(channel)] = *value;
                    }
                }
            }
        }
    }
}
