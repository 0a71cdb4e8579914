//! The spikes of a model's last requests: a band of rows for each population, time from left to
//! right, a dot of a braille sign for each spike.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::data::Steps;
use super::draw::framed;
use crate::unit::shown;

/// Columns of the names, and of the rates.
const NAME: u16 = 10;
const RATE: u16 = 8;

/// Dots of a sign, and the bit of each by column and row (Unicode 16, "Braille Patterns").
const DOTS: (usize, usize) = (2, 4);
const BITS: [[u32; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
const BLANK: u32 = 0x2800;

/// Colours of the bands, again and again.
const COLOURS: [Color; 5] = [Color::Cyan, Color::Yellow, Color::Magenta, Color::Green, Color::Blue];

pub(super) fn draw(steps: &Steps, area: Rect, buf: &mut Buffer) {
    let model = steps.model.as_deref().unwrap_or("no model");
    let inside = framed(&format!("Spikes of {model}"), area, buf);
    let Some(last) = steps.frames.back() else {
        let says = steps.fault.as_deref().unwrap_or("waiting for a request");
        return Line::from(says).dim().render(inside, buf);
    };
    let sizes: Vec<usize> = last.populations.iter().map(|one| one.size).collect();
    let mut y = inside.y;
    for (k, rows) in bands(&sizes, inside.height).into_iter().enumerate() {
        let place = Rect { y, height: rows, ..inside };
        band(steps, k, place, buf);
        y += rows;
    }
}

/// Rows of each population: by the logarithm of its size, at least one, as many as there are.
fn bands(sizes: &[usize], rows: u16) -> Vec<u16> {
    let shown = &sizes[..sizes.len().min(usize::from(rows))];
    let weight = |size: usize| (size.max(1) as f64).ln() + 1.0;
    let all: f64 = shown.iter().map(|size| weight(*size)).sum();
    let spare = f64::from(rows) - shown.len() as f64;
    let most = |size: usize| size.div_ceil(DOTS.1) as u16;
    let of = |size: &usize| (1 + (spare * weight(*size) / all) as u16).min(most(*size).max(1));
    shown.iter().map(of).collect()
}

fn band(steps: &Steps, k: usize, area: Rect, buf: &mut Buffer) {
    let Some(last) = steps.frames.back() else { return };
    let colour = COLOURS[k % COLOURS.len()];
    let rate = shown(last.rates.get(k).copied(), "percentunit");
    let line = Rect { height: area.height.min(1), ..area };
    Line::from(last.populations[k].name.as_str())
        .fg(colour)
        .render(Rect { width: line.width.min(NAME - 1), ..line }, buf);
    Line::from(rate).dim().right_aligned().render(line, buf);
    let width = area.width.saturating_sub(NAME + RATE);
    let signs = signs(steps, k, (usize::from(width), usize::from(area.height)));
    for (row, y) in signs.iter().zip(area.y..) {
        let place = Rect { x: area.x + NAME.min(area.width), y, width, height: 1 };
        Line::from(row.as_str()).fg(colour).render(place, buf);
    }
}

/// A population's spikes as rows of signs.
fn signs(steps: &Steps, k: usize, (width, height): (usize, usize)) -> Vec<String> {
    let mut bits = vec![BLANK; width * height];
    let all = steps.steps().max(1);
    let mut before = 0;
    for frame in &steps.frames {
        let Some(population) = frame.populations.get(k) else { continue };
        for [step, neuron] in &population.spikes {
            let x = (before + *step as usize) * width * DOTS.0 / all;
            let y = *neuron as usize * height * DOTS.1 / population.size.max(1);
            let cell = bits.get_mut(y / DOTS.1 * width + x / DOTS.0);
            let inside = x < width * DOTS.0 && y < height * DOTS.1;
            if let Some(cell) = cell.filter(|_| inside) {
                *cell |= BITS[x % DOTS.0][y % DOTS.1];
            }
        }
        before += frame.steps;
    }
    let sign = |bits: &u32| char::from_u32(*bits).unwrap_or(' ');
    bits.chunks(width.max(1)).map(|row| row.iter().map(sign).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{bands, signs};
    use crate::command::top::data::Steps;
    use crate::watched::{Fired, Frame};

    #[test]
    fn bands_fill_no_more_than_there_is() {
        for rows in 0..40 {
            for sizes in [&[256, 10][..], &[1, 1, 1], &[100_000; 30], &[]] {
                assert!(bands(sizes, rows).iter().sum::<u16>() <= rows, "{sizes:?} in {rows}");
            }
        }
        assert_eq!(bands(&[256, 10], 10).len(), 2);
    }

    #[test]
    fn a_spike_is_a_dot_where_and_when_it_was() {
        let mut steps = Steps::default();
        let fired = Fired { name: "a".into(), size: 4, spikes: vec![[0, 0], [1, 3], [9, 9]] };
        steps.push(Frame { steps: 2, populations: vec![fired.clone()], rates: vec![0.25] });
        assert_eq!(signs(&steps, 0, (1, 1)), ["⢁"]);
        steps.push(Frame { steps: 2, populations: vec![fired], rates: vec![0.25] });
        assert_eq!(signs(&steps, 0, (2, 1)), ["⢁⢁"]);
    }
}
