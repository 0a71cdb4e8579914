//! Two means: the rows of a list fall into two halves around two fields. One pass at a time, so that
//! who splits may take a breath between them; what is split, and when, others decide.

use crate::code::Probe;
use crate::list::List;
use crate::packed::width_of;
use crate::simd::{self, Isa};

/// A half smaller than one in so many of the whole is no half.
const LEAST_HALF: usize = 8;

/// Two fields, and for each row whether it goes to the second.
pub(crate) struct Halves {
    pub(crate) fields: [Vec<f32>; 2],
    pub(crate) second: Vec<bool>,
}

/// The fields to begin with: a row and the row farthest from it.
pub(crate) fn ends(isa: Isa, list: &List, first: usize, dimension: usize) -> [Vec<f32>; 2] {
    let width = width_of(dimension);
    let row = |at: usize| {
        let mut row = vec![0.0; dimension];
        list.floats(at, width, &mut row);
        row
    };
    let first = row(first);
    let mut scores = vec![0.0; list.len()];
    list.score(isa, &Probe::of(&first), &mut scores);
    let farthest = (0..list.len()).min_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let farthest = row(farthest.unwrap_or(0));
    [first, farthest]
}

/// One pass: every row goes to the nearer field, and the fields become the means of their rows.
/// Each row is compared twice.
pub(crate) fn pass(isa: Isa, list: &List, fields: &[Vec<f32>; 2]) -> Halves {
    let lead = leads(isa, list, fields);
    let mut second: Vec<bool> = lead.iter().map(|lead| *lead > 0.0).collect();
    even_out(&lead, &mut second);
    Halves { fields: means(isa, list, fields[0].len(), &second), second }
}

/// For each row, by how much it is nearer to the second field than to the first.
fn leads(isa: Isa, list: &List, fields: &[Vec<f32>; 2]) -> Vec<f32> {
    let (mut lead, mut scores) = (vec![0.0; list.len()], vec![0.0; list.len()]);
    list.score(isa, &Probe::of(&fields[1]), &mut lead);
    list.score(isa, &Probe::of(&fields[0]), &mut scores);
    lead.iter_mut().zip(scores).for_each(|(lead, score)| *lead -= score);
    lead
}

/// Where one half has next to nothing, the rows are halved by their lead instead.
fn even_out(lead: &[f32], second: &mut [bool]) {
    let (n, n_second) = (second.len(), second.iter().filter(|s| **s).count());
    if n_second * LEAST_HALF >= n && (n - n_second) * LEAST_HALF >= n {
        return;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| lead[*a].total_cmp(&lead[*b]).then(a.cmp(b)));
    order.iter().enumerate().for_each(|(rank, at)| second[*at] = rank >= n / 2);
}

fn means(isa: Isa, list: &List, dimension: usize, second: &[bool]) -> [Vec<f32>; 2] {
    let width = width_of(dimension);
    let mut sums = [vec![0.0f32; dimension], vec![0.0f32; dimension]];
    for (at, second) in second.iter().enumerate() {
        list.add_to(isa, at, width, &mut sums[usize::from(*second)]);
    }
    for (which, sum) in sums.iter_mut().enumerate() {
        let norm = simd::dot(isa, sum, sum).sqrt();
        if norm > 1e-6 {
            sum.iter_mut().for_each(|x| *x /= norm);
        } else if let Some(at) = second.iter().position(|s| usize::from(*s) == which) {
            // Opposite rows have no mean direction; one of them stands for all.
            list.floats(at, width, sum);
        }
    }
    sums
}
