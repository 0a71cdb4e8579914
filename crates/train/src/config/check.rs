//! What each value of a description may be; all that are out of range are named.

use super::{Config, EncoderKind, LayerConfig, LossConfig, OptimiserConfig, ScheduleConfig};
use super::{ProfileConfig, ResetConfig};
use crate::error::Problems;
use crate::limits::{MAX_BATCH, MAX_EPOCHS, MAX_LAYER_VALUES, MAX_STEPS};

impl Config {
    /// Names every value that is out of its range.
    pub(super) fn problems(&self, problems: &mut Problems) {
        let p = problems;
        let steps = self.encoder.steps;
        if !(1..=MAX_STEPS).contains(&steps) {
            p.push("encoder.steps", format!("1 to {MAX_STEPS}"), steps);
        }
        let training = &self.training;
        if !(1..=MAX_EPOCHS).contains(&training.epochs) {
            p.push("training.epochs", format!("1 to {MAX_EPOCHS}"), training.epochs);
        }
        if !(1..=MAX_BATCH).contains(&training.batch) {
            p.push("training.batch", format!("1 to {MAX_BATCH}"), training.batch);
        }
        if let Some(norm) = training.clip_norm {
            above_zero("training.clip_norm", norm, p);
        }
        if let Some(average) = training.average {
            share("training.average", average, p);
        }
        if self.data.validation == 0 {
            p.push("data.validation", "at least one sample", 0);
        }
        above_zero("data.scale", self.data.scale, p);
        above_zero("surrogate.slope", self.surrogate.slope, p);
        above_zero("surrogate.scale", self.surrogate.scale, p);
        self.profile.problems(p);
        self.loss_problems(p);
        optimiser(&self.optimiser, p);
        schedule(&self.schedule, p);
        for (at, one) in self.layers.iter().enumerate() {
            layer(&format!("layers[{at}]"), one, p);
        }
        if let Some(a) = &self.augmentation {
            for (name, value, most) in [
                ("shift_pixels", a.shift_pixels, 1000.0),
                ("rotation_degrees", a.rotation_degrees, 180.0),
                ("scale", a.scale, 0.9),
                ("shear", a.shear, 1.0),
            ] {
                within(&format!("augmentation.{name}"), value, 0.0, most, p);
            }
        }
        if let Some(r) = &self.regularisation {
            within("regularisation.strength", r.strength, 0.0, f32::MAX, p);
            within("regularisation.lower", r.lower, 0.0, r.upper, p);
            within("regularisation.upper", r.upper, 0.0, 1.0, p);
        }
        if self.augmentation.is_some() && self.encoder.kind == EncoderKind::Steps {
            p.push("augmentation", "images, which `encoder.kind = \"steps\"` has not", "a table");
        }
    }

    fn loss_problems(&self, p: &mut Problems) {
        match &self.loss {
            LossConfig::Rate { scale } | LossConfig::FirstSpike { scale } => {
                above_zero("loss.scale", *scale, p);
            }
            LossConfig::Membrane { .. } => {}
            LossConfig::VanRossum { tau_steps, period_steps } => {
                above_zero("loss.tau_steps", *tau_steps, p);
                if *period_steps == 0 {
                    p.push("loss.period_steps", "at least 1", 0);
                }
            }
        }
        let reads = matches!(self.layers.last(), Some(LayerConfig::Li { .. }));
        let membrane = matches!(self.loss, LossConfig::Membrane { .. });
        match self.layers.last() {
            Some(last) if reads != membrane => {
                let expected =
                    if membrane { "a last layer `li`" } else { "a last layer that spikes" };
                p.push("loss", expected, format!("`{}`", last.kind()));
            }
            _ => {}
        }
    }
}

impl ProfileConfig {
    fn problems(&self, p: &mut Problems) {
        if self.name != "snntorch" {
            p.push("profile.name", "`snntorch`, the conventions that are trained", &self.name);
        }
        if self.reset == ResetConfig::Subtract && !self.reset_delay {
            // snnTorch then charges a remainder above the threshold twice, which has no derivative
            // worth following.
            p.push("profile.reset_delay", "true for a reset by subtraction", false);
        }
    }
}

fn layer(place: &str, layer: &LayerConfig, p: &mut Problems) {
    let key = |name: &str| format!("{place}.{name}");
    let size = |name: &str, value: usize, p: &mut Problems| {
        if !(1..=MAX_LAYER_VALUES).contains(&value) {
            p.push(key(name), format!("1 to {MAX_LAYER_VALUES}"), value);
        }
    };
    match layer {
        LayerConfig::Linear { features, .. } => size("features", *features, p),
        LayerConfig::Conv2d { channels, kernel, stride, padding, .. } => {
            size("channels", *channels, p);
            size("kernel", *kernel, p);
            size("stride", *stride, p);
            if padding >= kernel {
                p.push(key("padding"), "less than the kernel", padding);
            }
        }
        LayerConfig::SumPool2d { kernel, stride } | LayerConfig::AvgPool2d { kernel, stride } => {
            size("kernel", *kernel, p);
            size("stride", stride.unwrap_or(*kernel), p);
        }
        LayerConfig::Flatten {} => {}
        LayerConfig::BatchNorm { momentum, epsilon } => {
            share(&key("momentum"), *momentum, p);
            above_zero(&key("epsilon"), *epsilon, p);
        }
        LayerConfig::Dropout { share: dropped } => share(&key("share"), *dropped, p),
        LayerConfig::Lif { beta, threshold, .. } => {
            share(&key("beta"), *beta, p);
            above_zero(&key("threshold"), *threshold, p);
        }
        LayerConfig::If { threshold } => above_zero(&key("threshold"), *threshold, p),
        LayerConfig::CubaLif { alpha, beta, threshold, .. } => {
            share(&key("alpha"), *alpha, p);
            share(&key("beta"), *beta, p);
            above_zero(&key("threshold"), *threshold, p);
        }
        LayerConfig::Li { beta } => share(&key("beta"), *beta, p),
    }
}

fn optimiser(optimiser: &OptimiserConfig, p: &mut Problems) {
    above_zero("optimiser.rate", optimiser.rate(), p);
    match optimiser {
        OptimiserConfig::Adam { betas, epsilon, .. }
        | OptimiserConfig::Adamw { betas, epsilon, .. } => {
            betas.iter().for_each(|beta| share("optimiser.betas", *beta, p));
            above_zero("optimiser.epsilon", *epsilon, p);
        }
        OptimiserConfig::Sgd { momentum, .. } => share("optimiser.momentum", *momentum, p),
    }
    if let OptimiserConfig::Adamw { weight_decay, .. } | OptimiserConfig::Sgd { weight_decay, .. } =
        optimiser
    {
        within("optimiser.weight_decay", *weight_decay, 0.0, f32::MAX, p);
    }
}

fn schedule(schedule: &ScheduleConfig, p: &mut Problems) {
    let (ScheduleConfig::Constant { warm_up_epochs }
    | ScheduleConfig::Step { warm_up_epochs, .. }
    | ScheduleConfig::Exponential { warm_up_epochs, .. }
    | ScheduleConfig::Cosine { warm_up_epochs, .. }
    | ScheduleConfig::Plateau { warm_up_epochs, .. }) = schedule;
    within("schedule.warm_up_epochs", *warm_up_epochs, 0.0, f32::MAX, p);
    match schedule {
        ScheduleConfig::Step { epochs, factor, .. } => {
            within("schedule.factor", *factor, 0.0, 1.0, p);
            if *epochs == 0 {
                p.push("schedule.epochs", "at least 1", 0);
            }
        }
        ScheduleConfig::Exponential { factor, .. } | ScheduleConfig::Plateau { factor, .. } => {
            within("schedule.factor", *factor, 0.0, 1.0, p);
        }
        ScheduleConfig::Cosine { floor, .. } => within("schedule.floor", *floor, 0.0, 1.0, p),
        ScheduleConfig::Constant { .. } => {}
    }
}

fn above_zero(place: &str, value: f32, p: &mut Problems) {
    if !(value > 0.0 && value.is_finite()) {
        p.push(place, "a number above 0", value);
    }
}

/// In \[0, 1).
fn share(place: &str, value: f32, p: &mut Problems) {
    if !(0.0..1.0).contains(&value) {
        p.push(place, "0 to below 1", value);
    }
}

fn within(place: &str, value: f32, low: f32, high: f32, p: &mut Problems) {
    if !(low..=high).contains(&value) {
        let most = if high == f32::MAX {
            "at least".to_owned()
        } else {
            format!("{high} at most and at least")
        };
        p.push(place, format!("{most} {low}"), value);
    }
}
