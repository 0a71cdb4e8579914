//! Drawings for the terminal and as SVG: rasters, matrices, images.

use std::fmt::Write;

use spike::Raster;

/// Rows of a raster drawn in the terminal; more neurons share a row.
const MAX_ROWS: usize = 32;
/// Columns; more steps share a column.
const MAX_COLUMNS: usize = 100;
/// Loads of a line.
const LOADS: usize = 64;

/// A raster as text: a row per neuron, a column per step, darker where more spikes fall together.
pub(crate) fn raster(raster: &Raster, labels: &[String]) -> String {
    let (size, steps) = (raster.size(), raster.steps());
    let per_row = size.div_ceil(MAX_ROWS).max(1);
    let per_column = steps.div_ceil(MAX_COLUMNS).max(1);
    let rows = size.div_ceil(per_row);
    let columns = steps.div_ceil(per_column);
    let mut cells = vec![0.0f32; rows * columns];
    for step in 0..steps {
        for (index, value) in raster.events(step) {
            cells[index as usize / per_row * columns + step / per_column] += value.abs();
        }
    }
    let most = cells.iter().copied().fold(1.0, f32::max);
    let mut text = String::new();
    for row in 0..rows {
        let label = labels.get(row * per_row).filter(|_| per_row == 1).cloned();
        let label = label.unwrap_or_else(|| (row * per_row).to_string());
        let line: String =
            cells[row * columns..][..columns].iter().map(|&v| shade(v, most)).collect();
        let _ = writeln!(text, "{label:>6} {line}");
    }
    let _ = writeln!(text, "{:>6} 0{:>width$}", "step", steps, width = columns.saturating_sub(1));
    text
}

/// A cell: a point for nothing, else the darker the more.
fn shade(value: f32, most: f32) -> char {
    let shades = [' ', '░', '▒', '▓', '█'];
    if value == 0.0 { '·' } else { shades[((value / most * 4.0).ceil() as usize).min(4)] }
}

/// Loads as text: a cell each, lines of [`LOADS`], darker where there is more; each line begins
/// with the number of its first.
pub(crate) fn loads(loads: &[usize]) -> String {
    let most = loads.iter().copied().max().unwrap_or(0).max(1) as f32;
    let mut text = String::new();
    for (line, cells) in loads.chunks(LOADS).enumerate() {
        let cells: String = cells.iter().map(|&load| shade(load as f32, most)).collect();
        let _ = writeln!(text, "{:>6} {cells}", line * LOADS);
    }
    text
}

/// A raster as an SVG picture: a point per event.
pub(crate) fn raster_svg(raster: &Raster, title: &str) -> String {
    let (width, height, left, top) = (900.0, 420.0, 60.0, 40.0);
    let x = |step: usize| left + width * (step as f64 + 0.5) / raster.steps().max(1) as f64;
    let y = |index: u32| top + height * (f64::from(index) + 0.5) / raster.size().max(1) as f64;
    let radius = (height / raster.size().max(1) as f64 / 2.5).clamp(0.6, 4.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{left}\" y=\"24\" font-weight=\"bold\">{}</text>\n\
         <rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"none\" \
         stroke=\"#999\"/>\n",
        width + 2.0 * left,
        height + 2.0 * top,
        escape(title)
    );
    for step in 0..raster.steps() {
        for (index, _) in raster.events(step) {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#1f4e9c\"/>",
                x(step),
                y(index)
            );
        }
    }
    let _ = write!(
        svg,
        "<text x=\"{left}\" y=\"{}\">step 0</text>\n<text x=\"{}\" y=\"{}\" \
         text-anchor=\"end\">step {}</text>\n<text x=\"{}\" y=\"{}\" text-anchor=\"end\">0</text>\n\
         <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n</svg>\n",
        top + height + 18.0,
        left + width,
        top + height + 18.0,
        raster.steps(),
        left - 6.0,
        top + 10.0,
        left - 6.0,
        top + height,
        raster.size().saturating_sub(1)
    );
    svg
}

/// A confusion matrix: rows are true classes, columns are decided ones.
pub(crate) fn confusion(matrix: &[Vec<usize>], labels: &[String]) -> String {
    let mut text = format!("{:>8}", "true\\as");
    labels.iter().for_each(|l| text.push_str(&format!("{l:>5}")));
    text.push('\n');
    for (row, label) in matrix.iter().zip(labels) {
        let _ = write!(text, "{label:>8}");
        for n in row {
            let cell = if *n == 0 { "·".to_owned() } else { n.to_string() };
            let _ = write!(text, "{cell:>5}");
        }
        text.push('\n');
    }
    text
}

/// A grey image in half blocks, two rows of pixels per line.
pub(crate) fn image(pixels: &[f32], width: usize) -> String {
    let rows: Vec<&[f32]> = pixels.chunks_exact(width.max(1)).collect();
    let on = |row: Option<&&[f32]>, x: usize| row.is_some_and(|row| row[x] > 96.0);
    let mut text = String::new();
    for pair in rows.chunks(2) {
        let line: String = (0..width)
            .map(|x| match (on(pair.first(), x), on(pair.get(1), x)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        let _ = writeln!(text, "  {}", line.trim_end());
    }
    text
}

/// Text that may stand in SVG.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A table: columns as wide as their widest cell.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |k: usize| {
        let cells = rows.iter().filter_map(|row| row.get(k)).map(|c| c.chars().count());
        cells.chain([head[k].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(c, &w)| format!("{c:w$}"));
        let _ = writeln!(text, "{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(&head.iter().map(ToString::to_string).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
    text
}
