//! Batch normalisation over the samples of a lane, their steps and positions.
//! The moments of a lane stand for those of the batch (ghost batch normalisation, Hoffer et al.
//! 2017, algorithm 1), so that lanes need not wait for each other.

use crate::network::Norm;

use super::{Stage, Sums, Work};

impl Norm {
    /// `out = gain (x - mean) / sqrt(variance + epsilon) + offset`; the moments, the variance
    /// unbiased as in torch, are left in `moments`.
    pub(super) fn forward(
        &self,
        parameters: &[f32],
        x: &[f32],
        out: &mut [f32],
        stage: &mut Stage,
        moments: &mut [f32],
    ) {
        let n = self.channels;
        let rows = (x.len() / n) as f64;
        let mut sums = vec![[0.0f64; 2]; n];
        for row in x.chunks_exact(n) {
            sums.iter_mut().zip(row).for_each(|(sum, v)| sum[0] += f64::from(*v));
        }
        for row in x.chunks_exact(n) {
            for (sum, v) in sums.iter_mut().zip(row) {
                let off = f64::from(*v) - sum[0] / rows;
                sum[1] += off * off;
            }
        }
        let moments = &mut moments[self.moments.clone()];
        stage.mean.clear();
        stage.inverse.clear();
        for (c, [sum, squares]) in sums.iter().enumerate() {
            let variance = squares / rows;
            stage.mean.push((sum / rows) as f32);
            stage.inverse.push((1.0 / (variance + f64::from(self.epsilon)).sqrt()) as f32);
            moments[c] = (sum / rows) as f32;
            moments[n + c] = (squares / (rows - 1.0).max(1.0)) as f32;
        }
        let (gain, offset) = (&parameters[self.gain.clone()], &parameters[self.offset.clone()]);
        for (row, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
            for c in 0..n {
                let normal = (row[c] - stage.mean[c]) * stage.inverse[c];
                out[c] = gain[c] * normal + offset[c];
            }
        }
    }

    /// Ioffe, Szegedy 2015, the equations after algorithm 1.
    pub(super) fn back(
        &self,
        parameters: &[f32],
        x: &[f32],
        stage: &Stage,
        sums: &mut Sums<'_>,
        work: &mut Work,
    ) {
        let n = self.channels;
        let rows = (x.len() / n) as f32;
        let (mean, inverse) = (&stage.mean, &stage.inverse);
        let Work { a: by_gain, b: by_offset, g, len, .. } = work;
        let g = &mut g[..*len];
        by_gain.clear();
        by_gain.resize(n, 0.0);
        by_offset.clear();
        by_offset.resize(n, 0.0);
        for (row, g) in x.chunks_exact(n).zip(g.chunks_exact(n)) {
            for c in 0..n {
                by_gain[c] += g[c] * ((row[c] - mean[c]) * inverse[c]);
                by_offset[c] += g[c];
            }
        }
        sums.of(&self.gain).iter_mut().zip(&*by_gain).for_each(|(sum, v)| *sum += v);
        sums.of(&self.offset).iter_mut().zip(&*by_offset).for_each(|(sum, v)| *sum += v);
        let gain = &parameters[self.gain.clone()];
        for (row, g) in x.chunks_exact(n).zip(g.chunks_exact_mut(n)) {
            for c in 0..n {
                let normal = (row[c] - mean[c]) * inverse[c];
                let centred = g[c] - (by_offset[c] + normal * by_gain[c]) / rows;
                g[c] = gain[c] * inverse[c] * centred;
            }
        }
    }
}
