//! A view as a picture of any size: the first page of tiles, and a grid for each page of the
//! catalogue. Colours are the terminal's own sixteen, so that its theme holds.

use catalogue::Panel;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span as Text};
use ratatui::widgets::{Block, BorderType, Paragraph, Sparkline, Widget, Wrap};

use super::data::{Filled, Shown, Steps, View};
use super::raster;
use crate::unit::{NONE, seconds, shown};
use crate::watched::{Alert, Check, Series, Span};

/// Columns from which on four tiles stand side by side, and other things two by two.
const WIDE: u16 = 72;
/// Columns from which on a page has three columns.
const WIDER: u16 = 150;

/// Rows of the first page where no terminal says how many.
const ROWS: u16 = 36;

/// Series of a panel that a page shows.
const MAX_SERIES: usize = 6;

/// Columns of the widest value.
const VALUE: u16 = 10;

/// What is drawn.
pub(super) struct Picture<'a> {
    pub(super) view: &'a View,
    pub(super) steps: &'a Steps,
    pub(super) shown: Shown,
    /// Rows of panels that have gone off the top.
    pub(super) scroll: u16,
    pub(super) paused: bool,
    /// Why the view is old.
    pub(super) fault: Option<&'a str>,
}

impl Picture<'_> {
    /// The picture as plain text, as high as it needs.
    pub(super) fn as_text(&self, columns: u16) -> String {
        let rows = match self.shown {
            Shown::Now if columns < WIDE => ROWS + 14,
            Shown::Now => ROWS,
            Shown::Page(_) => 4 + self.heights(columns).iter().sum::<u16>(),
        };
        let area = Rect::new(0, 0, columns.max(1), rows);
        let mut buffer = Buffer::empty(area);
        self.draw(area, &mut buffer);
        let line = |row: &[ratatui::buffer::Cell]| -> String {
            row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned() + "\n"
        };
        buffer.content.chunks(usize::from(area.width)).map(line).collect()
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer) {
        let [head, tabs, body, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(0),
            Constraint::Length(1),
        ])
        .areas(area);
        self.head().render(head, buf);
        self.tabs().render(tabs, buf);
        match (self.shown, self.view.page == self.shown.id()) {
            (_, false) => "…".render(body, buf),
            (Shown::Now, _) => self.now(body, buf),
            (Shown::Page(_), _) => self.grid(body, buf),
        }
        self.foot().render(foot, buf);
    }

    fn head(&self) -> Line<'_> {
        let health = &self.view.health;
        let mut line = vec![
            Text::from(" striatum ").bold(),
            Text::from(health.version.as_str()).dim(),
            Text::from("  ● ").fg(colour(&health.status)),
            Text::from(health.status.as_str()).bold().fg(colour(&health.status)),
            Text::from(format!(" {}", shown(Some(health.score), "percentunit"))),
        ];
        if health.level != "normal" && health.level != "full" {
            line.push(Text::from(format!("  {}", health.level)).fg(Color::Yellow));
        }
        line.push(Text::from(format!("  up {}", seconds(health.uptime_seconds))).dim());
        line.push(Text::from(format!("  {}", self.view.url)).dim());
        Line::from(line)
    }

    fn tabs(&self) -> Line<'_> {
        let tab = |shown: Shown| match shown == self.shown {
            true => Text::from(format!("[{}]", shown.title())).bold().fg(Color::Cyan),
            false => Text::from(format!(" {} ", shown.title())).dim(),
        };
        Line::from(Shown::all().map(tab).collect::<Vec<_>>())
    }

    fn foot(&self) -> Line<'_> {
        if let Some(fault) = self.fault {
            return Line::from(format!(" {fault}")).fg(Color::Red);
        }
        let paused = if self.paused { " paused: " } else { "" };
        let keys = " q end  p pause  tab next page  m next model  ↑↓ move";
        Line::from(vec![Text::from(paused).bold().fg(Color::Yellow), Text::from(keys).dim()])
    }

    /// The first page: how much, how fast, what fires, what is used.
    fn now(&self, area: Rect, buf: &mut Buffer) {
        let wide = area.width >= WIDE;
        let tall = if area.height >= 28 { 7 } else { 5 };
        let loads = self.loads();
        let columns = if wide { 2 } else { 1 };
        let bars = 2 + loads.len().div_ceil(columns).min(6) as u16;
        let [tiles, middle, below] = Layout::vertical([
            Constraint::Length(if wide { tall } else { 2 * tall }),
            Constraint::Min(0),
            Constraint::Length(bars),
        ])
        .areas(area);
        for (tile, place) in self.tiles().iter().zip(cells(tiles, if wide { 4 } else { 2 }, tall)) {
            tile.draw(place, &self.view.span, buf);
        }
        let halves = match wide {
            true => Layout::horizontal([Constraint::Percentage(56), Constraint::Min(0)]),
            false => Layout::vertical([Constraint::Percentage(50), Constraint::Min(0)]),
        };
        let [left, right] = halves.areas(middle);
        raster::draw(self.steps, left, buf);
        let checks = (right.height / 2).min(if wide { 7 } else { 5 });
        let [alerts, checks] =
            Layout::vertical([Constraint::Min(0), Constraint::Length(checks)]).areas(right);
        self.alerts(alerts, buf);
        self.checks(checks, buf);
        let inside = framed("Load", below, buf);
        for (load, place) in loads.iter().zip(cells(inside, columns as u16, 1)) {
            load.draw(place, buf);
        }
    }

    fn tiles(&self) -> [Tile<'_>; 4] {
        let view = self.view;
        let p = |name: &str| shown(view.last("overview", "latency", name), "s");
        let of = |page, id| view.series(page, id);
        let sparsity = of("engine", "sparsity").iter().filter_map(Series::last);
        let sparsity = sparsity.reduce(f64::min);
        let errors = view.sum("overview", "errors");
        let median: Vec<_> =
            of("overview", "latency").iter().filter(|one| one.name == "p50").cloned().collect();
        let tile =
            |title, value, below, series, colour| Tile { title, value, below, series, colour };
        let rate = shown(view.sum("overview", "rate"), "reqps");
        let failed = format!("{} errors", shown(errors, "percentunit"));
        let steps = shown(view.sum("engine", "steps"), "ops");
        let models = match view.models.as_slice() {
            [one] => one.clone(),
            all => format!("{} models", all.len()),
        };
        let spikes = shown(view.sum("overview", "spikes"), "ops");
        let silent = format!("{} silent", shown(sparsity, "percentunit"));
        [
            tile("Requests", rate, failed, total(of("overview", "rate")), Color::Cyan),
            tile(
                "Latency",
                format!("{} p50", p("p50")),
                format!("{} p99", p("p99")),
                total(&median),
                Color::Magenta,
            ),
            tile("Steps", steps, models, total(of("engine", "steps")), Color::Blue),
            tile("Spikes", spikes, silent, total(of("overview", "spikes")), Color::Yellow),
        ]
    }

    fn alerts(&self, area: Rect, buf: &mut Buffer) {
        let firing = self.view.alerts.iter().filter(|a| a.state == "firing").count();
        let inside = framed(&format!("Alerts: {firing} firing"), area, buf);
        if self.view.alerts.is_empty() {
            return Line::from("✓ nothing fires").fg(Color::Green).render(inside, buf);
        }
        let lines: Vec<Line> = self.view.alerts.iter().map(told).collect();
        Paragraph::new(lines).render(inside, buf);
    }

    /// What is not well with why, then the names of what is.
    fn checks(&self, area: Rect, buf: &mut Buffer) {
        let inside = framed("Health", area, buf);
        let (well, ill): (Vec<_>, Vec<_>) =
            self.view.health.checks.iter().partition(|check| check.status == "healthy");
        let why = |check: &&Check| {
            let name = Text::from(format!("● {} {}", check.name, check.status));
            let name = name.fg(colour(&check.status));
            Line::from(vec![name, Text::from(format!(" {}", check.detail)).dim()])
        };
        let mut lines: Vec<Line> = ill.iter().map(why).collect();
        let name = |check: &&Check| {
            [Text::from("●\u{a0}").fg(Color::Green), Text::from(format!("{} ", check.name))]
        };
        lines.push(Line::from(well.iter().flat_map(name).collect::<Vec<_>>()));
        Paragraph::new(lines).wrap(Wrap { trim: true }).render(inside, buf);
    }

    /// What is used of what there is.
    fn loads(&self) -> Vec<Load> {
        let view = self.view;
        let last = |page, id, name: &str| view.last(page, id, name);
        let load = |name| last("overview", "load", name);
        let of = |used: Option<f64>, limit: Option<f64>, unit| {
            format!("{} of {}", shown(used, unit), shown(limit, unit))
        };
        let cores =
            of(last("resources", "cpu", "used"), last("resources", "cpu", "limit"), "short");
        let memory = ("resources", "memory");
        let memory =
            of(last(memory.0, memory.1, "resident"), last(memory.0, memory.1, "limit"), "bytes");
        let queue = |name| shown(last("serving", "queue", name), "short");
        let waiting = format!("{} let in, {} wait", queue("let in"), queue("waiting"));
        let mut loads = vec![
            Load::new("processor", load("processors"), format!("{cores} cores")),
            Load::new("memory", load("memory"), memory),
            Load::new("requests", load("requests"), waiting),
        ];
        let disk = |one: &Series| Load::new("disk", one.last(), one.name.clone());
        loads.extend(view.series("resources", "disk").iter().map(disk));
        let gpu = |one: &Series| Load::new("gpu", one.last(), one.name.clone());
        loads.extend(view.series("resources", "gpu").iter().map(gpu));
        let open = shown(view.sum("overview", "sessions"), "short");
        loads.push(Load { name: "sessions", share: None, says: format!("{open} open") });
        loads
    }

    /// Rows of each row of panels.
    fn heights(&self, columns: u16) -> Vec<u16> {
        let rows = self.view.panels.chunks(per_row(columns));
        let height = |panel: &Filled| panel.series.len().clamp(1, MAX_SERIES) as u16 + 2;
        rows.map(|row| row.iter().map(height).max().unwrap_or(3)).collect()
    }

    /// A page of the catalogue.
    fn grid(&self, area: Rect, buf: &mut Buffer) {
        let n = per_row(area.width);
        let heights = self.heights(area.width);
        let skip = usize::from(self.scroll).min(heights.len().saturating_sub(1));
        let mut y = area.y;
        for (row, height) in self.view.panels.chunks(n).zip(&heights).skip(skip) {
            let height = (*height).min(area.bottom().saturating_sub(y));
            if height < 3 {
                return;
            }
            let line = Rect { y, height, ..area };
            for (panel, place) in row.iter().zip(cells(line, n as u16, height)) {
                self.panel(panel, place, buf);
            }
            y += height;
        }
    }

    /// A panel: a line for each series, with its name, its value and how it came there.
    fn panel(&self, filled: &Filled, area: Rect, buf: &mut Buffer) {
        let inside = framed(filled.panel.title, area, buf);
        if filled.series.is_empty() {
            return Line::from(NONE).dim().render(inside, buf);
        }
        let widest = filled.series.iter().map(|one| Line::from(one.name.as_str()).width()).max();
        let widest =
            (widest.unwrap_or(0) as u16).min(inside.width.saturating_sub(VALUE + 3) * 3 / 5);
        let rows = cells(inside, 1, 1);
        for (one, row) in filled.series.iter().zip(rows) {
            let [name, value, line] = Layout::horizontal([
                Constraint::Length(widest),
                Constraint::Length(VALUE + 1),
                Constraint::Min(0),
            ])
            .areas(row);
            Line::from(one.name.as_str()).render(name, buf);
            let text = Line::from(shown(one.last(), filled.panel.unit)).bold();
            text.fg(judged(filled.panel, one.last())).right_aligned().render(value, buf);
            let line = Rect { x: line.x + 2, width: line.width.saturating_sub(2), ..line };
            match (filled.is_over_time(), filled.panel.unit, one.last()) {
                (true, ..) => spark(&one.values, &self.view.span, Color::Cyan, line, buf),
                (false, "percentunit", Some(share)) => bar(share, Color::Cyan, line, buf),
                _ => {}
            }
        }
    }
}

/// An alert in a line.
fn told(alert: &Alert) -> Line<'_> {
    let severity = if alert.state == "firing" { &*alert.severity } else { "pending" };
    let mark = if alert.silenced { "○" } else { "▲" };
    Line::from(vec![
        Text::from(format!("{mark} {severity:<8} ")).fg(colour(severity)),
        Text::from(format!("{} ", alert.name)).bold(),
        Text::from(alert.summary.as_str()).dim(),
    ])
}

/// A large value with its past.
struct Tile<'a> {
    title: &'a str,
    value: String,
    below: String,
    series: Vec<(f64, f64)>,
    colour: Color,
}

impl Tile<'_> {
    fn draw(&self, area: Rect, span: &Span, buf: &mut Buffer) {
        let inside = framed(self.title, area, buf);
        let [value, below, line] =
            Layout::vertical([Constraint::Length(1), Constraint::Length(1), Constraint::Min(0)])
                .areas(inside);
        Line::from(self.value.as_str()).bold().fg(self.colour).render(value, buf);
        Line::from(self.below.as_str()).dim().render(below, buf);
        spark(&self.series, span, self.colour, line, buf);
    }
}

/// How much of something is used.
struct Load {
    name: &'static str,
    share: Option<f64>,
    says: String,
}

impl Load {
    fn new(name: &'static str, share: Option<f64>, says: String) -> Self {
        Self { name, share, says }
    }

    fn draw(&self, area: Rect, buf: &mut Buffer) {
        let [name, line, share, says, _] = Layout::horizontal([
            Constraint::Length(10),
            Constraint::Min(0),
            Constraint::Length(8),
            Constraint::Percentage(45),
            Constraint::Length(1),
        ])
        .areas(area);
        self.name.render(name, buf);
        let colour = match self.share {
            Some(share) if share >= 0.9 => Color::Red,
            Some(share) if share >= 0.8 => Color::Yellow,
            _ => Color::Green,
        };
        if let Some(used) = self.share {
            bar(used, colour, line, buf);
            Line::from(shown(self.share, "percentunit")).right_aligned().bold().render(share, buf);
        }
        let room = usize::from(says.width.saturating_sub(2));
        Line::from(format!("  {}", ending(&self.says, room))).dim().render(says, buf);
    }
}

/// Panels side by side.
fn per_row(columns: u16) -> usize {
    match columns {
        0..WIDE => 1,
        WIDE..WIDER => 2,
        WIDER.. => 3,
    }
}

/// Cells of a grid, row by row, as many as fit.
fn cells(area: Rect, columns: u16, height: u16) -> impl Iterator<Item = Rect> {
    let rows = area.height.checked_div(height).unwrap_or(0);
    let x =
        move |k: u16| area.x + (u32::from(area.width) * u32::from(k) / u32::from(columns)) as u16;
    (0..rows).flat_map(move |row| {
        (0..columns).map(move |k| Rect {
            x: x(k),
            y: area.y + row * height,
            width: x(k + 1) - x(k),
            height,
        })
    })
}

/// A frame with a title; gives what is inside.
pub(super) fn framed(title: &str, area: Rect, buf: &mut Buffer) -> Rect {
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(Style::new().dim());
    let block = block.title(Line::from(format!(" {title} ")).bold());
    let inside = block.inner(area);
    block.render(area, buf);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }.intersection(inside)
}

/// The sums of series at each time.
fn total(series: &[Series]) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, f64)> = Vec::new();
    let mut points: Vec<(f64, f64)> = series.iter().flat_map(|one| one.values.clone()).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (time, value) in points {
        match sums.last_mut() {
            Some(last) if last.0 == time => last.1 += value,
            _ => sums.push((time, value)),
        }
    }
    sums
}

/// A line over the time, from nothing to its largest value.
fn spark(values: &[(f64, f64)], span: &Span, colour: Color, area: Rect, buf: &mut Buffer) {
    let eighths = f64::from(area.height) * 8.0;
    let most = values.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    // What is nothing is a thin line; what is not known is empty.
    let level = |value: f64| (value / most * eighths).clamp(1.0, eighths) as u64;
    let at = |k: u16| {
        let middle = (f64::from(k) + 0.5) / f64::from(area.width.max(1));
        let time = span.start + middle * (span.end - span.start);
        let near = values.iter().min_by(|a, b| (a.0 - time).abs().total_cmp(&(b.0 - time).abs()));
        near.filter(|(t, _)| (t - time).abs() <= span.step).map(|(_, value)| level(*value))
    };
    let line: Vec<Option<u64>> = (0..area.width).map(at).collect();
    Sparkline::default().data(line).max(eighths as u64).style(colour).render(area, buf);
}

/// A share of a whole.
fn bar(share: f64, colour: Color, area: Rect, buf: &mut Buffer) {
    let full = usize::from(area.width);
    let used = ((share.clamp(0.0, 1.0) * full as f64).round() as usize).min(full);
    let line =
        vec![Text::from("━".repeat(used)).fg(colour), Text::from("─".repeat(full - used)).dim()];
    Line::from(line).render(area, buf);
}

/// The end of a text that is longer than there is room: what tells paths apart.
fn ending(text: &str, room: usize) -> String {
    let n = text.chars().count();
    if n <= room {
        return text.to_owned();
    }
    let end = text.chars().skip(n - room.saturating_sub(1).min(n));
    std::iter::once('…').chain(end).collect()
}

/// The colour of a state or a severity.
fn colour(name: &str) -> Color {
    match name {
        "healthy" => Color::Green,
        "degraded" | "warning" | "pending" => Color::Yellow,
        "info" => Color::Blue,
        _ => Color::Red,
    }
}

/// The colour of a value by its panel's thresholds.
fn judged(panel: &Panel, value: Option<f64>) -> Color {
    let (Some((warning, error)), Some(value)) = (panel.thresholds, value) else {
        return Color::Reset;
    };
    // Where the error is the smaller one, the smaller is the worse.
    let beyond = |mark: f64| if error < warning { value <= mark } else { value >= mark };
    match (beyond(error), beyond(warning)) {
        (true, _) => Color::Red,
        (_, true) => Color::Yellow,
        _ => Color::Green,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::{Picture, judged, spark, total};
    use crate::command::top::data::{Filled, Shown, Steps, View};
    use crate::watched::{Alert, Check, Fired, Frame, Health, Series, Span};
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Color;

    const SPAN: Span = Span { start: 0.0, end: 300.0, step: 5.0 };

    fn series(name: &str) -> Series {
        let values = (0..60).map(|k| (f64::from(k) * 5.0, f64::from(k) / 60.0)).collect();
        Series { name: name.into(), labels: Default::default(), values }
    }

    /// A view of a page whose every target gives one series, with everything that may be shown.
    fn view(shown: Shown) -> View {
        let fill = |(page, panel): (&'static str, &'static catalogue::Panel)| {
            let series = panel.targets.iter().map(|target| series(target.legend)).collect();
            Filled { page, panel, series }
        };
        let check = |status: &str| Check {
            name: "disk".into(),
            status: status.into(),
            detail: "99.7 % of the disk is used".into(),
            took_ms: 0.1,
        };
        View {
            url: "http://127.0.0.1:8080".into(),
            page: shown.id(),
            span: SPAN,
            health: Health {
                status: "critical".into(),
                score: 0.5,
                level: "shed".into(),
                version: "0.1.0".into(),
                uptime_seconds: 1e6,
                checks: vec![check("healthy"), check("degraded"), check("critical")],
            },
            alerts: (0..30)
                .map(|k| Alert {
                    name: format!("Alert{k}"),
                    state: "firing".into(),
                    severity: "critical".into(),
                    summary: "The disk is full, 満杯です.".into(),
                    since: String::new(),
                    labels: Default::default(),
                    silenced: k % 2 == 0,
                })
                .collect(),
            panels: shown.panels().into_iter().map(fill).collect(),
            models: vec!["digits".into()],
        }
    }

    fn steps() -> Steps {
        let mut steps = Steps::of(Some("digits".into()));
        let fired = |size| Fired {
            name: "a long name of a population".into(),
            size,
            spikes: (0..size as u32).map(|k| [k % 32, k]).collect(),
        };
        let populations = [256, 10, 1].map(fired).to_vec();
        steps.push(Frame { steps: 32, populations, rates: vec![0.1, 0.2] });
        steps
    }

    #[test]
    fn every_page_is_drawn_at_every_size() {
        let (steps, none) = (steps(), Steps::default());
        for shown in Shown::all() {
            let view = view(shown);
            for (columns, rows) in (60..=200).map(|c| (c, 40)).chain((0..40).map(|k| (k * 4, k))) {
                for (steps, scroll, fault) in [(&steps, 0, None), (&none, 99, Some("gone"))] {
                    let picture =
                        Picture { view: &view, steps, shown, scroll, paused: true, fault };
                    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
                    let draw = |frame: &mut ratatui::Frame<'_>| {
                        picture.draw(frame.area(), frame.buffer_mut());
                    };
                    terminal.draw(draw).unwrap();
                }
            }
        }
    }

    #[test]
    fn a_line_rises_and_what_is_not_known_is_empty() {
        let area = Rect::new(0, 0, 6, 1);
        let mut buffer = Buffer::empty(area);
        let values = [(25.0, 0.0), (125.0, 1.0), (175.0, 4.0)];
        spark(&values, &SPAN, Color::Reset, area, &mut buffer);
        let line: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(line, "▁ ▂█  ");
    }

    #[test]
    fn series_add_up_at_each_time() {
        let one = |values| Series { name: String::new(), labels: Default::default(), values };
        let all = [one(vec![(1.0, 1.0), (2.0, 2.0)]), one(vec![(2.0, 3.0)])];
        assert_eq!(total(&all), [(1.0, 1.0), (2.0, 5.0)]);
    }

    #[test]
    fn thresholds_colour_from_either_side() {
        let page = &catalogue::PAGES[0];
        let panel = |id| page.panels.iter().find(|panel| panel.id == id).unwrap();
        assert_eq!(judged(panel("score"), Some(0.4)), Color::Red);
        assert_eq!(judged(panel("score"), Some(0.9)), Color::Green);
        assert_eq!(judged(panel("errors"), Some(0.005)), Color::Yellow);
        assert_eq!(judged(panel("rate"), Some(9.0)), Color::Reset);
    }
}
