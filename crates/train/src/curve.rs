//! Pictures of a training: loss and accuracy over the epochs as SVG, and as numbers for a terminal.

use std::fmt::Write;

use crate::report::TrainingReport;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 44.0;
const INK: &str = "#222222";
const FAINT: &str = "#d9d9d9";
/// Colours that people with any colour vision tell apart (Okabe and Ito 2008).
const COLOURS: [&str; 2] = ["#0072B2", "#D55E00"];
/// Lines of a grid at most.
const MARKS: f64 = 6.0;

/// A line of numbers, one for each epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it is.
    pub name: &'static str,
    /// Epoch and value.
    pub points: Vec<(f64, f64)>,
}

impl TrainingReport {
    /// Loss of training and validation over the epochs.
    pub fn losses(&self) -> [Curve; 2] {
        self.curves(|score| score.loss)
    }

    /// Accuracy of training and validation over the epochs, in per cent.
    pub fn accuracies(&self) -> [Curve; 2] {
        self.curves(|score| 100.0 * score.accuracy)
    }

    fn curves(&self, of: impl Fn(&crate::report::Score) -> f64) -> [Curve; 2] {
        let points = |validation: bool| {
            let each = self.epochs.iter().map(|e| {
                (e.epoch as f64, of(if validation { &e.validation } else { &e.training }))
            });
            each.collect()
        };
        [
            Curve { name: "training", points: points(false) },
            Curve { name: "validation", points: points(true) },
        ]
    }

    /// Loss above, accuracy below, as one SVG.
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        let total = 2.0 * HEIGHT;
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" \
             font-family=\"DejaVu Sans, sans-serif\" font-size=\"13\" fill=\"{INK}\">\
             <rect width=\"{WIDTH}\" height=\"{total}\" fill=\"white\"/>"
        );
        panel(&mut svg, 0.0, "loss", &self.losses(), self.best_epoch);
        panel(&mut svg, HEIGHT, "accuracy, %", &self.accuracies(), self.best_epoch);
        svg.push_str("</svg>\n");
        svg
    }
}

fn panel(svg: &mut String, from: f64, title: &str, curves: &[Curve; 2], best: usize) {
    let all = || curves.iter().flat_map(|c| &c.points).filter(|(_, y)| y.is_finite());
    let low = all().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let high = all().map(|p| p.1).fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high { (low, high) } else { (low.min(0.0), low.max(0.0) + 1.0) };
    let last = all().map(|p| p.0).fold(1.0, f64::max);
    let x = |epoch: f64| LEFT + (WIDTH - LEFT - RIGHT) * (epoch - 1.0) / (last - 1.0).max(1.0);
    let y = |v: f64| from + TOP + (HEIGHT - TOP - BOTTOM) * (high - v) / (high - low);
    let step = nice((high - low) / MARKS);
    let mut mark = (low / step).ceil() * step;
    while mark <= high {
        let at = y(mark);
        let _ = write!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"{FAINT}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            number(mark, step),
        );
        mark += step;
    }
    let step = nice(last / 12.0).max(1.0);
    let mut epoch = step;
    while epoch <= last {
        let at = from + HEIGHT - BOTTOM + 18.0;
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{at:.1}\" text-anchor=\"middle\">{epoch}</text>",
            x(epoch),
        );
        epoch += step;
    }
    if best > 0 {
        let (at, top, end) = (x(best as f64), from + TOP, from + HEIGHT - BOTTOM);
        let _ = write!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{top:.1}\" y2=\"{end:.1}\" stroke=\"{INK}\" \
             stroke-dasharray=\"3 3\"/>"
        );
    }
    let _ = write!(svg, "<text x=\"{LEFT}\" y=\"{:.1}\">{title}</text>", from + 22.0);
    for (k, curve) in curves.iter().enumerate() {
        let points: Vec<String> = curve
            .points
            .iter()
            .filter(|(_, v)| v.is_finite())
            .map(|(epoch, v)| format!("{:.1},{:.1}", x(*epoch), y(*v)))
            .collect();
        let colour = COLOURS[k];
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" text-anchor=\"end\">{}</text>",
            points.join(" "),
            WIDTH - RIGHT - 100.0 * (1 - k) as f64,
            from + 22.0,
            curve.name,
        );
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn nice(step: f64) -> f64 {
    let ten = 10f64.powf(step.max(1e-12).log10().floor());
    let times = step / ten;
    ten * if times <= 1.0 {
        1.0
    } else if times <= 2.0 {
        2.0
    } else if times <= 5.0 {
        5.0
    } else {
        10.0
    }
}

fn number(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$}")
}
