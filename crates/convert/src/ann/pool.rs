//! The mean of windows.

/// Each output is the mean of its window, padding counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPool {
    /// Height and width of the window.
    pub kernel: [usize; 2],
    /// Positions between two windows.
    pub stride: [usize; 2],
    /// Zeros on both sides of each axis.
    pub padding: [usize; 2],
}

impl AvgPool {
    pub(super) fn run(&self, x: &[f32], input: &[usize], output: &[usize]) -> Vec<f32> {
        let (&[_, height, width], &[channels, rows, columns]) = (input, output) else {
            return Vec::new();
        };
        let area = (self.kernel[0] * self.kernel[1]) as f32;
        let window = |axis: usize, at: usize, length: usize| {
            let begin = at * self.stride[axis];
            let end = (begin + self.kernel[axis]).saturating_sub(self.padding[axis]);
            begin.saturating_sub(self.padding[axis]).min(length)..end.min(length)
        };
        let mut y = Vec::with_capacity(channels * rows * columns);
        for plane in x.chunks_exact(height * width) {
            for row in 0..rows {
                let lines = window(0, row, height);
                for column in 0..columns {
                    let across = window(1, column, width);
                    let sum: f32 =
                        lines.clone().flat_map(|line| &plane[line * width..][across.clone()]).sum();
                    y.push(sum / area);
                }
            }
        }
        y
    }
}
