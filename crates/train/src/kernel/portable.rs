//! The kernels in plain Rust, for every other machine.

use super::{Into, Left, PANEL, Step, Taps, Way};

pub(super) fn rows<const FUSED: bool>(left: Left<'_>, out: &mut Into<'_>, step: &Step<'_>) {
    let stride = if step.narrow { PANEL / 2 } else { PANEL };
    for i in 0..left.row.len() {
        let to = &mut out.data[out.row.at(i) + step.column..][..step.width];
        let from = &left.data[left.row.at(i)..];
        if !step.adds {
            to.fill(0.0);
        }
        for (line, &term) in step.panel.chunks_exact(stride).zip(step.terms) {
            let a = from[term as usize];
            for (sum, b) in to.iter_mut().zip(line) {
                *sum = if FUSED { a.mul_add(*b, *sum) } else { *sum + a * b };
            }
        }
    }
}

pub(super) fn add_rows(data: &[f32], stride: usize, rows: &[u32], out: &mut [f32]) {
    for &row in rows {
        for (sum, value) in out.iter_mut().zip(&data[row as usize * stride..]) {
            *sum += value;
        }
    }
}

pub(super) fn spread(way: Way, taps: &Taps, active: &[u32], from: &[f32], to: &mut [f32]) {
    let [inputs, n] = taps.channels;
    for &input in active {
        let (place, channel) = (input as usize / inputs, input as usize % inputs);
        for &[output, weights] in
            &taps.taps[taps.start[place] as usize..taps.start[place + 1] as usize]
        {
            let weights = weights as usize + channel * n;
            let (read, write) = match way {
                Way::Forward => (weights, output as usize),
                Way::Back => (output as usize, weights),
            };
            let values = &from[read..read + n];
            to[write..write + n].iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
        }
    }
}
