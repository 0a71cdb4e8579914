//! Windows of images, summed or averaged; and images as one axis.

use crate::network::{Flatten, Pool};

use super::Work;

impl Pool {
    fn sizes(&self) -> (usize, usize) {
        let area = |[height, width]: [usize; 2]| height * width * self.channels;
        (area(self.input), area(self.output))
    }

    /// Calls `each` with where one window's values of all channels lie, and where its sum does.
    fn windows(&self, mut each: impl FnMut(usize, usize)) {
        for y in 0..self.output[0] {
            for x in 0..self.output[1] {
                let to = (y * self.output[1] + x) * self.channels;
                for dy in 0..self.kernel {
                    for dx in 0..self.kernel {
                        let (row, column) = (y * self.stride + dy, x * self.stride + dx);
                        each((row * self.input[1] + column) * self.channels, to);
                    }
                }
            }
        }
    }

    pub(super) fn forward(&self, rows: usize, x: &[f32], out: &mut [f32]) {
        let (inputs, outputs) = self.sizes();
        out.fill(0.0);
        for row in 0..rows {
            let (x, out) = (&x[row * inputs..][..inputs], &mut out[row * outputs..][..outputs]);
            self.windows(|from, to| {
                let values = &x[from..from + self.channels];
                out[to..].iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
            });
            if self.divisor != 1.0 {
                out.iter_mut().for_each(|sum| *sum /= self.divisor);
            }
        }
    }

    pub(super) fn back(&self, rows: usize, work: &mut Work) {
        let (inputs, outputs) = self.sizes();
        let (g, next) = work.both(rows * inputs);
        next.fill(0.0);
        for row in 0..rows {
            let g = &g[row * outputs..][..outputs];
            let to = &mut next[row * inputs..][..inputs];
            self.windows(|from, at| {
                let values = &g[at..at + self.channels];
                to[from..].iter_mut().zip(values).for_each(|(sum, v)| *sum += v / self.divisor);
            });
        }
        work.turn(rows * inputs);
    }
}

impl Flatten {
    pub(super) fn forward(&self, rows: usize, x: &[f32], out: &mut [f32]) {
        self.turn(rows, x, out, true);
    }

    pub(super) fn back(&self, rows: usize, work: &mut Work) {
        let n = work.len;
        let (g, next) = work.both(n);
        self.turn(rows, g, next, false);
        work.turn(n);
    }

    fn turn(&self, rows: usize, x: &[f32], out: &mut [f32], flattens: bool) {
        let (channels, area) = (self.channels, self.area);
        if channels == 1 || area == 1 {
            out.copy_from_slice(x);
            return;
        }
        let n = channels * area;
        for row in 0..rows {
            let (x, out) = (&x[row * n..][..n], &mut out[row * n..][..n]);
            for at in 0..area {
                for channel in 0..channels {
                    let (last, first) = (at * channels + channel, channel * area + at);
                    if flattens {
                        out[first] = x[last];
                    } else {
                        out[last] = x[first];
                    }
                }
            }
        }
    }
}
