//! Schedules: the learning rate of each batch.

use crate::config::ScheduleConfig;

/// What a plateau remembers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plateau {
    lowest: f64,
    waited: usize,
    share: f32,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { lowest: f64::INFINITY, waited: 0, share: 1.0 }
    }
}

impl Plateau {
    pub(crate) fn as_parts(&self) -> (f64, u64, f32) {
        (self.lowest, self.waited as u64, self.share)
    }

    pub(crate) fn from_parts((lowest, waited, share): (f64, u64, f32)) -> Self {
        Self { lowest, waited: waited as usize, share }
    }

    /// Hears of the loss on the validation part after an epoch.
    pub(crate) fn hear(&mut self, schedule: &ScheduleConfig, loss: f64) {
        let ScheduleConfig::Plateau { factor, patience, .. } = schedule else { return };
        if loss < self.lowest {
            self.lowest = loss;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > *patience {
            self.share *= factor;
            self.waited = 0;
        }
    }
}

impl ScheduleConfig {
    /// What the learning rate is multiplied by at `epoch` (from 0, with the share of it that is
    /// over) of `epochs`.
    pub(crate) fn share(&self, epoch: f64, epochs: usize, plateau: &Plateau) -> f32 {
        let whole = epoch.floor() as i32;
        let (share, warm_up_epochs) = match self {
            Self::Constant { warm_up_epochs } => (1.0, warm_up_epochs),
            Self::Step { epochs, factor, warm_up_epochs } => {
                (factor.powi(whole / (*epochs).max(1) as i32), warm_up_epochs)
            }
            Self::Exponential { factor, warm_up_epochs } => (factor.powi(whole), warm_up_epochs),
            Self::Cosine { floor, warm_up_epochs } => {
                let before = f64::from(*warm_up_epochs);
                let over = ((epoch - before) / (epochs as f64 - before).max(1e-9)).clamp(0.0, 1.0);
                let wave = 0.5 * (1.0 + (std::f64::consts::PI * over).cos());
                ((f64::from(*floor) + (1.0 - f64::from(*floor)) * wave) as f32, warm_up_epochs)
            }
            Self::Plateau { warm_up_epochs, .. } => (plateau.share, warm_up_epochs),
        };
        let warm = if *warm_up_epochs > 0.0 { epoch / f64::from(*warm_up_epochs) } else { 1.0 };
        share * warm.min(1.0) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(schedule: &ScheduleConfig) -> Vec<f32> {
        (0..5).map(|e| schedule.share(f64::from(e), 4, &Plateau::default())).collect()
    }

    #[test]
    fn each_schedule_goes_as_it_says() {
        let warm = |warm_up_epochs| ScheduleConfig::Constant { warm_up_epochs };
        assert_eq!(shares(&warm(0.0)), [1.0; 5]);
        assert_eq!(shares(&warm(2.0)), [0.0, 0.5, 1.0, 1.0, 1.0]);
        let step = ScheduleConfig::Step { epochs: 2, factor: 0.5, warm_up_epochs: 0.0 };
        assert_eq!(shares(&step), [1.0, 1.0, 0.5, 0.5, 0.25]);
        let exponential = ScheduleConfig::Exponential { factor: 0.5, warm_up_epochs: 0.0 };
        assert_eq!(shares(&exponential), [1.0, 0.5, 0.25, 0.125, 0.0625]);
        let cosine = ScheduleConfig::Cosine { floor: 0.0, warm_up_epochs: 0.0 };
        let expected = [1.0, 0.853_553_4, 0.5, 0.146_446_6, 0.0];
        for (found, expected) in shares(&cosine).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn a_plateau_is_noticed_after_its_patience() {
        let schedule = ScheduleConfig::Plateau { factor: 0.1, patience: 1, warm_up_epochs: 0.0 };
        let mut plateau = Plateau::default();
        let mut share = |loss| {
            plateau.hear(&schedule, loss);
            schedule.share(1.0, 9, &plateau)
        };
        assert_eq!([1.0, 0.9, 0.95, 0.9, 0.8].map(&mut share), [1.0, 1.0, 1.0, 0.1, 0.1]);
    }
}
