//! A network file with the conventions that it runs under, and where they come from.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use nir::{
    Framework, Graph, IntegrationOption, Profile, ProfileOptions, RefractoryOption, Repair,
    ResetOption, StoredTau,
};
use serde::de::DeserializeOwned;

/// Conventions given on the command line; they override `model.toml` and the guess.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Conventions")]
pub(crate) struct ProfileFlags {
    /// The framework whose conventions hold: snntorch, norse, spikingjelly, sinabs, rockpool,
    /// nengo, lava, bindsnet, brian2 or plain.
    #[arg(long, value_name = "NAME")]
    profile: Option<Framework>,
    /// Length of a step, in the unit of the file's time constants.
    #[arg(long, value_name = "SECONDS")]
    dt: Option<f64>,
    /// What a spike does: zero, subtract, value or none.
    #[arg(long, value_parser = word::<ResetOption>)]
    reset: Option<ResetOption>,
    /// Whether the reset waits for the next step.
    #[arg(long, value_name = "BOOL")]
    reset_delay: Option<bool>,
    /// Whether a potential at the threshold fires.
    #[arg(long, value_name = "BOOL")]
    threshold_fires: Option<bool>,
    /// Whether one step may bring several spikes.
    #[arg(long, value_name = "BOOL")]
    many_spikes: Option<bool>,
    /// Lower bound of the potential, as a multiple of the threshold.
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true)]
    lower_bound: Option<f32>,
    /// Steps after a spike in which a neuron is refractory.
    #[arg(long, value_name = "STEPS")]
    refractory_steps: Option<u32>,
    /// What a refractory neuron does: hold, decay or silent.
    #[arg(long, value_parser = word::<RefractoryOption>)]
    refractory: Option<RefractoryOption>,
    /// Whether input is scaled by 1 - decay.
    #[arg(long, value_name = "BOOL")]
    norm_input: Option<bool>,
    /// How decays are integrated: forward_euler or exact.
    #[arg(long, value_parser = word::<IntegrationOption>)]
    integration: Option<IntegrationOption>,
    /// What stored time constants mean: seconds or times_step.
    #[arg(long, value_parser = word::<StoredTau>)]
    stored_tau: Option<StoredTau>,
}

/// Reads an option's value as `model.toml` would.
fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = toml::Value::String(text.to_owned());
    value.try_into().map_err(|e: toml::de::Error| e.message().to_owned())
}

impl ProfileFlags {
    /// The options with the flags on top.
    fn over(&self, mut o: ProfileOptions) -> ProfileOptions {
        o.name = self.profile.or(o.name);
        o.dt = self.dt.or(o.dt);
        o.reset = self.reset.or(o.reset);
        o.reset_delay = self.reset_delay.or(o.reset_delay);
        o.threshold_fires = self.threshold_fires.or(o.threshold_fires);
        o.many_spikes = self.many_spikes.or(o.many_spikes);
        o.lower_bound = self.lower_bound.or(o.lower_bound);
        o.refractory_steps = self.refractory_steps.or(o.refractory_steps);
        o.refractory = self.refractory.or(o.refractory);
        o.norm_input = self.norm_input.or(o.norm_input);
        o.integration = self.integration.or(o.integration);
        o.stored_tau = self.stored_tau.or(o.stored_tau);
        o
    }
}

/// A network and its conventions.
pub(crate) struct Network {
    pub(crate) path: PathBuf,
    pub(crate) graph: Graph,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) options: ProfileOptions,
    /// Where the conventions come from, a sentence.
    pub(crate) source: String,
    /// What neither the file nor anybody says, and the framework's default fills.
    pub(crate) unknown: Vec<&'static str>,
}

impl Network {
    /// Reads a network: a `.nir` file, or a folder with `model.nir` in it.
    pub(crate) fn read(path: &Path, flags: &ProfileFlags) -> Result<Self> {
        let inside = path.join("model.nir");
        let path = if inside.is_file() { inside } else { path.to_owned() };
        let loaded = nir::read(&path).with_context(|| path.display().to_string())?;
        let spec = server::ModelSpec::read(&path.with_file_name("model.toml"))?;
        let guess = nir::guess(&loaded.graph);
        let (options, source, unknown) = if flags.profile.is_some() {
            (ProfileOptions::default(), "given by flags".to_owned(), Vec::new())
        } else if spec.profile.name.is_some() {
            (spec.profile, "from model.toml beside the file".to_owned(), Vec::new())
        } else {
            (guess.options, format!("guessed: {}", guess.reason), guess.unknown)
        };
        let options = flags.over(options);
        Ok(Self { path, graph: loaded.graph, repairs: loaded.repairs, options, source, unknown })
    }

    pub(crate) fn profile(&self) -> Profile {
        Profile::with(&self.options)
    }

    /// The network compiled, with what was assumed.
    pub(crate) fn compile(&self) -> Result<(spike::Compiled, Vec<String>)> {
        self.graph.compile(&self.profile()).with_context(|| self.path.display().to_string())
    }

    /// The framework's name.
    pub(crate) fn framework(&self) -> &'static str {
        self.options.name.map_or("plain", Framework::name)
    }

    /// Says on standard error what was mended and which conventions hold.
    pub(crate) fn say(&self) {
        for repair in &self.repairs {
            eprintln!("repair: {repair}");
        }
        eprintln!("profile: {} ({})", self.framework(), self.source);
        if !self.unknown.is_empty() {
            eprintln!("unknown: {}; the framework's defaults hold", self.unknown.join(", "));
        }
    }
}

/// The options as a table for `model.toml`.
pub(crate) fn as_toml(options: &ProfileOptions) -> String {
    let text = toml::to_string(options).unwrap_or_default();
    format!("[profile]\n{text}")
}
