//! A report as one HTML file that needs nothing else: lines are SVG inside it.

use std::fmt::Write;

use catalogue::Page;

use super::{Filled, Told, rows};
use crate::draw::escape;
use crate::unit::shown;
use crate::watched::{Series, Span};

const STYLE: &str = include_str!("report.css");

/// Size of a drawing in its own units.
const SIZE: (f64, f64) = (300.0, 80.0);

/// Lines of a panel that are drawn; each has a colour of its own in the style.
const MAX_LINES: usize = 8;

pub(super) fn page(told: &Told) -> String {
    let title = escape(&told.url);
    let mut text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n<h1>{title}</h1>\n<p>{}</p>\n<h2>Alerts</h2>\n",
        escape(&told.summary())
    );
    if told.alerts.is_empty() {
        text.push_str("<p>Nothing fires.</p>\n");
    } else {
        table(&mut text, &["alert", "state", "severity", "since", "says"], &told.alert_rows());
    }
    text.push_str("<h2>Checks</h2>\n");
    table(&mut text, &["check", "status", "time", "detail"], &told.check_rows());
    text.push_str("<h2>Models</h2>\n<ul>\n");
    for (name, ready) in told.models() {
        let ready = if ready { "ready" } else { "not ready" };
        let _ = writeln!(text, "<li>{}: {ready}</li>", escape(&name));
    }
    text.push_str("</ul>\n");
    told.pages.iter().for_each(|(page, panels)| section(&mut text, page, panels, &told.span));
    text + "</html>\n"
}

fn section(text: &mut String, page: &Page, panels: &[Filled], span: &Span) {
    let (title, help) = (escape(page.title), escape(page.help));
    let _ = writeln!(text, "<h2 id=\"{}\">{title}</h2>\n<p>{help}</p>\n<main>", page.id);
    for filled in panels {
        let (title, help) = (escape(filled.panel.title), escape(filled.panel.help));
        let width = filled.panel.span;
        let _ = writeln!(text, "<article class=\"w{width}\"><h3>{title}</h3><p>{help}</p>");
        if !filled.series.is_empty() {
            lines(text, filled, span);
        }
        let rows: Vec<[String; 4]> = rows(filled).into_iter().map(|[_, rest @ ..]| rest).collect();
        table(text, &["", "last", "mean", "max"], &rows);
        text.push_str("</article>\n");
    }
    text.push_str("</main>\n");
}

/// The lines of a panel, from the smallest of nothing and its values to the largest.
fn lines(text: &mut String, filled: &Filled, span: &Span) {
    let drawn = &filled.series[..filled.series.len().min(MAX_LINES)];
    let values = || drawn.iter().flat_map(|one| &one.values).map(|(_, value)| *value);
    let (least, most) = (values().fold(0.0, f64::min), values().fold(f64::MIN_POSITIVE, f64::max));
    let x = |time: f64| (time - span.start) / (span.end - span.start) * SIZE.0;
    let y = |value: f64| SIZE.1 - (value - least) / (most - least) * SIZE.1;
    let (width, height) = SIZE;
    let _ = writeln!(
        text,
        "<svg viewBox=\"0 -2 {width} {}\" preserveAspectRatio=\"none\" role=\"img\">\
         <title>up to {}</title>",
        height + 4.0,
        escape(&shown(Some(most), filled.panel.unit))
    );
    for (k, one) in drawn.iter().enumerate() {
        for run in runs(one, span) {
            let points: Vec<String> =
                run.iter().map(|(t, v)| format!("{:.1},{:.1}", x(*t), y(*v))).collect();
            let _ = writeln!(text, "<polyline class=\"c{k}\" points=\"{}\"/>", points.join(" "));
        }
    }
    text.push_str("</svg>\n");
}

/// The parts of a series between which nothing is known.
fn runs<'a>(one: &'a Series, span: &Span) -> impl Iterator<Item = &'a [(f64, f64)]> {
    let near = span.step * 1.5;
    one.values.chunk_by(move |a, b| b.0 - a.0 <= near)
}

fn table<const N: usize>(text: &mut String, head: &[&str; N], rows: &[[String; N]]) {
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let _ = writeln!(text, "<table>\n<tr>{head}</tr>");
    for row in rows {
        let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
        let _ = writeln!(text, "<tr>{cells}</tr>");
    }
    text.push_str("</table>\n");
}
