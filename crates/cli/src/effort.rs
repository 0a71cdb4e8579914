//! What a run cost, by NeuroBench's definitions, and the energy that it would take: as text and as
//! JSON. The counting is in the crate `effort`.

use std::sync::Arc;

use anyhow::{Context, Result};
use effort::{Effort, Energy, Meter, TARGETS};
use serde_json::{Value, json};
use spike::{Raster, Session};

use crate::network::Network;

/// An effort, and what it would take on each machine with published figures.
pub(crate) struct Measured {
    effort: Effort,
    energies: Vec<Energy>,
    /// Steps of a second of the network's own time.
    rate_hz: Option<f64>,
}

impl Measured {
    /// Runs each input from rest once more, recording everything.
    pub(crate) fn of(network: &Network, inputs: &[Raster]) -> Result<Self> {
        let profile = network.profile();
        let lowered = network
            .graph
            .lower(&profile)
            .with_context(|| network.path.display().to_string())?
            .network;
        let mut meter = Meter::new(&lowered);
        let compiled = Arc::new(lowered.compile()?);
        for input in inputs {
            let mut session = Session::new(Arc::clone(&compiled));
            session.record(&meter.probes());
            meter.add(&session.run(std::slice::from_ref(input))?);
        }
        let effort = meter.effort();
        let energies = TARGETS.iter().map(|target| target.energy(&effort)).collect();
        let dt = profile.neurons.dt;
        Ok(Self { effort, energies, rate_hz: (dt > 0.0).then(|| 1.0 / dt) })
    }

    pub(crate) fn as_json(&self) -> Value {
        let e = &self.effort;
        let energies: Vec<Value> = self
            .energies
            .iter()
            .map(|energy| {
                json!({
                    "target": energy.target,
                    "joules_least": energy.joules.map(|j| j.least),
                    "joules_most": energy.joules.map(|j| j.most),
                    "source": energy.source,
                })
            })
            .collect();
        json!({
            "footprint_bytes": e.footprint_bytes,
            "connection_sparsity": e.connection_sparsity,
            "activation_sparsity": e.activation_sparsity,
            "effective_macs": e.effective_macs,
            "effective_acs": e.effective_acs,
            "dense": e.dense,
            "membrane_updates": e.membrane_updates,
            "model_execution_rate_hz": self.rate_hz,
            "samples": e.samples,
            "steps": e.steps,
            "energy_of_computing_per_sample": energies,
        })
    }

    pub(crate) fn as_text(&self) -> String {
        let e = &self.effort;
        let mut text = format!(
            "\neffort of one sample, by NeuroBench's definitions\n\
             footprint             {} bytes\n\
             connection sparsity   {:.4}\n\
             activation sparsity   {:.4}\n\
             effective MACs        {:.1}\n\
             effective ACs         {:.1}\n\
             dense operations      {:.1}\n\
             membrane updates      {:.1}\n",
            e.footprint_bytes,
            e.connection_sparsity,
            e.activation_sparsity,
            e.effective_macs,
            e.effective_acs,
            e.dense,
            e.membrane_updates,
        );
        if let Some(rate) = self.rate_hz {
            text += &format!("model execution rate  {rate:.0} Hz\n");
        }
        text += "energy of computing alone, estimated from published figures\n";
        for energy in &self.energies {
            let range = match energy.joules {
                Some(j) => format!("{:.3} to {:.3} µJ", 1e6 * j.least, 1e6 * j.most),
                None => "it has no multiplications".to_owned(),
            };
            text += &format!("  {:<11} {range:<24} {}\n", energy.target, energy.source);
        }
        text
    }
}
