//! What a network does right now, for whoever watches: the spikes of some of its requests.
//! While nobody watches, a worker looks at one number and goes on.

#![allow(clippy::disallowed_methods, reason = "frames are limited in time")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::Serialize;
use spike::{Emission, Potentials, Probe, Run, Session};
use tokio::sync::broadcast;

use crate::model::Model;

/// Frames that wait for a watcher that is slow; the oldest go.
const WAITING: usize = 8;

/// Time between two frames (milliseconds).
const EVERY_MS: u64 = 200;

/// Spikes of a population that a frame shows.
const MAX_SPIKES: usize = 5000;

/// A part of what a network did.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Frame {
    /// The model.
    model: String,
    /// Its version.
    version: String,
    /// The number of the first step.
    step0: u64,
    /// Steps.
    steps: usize,
    /// The populations that fire, in the network's order.
    populations: Vec<Fired>,
    /// Spikes per neuron and step of each of them.
    rates: Vec<f64>,
}

/// The spikes of a population.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Fired {
    /// The population.
    name: String,
    /// Its neurons.
    size: usize,
    /// Step and neuron of each spike; no more than can be shown.
    spikes: Vec<[u32; 2]>,
}

/// Where frames of a model are told.
pub(crate) struct Live {
    frames: broadcast::Sender<Frame>,
    last_ms: AtomicU64,
    /// Steps that were shown until now: the axis of time goes on.
    shown: AtomicU64,
}

impl Default for Live {
    fn default() -> Self {
        let (frames, _) = broadcast::channel(WAITING);
        Self { frames, last_ms: AtomicU64::new(0), shown: AtomicU64::new(0) }
    }
}

impl Live {
    /// Watches from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Frame> {
        self.frames.subscribe()
    }

    /// Whether the next run is to be shown.
    pub(crate) fn wants(&self) -> bool {
        if self.frames.receiver_count() == 0 {
            return false;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let (now, last) = (now as u64, self.last_ms.load(Ordering::Relaxed));
        let due = now.abs_diff(last) >= EVERY_MS;
        let swap = Ordering::Relaxed;
        due && self.last_ms.compare_exchange(last, now, swap, swap).is_ok()
    }

    /// Lets a session record what a frame needs.
    pub(crate) fn record(session: &mut Session) {
        let network = session.network();
        let ports = network.populations().into_iter().enumerate();
        let probes: Vec<Probe> = ports
            .filter(|(_, port)| port.emission == Emission::Spikes)
            .filter_map(|(_, port)| network.population(&port.name))
            .map(|population| Probe { population, events: true, potentials: Potentials::None })
            .collect();
        session.record(&probes);
    }

    /// Shows a run.
    pub(crate) fn show(&self, model: &Model, run: &Run) {
        let ports = model.network.populations();
        let steps = run.report.steps as usize;
        let mut rates = Vec::new();
        let populations = run
            .recordings
            .iter()
            .map(|recording| {
                let port = &ports[recording.population.0];
                let mut spikes = Vec::new();
                let mut n = 0_u64;
                for step in 0..recording.events.steps() {
                    for (neuron, _) in recording.events.events(step) {
                        n += 1;
                        if spikes.len() < MAX_SPIKES {
                            spikes.push([step as u32, neuron]);
                        }
                    }
                }
                let cells = (port.size * steps.max(1)) as f64;
                let (name, size) = (port.name.clone(), port.size);
                rates.push(n as f64 / cells);
                Fired { name, size, spikes }
            })
            .collect();
        let step0 = self.shown.fetch_add(steps as u64, Ordering::Relaxed);
        let (model, version) = (model.name.clone(), model.version.to_string());
        // Whoever watched may have gone.
        drop(self.frames.send(Frame { model, version, step0, steps, populations, rates }));
    }
}
