//! Every input to every output. Where spikes are few their rows of weights are added, otherwise a
//! product of matrices is taken; both give the same bits.

use crate::kernel::{Into, Left, Right, Rows, STRIP, Terms, add_rows, multiply};
use crate::network::{Dense, Signal};

use super::{Stage, Sums, Work, grow};

/// Share of inputs that spike below which rows are added: from the loads of each path, not swept.
const SPARSE: f64 = 0.25;

impl Dense {
    /// `out[row] = sum over inputs of x[row] weight`.
    pub(super) fn forward(
        &self,
        parameters: &[f32],
        signal: Signal,
        x: &[f32],
        out: &mut [f32],
        stage: &mut Stage,
        work: &mut Work,
    ) {
        let weight = &parameters[self.weight.clone()];
        let rows = x.len() / self.inputs;
        stage.sparse = false;
        if signal.binary {
            stage.lists.fill(x, self.inputs);
            stage.sparse = (stage.lists.total() as f64) < SPARSE * x.len() as f64;
        }
        if stage.sparse {
            out.fill(0.0);
            for (row, out) in out.chunks_exact_mut(self.outputs).enumerate() {
                add_rows(weight, self.outputs, &stage.lists, row, out);
            }
            return;
        }
        let terms = if signal.binary { Terms::Fused } else { Terms::Rounded };
        let left =
            Left { data: x, row: Rows::even(rows, self.inputs), term: Rows::even(self.inputs, 1) };
        let right = Right::Rows { data: weight, row: self.outputs, n: self.outputs };
        let row = Rows::even(rows, self.outputs);
        multiply(left, right, &mut Into { data: out, row, adds: false }, terms, &mut work.kernel);
    }

    /// Adds the derivative of the weights; `g` becomes that of the input where it is needed.
    pub(super) fn back(
        &self,
        parameters: &[f32],
        signal: Signal,
        x: &[f32],
        stage: &Stage,
        sums: &mut Sums<'_>,
        work: &mut Work,
    ) {
        let rows = x.len() / self.inputs;
        let gradient = sums.of(&self.weight);
        if stage.sparse {
            stage.lists.turn(&mut work.turned);
            for column in (0..self.outputs).step_by(STRIP) {
                let width = STRIP.min(self.outputs - column);
                for input in 0..self.inputs {
                    let to = &mut gradient[input * self.outputs + column..][..width];
                    add_rows(&work.g[column..], self.outputs, &work.turned, input, to);
                }
            }
        } else {
            let left = Left {
                data: x,
                row: Rows::even(self.inputs, 1),
                term: Rows::even(rows, self.inputs),
            };
            let right = Right::Rows { data: &work.g, row: self.outputs, n: self.outputs };
            let row = Rows::even(self.inputs, self.outputs);
            let mut into = Into { data: gradient, row, adds: true };
            multiply(left, right, &mut into, Terms::Fused, &mut work.kernel);
        }
        if signal.derived {
            let weight = &parameters[self.weight.clone()];
            grow(&mut work.next, x.len());
            let left = Left {
                data: &work.g,
                row: Rows::even(rows, self.outputs),
                term: Rows::even(self.outputs, 1),
            };
            let right = Right::Transposed { data: weight, row: self.outputs, n: self.inputs };
            let row = Rows::even(rows, self.inputs);
            let mut into = Into { data: &mut work.next[..x.len()], row, adds: false };
            multiply(left, right, &mut into, Terms::Fused, &mut work.kernel);
            work.turn(x.len());
        }
    }
}
