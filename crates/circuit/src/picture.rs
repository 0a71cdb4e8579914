//! Pictures of what a circuit did: a raster with the rates beneath it, and the rates of neurons.
//! Drawn once as SVG; a PNG is that SVG, rasterised with a font of its own.

use std::fmt::Write;
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use crate::spikes::{Part, Recorded};

/// Dots of a raster at most; beyond it fewer neurons are shown.
const MAX_DOTS: usize = 30_000;
/// Neurons of a raster at most.
const MAX_ROWS: usize = 600;
/// Bins of a rate over time.
const BINS: usize = 200;
/// Pixels of a PNG for each of a picture.
const PNG_SCALE: f32 = 2.0;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 96.0;
const RIGHT: f64 = 24.0;
const INK: &str = "#222222";
const FAINT: &str = "#d9d9d9";
/// Colours that people with any colour vision tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 8] =
    ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#666666", "#7B4A12"];

static FONT: &[u8] = include_bytes!("font/DejaVuSans-ascii.ttf");

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The picture as SVG.
    pub svg: String,
}

/// A picture could not be rasterised.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The SVG is not well-formed.
    #[error("the picture: {0}")]
    Svg(#[from] usvg::Error),
    /// There is no room for the pixels, or they cannot be written.
    #[error("the picture: {0}")]
    Pixels(String),
}

impl Picture {
    /// The picture as PNG.
    ///
    /// # Errors
    /// [`PictureError`] where there is no memory for the pixels.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        let mut options = usvg::Options::default();
        Arc::make_mut(&mut options.fontdb).load_font_data(FONT.to_vec());
        options.font_family = "DejaVu Sans".into();
        let tree = usvg::Tree::from_str(&self.svg, &options)?;
        let size = tree.size();
        let pixels = |length: f32| (length * PNG_SCALE).ceil() as u32;
        let map = tiny_skia::Pixmap::new(pixels(size.width()), pixels(size.height()));
        let mut map = map.ok_or_else(|| PictureError::Pixels("too large".into()))?;
        let scale = tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE);
        resvg::render(&tree, scale, &mut map.as_mut());
        map.encode_png().map_err(|error| PictureError::Pixels(error.to_string()))
    }
}

fn colour(population: usize) -> &'static str {
    COLOURS[population % COLOURS.len()]
}

/// A drawing under way.
struct Canvas {
    body: String,
}

impl Canvas {
    fn new() -> Self {
        Self { body: String::new() }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line x1='{x1:.1}' y1='{y1:.1}' x2='{x2:.1}' y2='{y2:.1}' stroke='{stroke}'/>"
        );
    }

    fn text(&mut self, at: (f64, f64), anchor: &str, size: f64, fill: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (x, y) = at;
        let _ = writeln!(
            self.body,
            "<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' font-size='{size}' \
             fill='{fill}'>{text}</text>"
        );
    }

    fn path(&mut self, d: &str, stroke: &str, width: f64) {
        if !d.is_empty() {
            let _ = writeln!(
                self.body,
                "<path d='{d}' fill='none' stroke='{stroke}' stroke-width='{width}'/>"
            );
        }
    }

    fn finish(self, height: f64) -> Picture {
        let svg = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height:.0}' \
             viewBox='0 0 {WIDTH} {height:.0}' font-family='DejaVu Sans, sans-serif'>\n\
             <rect width='100%' height='100%' fill='white'/>\n{}</svg>\n",
            self.body
        );
        Picture { svg }
    }
}

/// A scale from values to pixels.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let span = (self.to - self.from).max(f64::MIN_POSITIVE);
        self.start + (value - self.from) / span * (self.end - self.start)
    }

    /// Round values across the scale, about `n` of them.
    fn ticks(&self, n: f64) -> Vec<f64> {
        let rough = (self.to - self.from).max(1e-12) / n;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough);
        let step = step.unwrap_or(10.0 * power);
        let first = (self.from / step).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        (first..=last).map(|k| k as f64 * step).collect()
    }
}

/// A number with the digits that it needs.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The time axis below a panel.
fn time_axis(canvas: &mut Canvas, x: &Axis, top: f64, bottom: f64, labelled: bool) {
    for tick in x.ticks(8.0) {
        let at = x.at(tick);
        canvas.line((at, top), (at, bottom), FAINT);
        if labelled {
            canvas.text((at, bottom + 16.0), "middle", 11.0, INK, &short(tick));
        }
    }
    if labelled {
        let middle = (x.start + x.end) / 2.0;
        canvas.text((middle, bottom + 34.0), "middle", 12.0, INK, "time (ms)");
    }
}

/// Spikes as dots, a row per neuron, populations one above the other, and below them the rate of
/// each population over time.
///
/// Of many neurons an even sample is shown, and said to be one.
pub fn raster(recorded: &Recorded) -> Picture {
    let mut canvas = Canvas::new();
    let neurons: usize = recorded.parts.iter().map(|part| part.size).sum();
    let per_neuron = recorded.times.len() as f64 / neurons.max(1) as f64;
    let by_dots = (MAX_DOTS as f64 / per_neuron.max(1e-9)) as usize;
    let rows = neurons.min(MAX_ROWS).min(by_dots.max(1));
    let share = rows as f64 / neurons.max(1) as f64;
    let shown: Vec<usize> = recorded
        .parts
        .iter()
        .map(|part| ((part.size as f64 * share).round() as usize).clamp(1, part.size.max(1)))
        .collect();
    let total: usize = shown.iter().sum();
    let end = recorded.start + recorded.duration;
    let x = Axis { from: recorded.start, to: end, start: LEFT, end: WIDTH - RIGHT };
    let (top, height) = (44.0, (total as f64 * 1.2).clamp(160.0, 480.0));
    let bottom = top + height;
    canvas.text((LEFT, 26.0), "start", 13.0, INK, &caption(total, neurons));
    time_axis(&mut canvas, &x, top, bottom, false);
    let mut above = 0;
    for (k, (part, &n)) in recorded.parts.iter().zip(&shown).enumerate() {
        let at = |row: usize| top + (above + row) as f64 / total.max(1) as f64 * height;
        let d = dots(recorded, part, n, &x, &at);
        canvas.path(&d, colour(k), (height / total.max(1) as f64).clamp(1.4, 2.4));
        if at(n) - at(0) >= 9.0 {
            canvas.text(
                (LEFT - 8.0, (at(0) + at(n)) / 2.0 + 4.0),
                "end",
                11.0,
                colour(k),
                &part.name,
            );
        }
        above += n;
    }
    let bottom = rates_over_time(&mut canvas, recorded, &x, bottom + 16.0);
    canvas.finish(bottom + 48.0)
}

fn caption(shown: usize, neurons: usize) -> String {
    if shown >= neurons {
        format!("Spikes of {neurons} neurons")
    } else {
        format!("Spikes of {shown} of {neurons} neurons, evenly chosen")
    }
}

/// The spikes of `n` evenly chosen neurons of a population, as short strokes.
fn dots(recorded: &Recorded, part: &Part, n: usize, x: &Axis, at: &dyn Fn(usize) -> f64) -> String {
    let mut d = String::new();
    let stride = part.size as f64 / n.max(1) as f64;
    for (time, &neuron) in recorded.times.iter().zip(&recorded.neurons) {
        let within = (neuron as usize).wrapping_sub(part.first);
        if within >= part.size {
            continue;
        }
        let row = (within as f64 / stride) as usize;
        // The first neuron of each stride stands for it.
        if row < n && (row as f64 * stride).ceil() as usize == within {
            let _ = write!(d, "M{:.1} {:.1}h2", x.at(*time), at(row) + 0.5);
        }
    }
    d
}

/// The rate of each population in bins, and where the panel ends.
fn rates_over_time(canvas: &mut Canvas, recorded: &Recorded, x: &Axis, top: f64) -> f64 {
    let bottom = top + 140.0;
    let width = (recorded.duration / BINS as f64).max(1e-9);
    let mut rates = vec![vec![0.0f64; BINS]; recorded.parts.len()];
    for (time, &neuron) in recorded.times.iter().zip(&recorded.neurons) {
        let k = recorded.parts.partition_point(|part| part.first + part.size <= neuron as usize);
        let bin = (((time - recorded.start) / width).ceil() as usize).saturating_sub(1);
        if let (Some(part), Some(rates)) = (recorded.parts.get(k), rates.get_mut(k)) {
            rates[bin.min(BINS - 1)] += 1e3 / (width * part.size as f64);
        }
    }
    let most = rates.iter().flatten().copied().fold(1e-3, f64::max);
    let y = Axis { from: 0.0, to: most * 1.05, start: bottom, end: top };
    time_axis(canvas, x, top, bottom, true);
    for tick in y.ticks(4.0) {
        canvas.line((LEFT, y.at(tick)), (WIDTH - RIGHT, y.at(tick)), FAINT);
        canvas.text((LEFT - 8.0, y.at(tick) + 4.0), "end", 11.0, INK, &short(tick));
    }
    canvas.text((LEFT, top - 4.0), "start", 11.0, INK, "rate (Hz)");
    for (k, rates) in rates.iter().enumerate() {
        let mut d = String::new();
        for (bin, rate) in rates.iter().enumerate() {
            let middle = recorded.start + (bin as f64 + 0.5) * width;
            let letter = if bin == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{letter}{:.1} {:.1}", x.at(middle), y.at(*rate));
        }
        canvas.path(&d, colour(k), 1.2);
    }
    bottom
}

/// For each population how the rates of its neurons are spread: the mean as a bar, the median as a
/// stroke, the range from the 5th to the 95th of a hundred as a line.
pub fn rates(recorded: &Recorded) -> Picture {
    let seconds = (recorded.duration * 1e-3).max(1e-9);
    let mut counts: Vec<Vec<f64>> =
        recorded.parts.iter().map(|part| vec![0.0; part.size]).collect();
    for &neuron in &recorded.neurons {
        let k = recorded.parts.partition_point(|part| part.first + part.size <= neuron as usize);
        if let (Some(part), Some(counts)) = (recorded.parts.get(k), counts.get_mut(k)) {
            counts[neuron as usize - part.first] += 1.0 / seconds;
        }
    }
    counts.iter_mut().for_each(|counts| counts.sort_by(f64::total_cmp));
    let quantile = |sorted: &[f64], share: f64| {
        let at = (sorted.len().saturating_sub(1)) as f64 * share;
        sorted.get(at.round() as usize).copied().unwrap_or(0.0)
    };
    let most = counts.iter().map(|sorted| quantile(sorted, 0.95)).fold(1e-3, f64::max);
    let (top, each) = (40.0, 34.0);
    let bottom = top + each * counts.len() as f64;
    let x = Axis { from: 0.0, to: most * 1.1, start: LEFT, end: WIDTH - RIGHT - 90.0 };
    let mut canvas = Canvas::new();
    let caption = "Rates of neurons: mean (bar), median (stroke), 5 to 95 % (line)";
    canvas.text((LEFT, 26.0), "start", 13.0, INK, caption);
    for tick in x.ticks(8.0) {
        canvas.line((x.at(tick), top), (x.at(tick), bottom), FAINT);
        canvas.text((x.at(tick), bottom + 16.0), "middle", 11.0, INK, &short(tick));
    }
    canvas.text(((x.start + x.end) / 2.0, bottom + 34.0), "middle", 12.0, INK, "rate (Hz)");
    for (k, (part, sorted)) in recorded.parts.iter().zip(&counts).enumerate() {
        let middle = top + each * (k as f64 + 0.5);
        let mean = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        let _ = writeln!(
            canvas.body,
            "<rect x='{:.1}' y='{:.1}' width='{:.1}' height='18' fill='{}' fill-opacity='0.45'/>",
            x.at(0.0),
            middle - 9.0,
            x.at(mean) - x.at(0.0),
            colour(k)
        );
        let [low, half, high] = [0.05, 0.5, 0.95].map(|share| x.at(quantile(sorted, share)));
        canvas.path(&format!("M{low:.1} {middle:.1}H{high:.1}"), colour(k), 1.6);
        canvas.path(&format!("M{half:.1} {:.1}v14", middle - 7.0), INK, 2.0);
        canvas.text((LEFT - 8.0, middle + 4.0), "end", 11.0, colour(k), &part.name);
        let value = format!("{mean:.2} Hz");
        canvas.text((WIDTH - RIGHT, middle + 4.0), "end", 11.0, INK, &value);
    }
    canvas.finish(bottom + 48.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_pictures_even_of_nothing() {
        let mut recorded = Recorded {
            parts: Recorded::parts([("E & <I>".into(), 3)]),
            times: vec![1.0, 2.0],
            neurons: vec![0, 2],
            start: 0.0,
            duration: 10.0,
        };
        for _ in 0..2 {
            for picture in [raster(&recorded), rates(&recorded)] {
                assert!(picture.svg.contains("E &amp; &lt;I&gt;") || picture.svg.contains("rate"));
                assert!(picture.png().unwrap().starts_with(b"\x89PNG"));
            }
            recorded.times.clear();
            recorded.neurons.clear();
            recorded.duration = 0.0;
        }
    }
}
