//! `striatum top`: a server as it is now, in the terminal.

mod data;
mod draw;
mod raster;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::Outcome;
use crate::watched::{Frame, ServerFlags, Watched};
use data::{Shown, Steps, View};
use draw::Picture;

/// How long a key waits to be seen at most.
const TICK: Duration = Duration::from_millis(50);

/// How long a single picture waits for spikes, and for how many requests.
const WAIT_FOR_SPIKES: Duration = Duration::from_millis(500);
const FRAMES: usize = 4;

/// Time until a stream of spikes that ended is asked for again.
const AGAIN: Duration = Duration::from_secs(2);

/// Columns of a frame that no terminal shows.
const COLUMNS: u16 = 100;

/// Show a server as it is now: requests, latency, spikes, alerts, health, load.
///
/// Everything is read over HTTP with the expressions of the catalogue's panels. Keys: q ends, p
/// pauses, tab shows the next page, m the next model, the arrows move a long page. Where standard
/// output is no terminal, one frame is printed.
#[derive(Args)]
pub(crate) struct Top {
    #[command(flatten)]
    server: ServerFlags,
    /// The model whose spikes are shown [default: the first].
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The page to begin with: now, or one of the catalogue's.
    #[arg(long, default_value = "now", value_parser = page)]
    page: Shown,
    /// Print one frame as plain text and end; COLUMNS says how wide.
    #[arg(long)]
    once: bool,
    /// Time between two looks (seconds).
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval)]
    interval: f64,
}

fn page(name: &str) -> Result<Shown, String> {
    let pages: Vec<&str> = Shown::all().map(Shown::id).collect();
    Shown::named(name).ok_or_else(|| format!("expected one of {}", pages.join(", ")))
}

fn interval(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "expected 0.1 to 3600 seconds".to_owned())
}

impl Top {
    pub(crate) fn run(self, json: bool) -> Result<Outcome> {
        let server = Watched::reached(&self.server)?;
        if self.once || json || !std::io::stdout().is_terminal() {
            self.once(&server, json)?;
        } else {
            self.live(&server)?;
        }
        Ok(Outcome::Done)
    }

    fn once(&self, server: &Watched, json: bool) -> Result<()> {
        let view = View::ask(server, self.page)?;
        let model = self.model.clone().or_else(|| view.models.first().cloned());
        let mut steps = Steps::of(model);
        if let (Some(model), Shown::Now) = (&steps.model, self.page) {
            let spikes = spikes(server, model);
            for _ in 0..FRAMES {
                match spikes.recv_timeout(WAIT_FOR_SPIKES) {
                    Ok(Ok(frame)) => steps.push(frame),
                    Ok(Err(error)) => steps.fault = Some(error),
                    Err(_) => break,
                }
            }
        }
        if json {
            println!("{}", json!({ "view": view, "raster": steps }));
        } else {
            let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
            let columns = columns.unwrap_or(COLUMNS);
            let picture = Picture {
                view: &view,
                steps: &steps,
                shown: self.page,
                scroll: 0,
                paused: false,
                fault: None,
            };
            print!("{}", picture.as_text(columns));
        }
        Ok(())
    }

    fn live(&self, server: &Watched) -> Result<()> {
        let stopped = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stopped))?;
        }
        let first = View::ask(server, self.page)?;
        let (pages, views) = watch(server, self.page, Duration::from_secs_f64(self.interval));
        let model = self.model.clone().or_else(|| first.models.first().cloned());
        let mut screen = Screen {
            server: server.clone(),
            spikes: model.as_deref().map(|model| spikes(server, model)),
            steps: Steps::of(model),
            view: first,
            shown: self.page,
            scroll: 0,
            paused: false,
            fault: None,
            pages,
            views,
        };
        // The panic hook of `try_init` restores the terminal, and so does the end of the scope.
        let mut terminal = ratatui::try_init().context("the terminal")?;
        let _restored = Restored;
        while !stopped.load(Ordering::Relaxed) {
            screen.take()?;
            terminal.draw(|frame| screen.picture().draw(frame.area(), frame.buffer_mut()))?;
            if screen.key()? {
                break;
            }
        }
        Ok(())
    }
}

/// Gives the terminal back when it goes.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// What the terminal shows, and where news of it come from.
struct Screen {
    server: Watched,
    view: View,
    steps: Steps,
    shown: Shown,
    scroll: u16,
    paused: bool,
    fault: Option<String>,
    pages: Sender<Shown>,
    views: Receiver<Result<View, String>>,
    spikes: Option<Receiver<Result<Frame, String>>>,
}

impl Screen {
    /// Takes what is new.
    fn take(&mut self) -> Result<()> {
        let lost = || anyhow!("the thread that asks the server has ended");
        loop {
            match self.views.try_recv() {
                Ok(Ok(view)) if !self.paused || view.page != self.view.page => {
                    (self.view, self.fault) = (view, None);
                }
                Ok(Ok(_)) => {}
                Ok(Err(fault)) => self.fault = Some(fault),
                Err(std::sync::mpsc::TryRecvError::Empty) => break,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return Err(lost()),
            }
        }
        for frame in self.spikes.iter().flat_map(Receiver::try_iter) {
            match frame {
                Ok(frame) if !self.paused => self.steps.push(frame),
                Ok(_) => {}
                Err(fault) => self.steps.fault = Some(fault),
            }
        }
        Ok(())
    }

    fn picture(&self) -> Picture<'_> {
        Picture {
            view: &self.view,
            steps: &self.steps,
            shown: self.shown,
            scroll: self.scroll,
            paused: self.paused,
            fault: self.fault.as_deref(),
        }
    }

    /// Waits a moment for a key; whether it ends the view.
    fn key(&mut self) -> Result<bool> {
        if !event::poll(TICK)? {
            return Ok(false);
        }
        let Event::Key(key) = event::read()? else { return Ok(false) };
        if key.kind == KeyEventKind::Release {
            return Ok(false);
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Ok(true),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Ok(true),
            KeyCode::Char('p') => self.paused = !self.paused,
            KeyCode::Char('m') => self.next_model(),
            KeyCode::Tab => self.show(self.shown.next()),
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            _ => {}
        }
        Ok(false)
    }

    fn show(&mut self, page: Shown) {
        (self.shown, self.scroll) = (page, 0);
        // Where nobody listens any more, `take` says so.
        let _ = self.pages.send(page);
    }

    fn next_model(&mut self) {
        let models = &self.view.models;
        let at = models.iter().position(|model| Some(model) == self.steps.model.as_ref());
        let next = at.map_or(0, |at| (at + 1) % models.len().max(1));
        let Some(model) = models.get(next).cloned() else { return };
        self.spikes = Some(spikes(&self.server, &model));
        self.steps = Steps::of(Some(model));
    }
}

/// Asks the server for a page again and again, on a thread that ends with its listener.
fn watch(
    server: &Watched,
    first: Shown,
    every: Duration,
) -> (Sender<Shown>, Receiver<Result<View, String>>) {
    let (pages, wanted) = channel();
    let (tell, views) = channel();
    let server = server.clone();
    std::thread::spawn(move || {
        let mut page = first;
        loop {
            match wanted.recv_timeout(every) {
                Ok(next) => page = next,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let view = View::ask(&server, page).map_err(|error| crate::report(&error));
            if tell.send(view).is_err() {
                return;
            }
        }
    });
    (pages, views)
}

/// Spikes of a model as they happen, from a thread that ends with its listener.
fn spikes(server: &Watched, model: &str) -> Receiver<Result<Frame, String>> {
    let (tell, frames) = channel();
    let (server, model) = (server.clone(), model.to_owned());
    std::thread::spawn(move || {
        loop {
            let fault = match server.live(&model) {
                Ok(mut live) => {
                    while live.next().is_some_and(|frame| tell.send(Ok(frame)).is_ok()) {}
                    "the server ended the stream of spikes".to_owned()
                }
                Err(error) => crate::report(&error),
            };
            if tell.send(Err(fault)).is_err() {
                return;
            }
            std::thread::sleep(AGAIN);
        }
    });
    frames
}
