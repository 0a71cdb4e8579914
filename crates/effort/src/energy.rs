//! Energy per operation as it was published, and what an effort would take.

use crate::Effort;

/// Joules, the least and the most that the sources allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Joules {
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Joules {
    const fn exactly(joules: f64) -> Self {
        Self { least: joules, most: joules }
    }

    const fn between(least: f64, most: f64) -> Self {
        Self { least, most }
    }
}

/// A machine, with what an operation takes there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Its name, as on the command line.
    pub name: &'static str,
    /// A multiplication with an addition; none where the machine only adds.
    pub mac: Option<Joules>,
    /// An addition of a weight.
    pub ac: Joules,
    /// An update of a neuron; none where the source has no figure for it.
    pub update: Option<Joules>,
    /// Where the figures stand.
    pub source: &'static str,
}

/// What an effort would take on a target, of one sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Energy {
    /// The target's name.
    pub target: &'static str,
    /// Joules of one sample; none where the target cannot do what the network needs.
    pub joules: Option<Joules>,
    /// Where the figures stand.
    pub source: &'static str,
}

/// The machines with published figures. Chips without (Loihi 2, Akida) are not guessed at.
pub const TARGETS: &[Target] = &[
    Target {
        name: "45nm",
        mac: Some(Joules::exactly(4.6e-12)),
        ac: Joules::exactly(0.9e-12),
        update: Some(Joules::between(0.9e-12, 4.6e-12)),
        source: "Horowitz 2014, Computing's energy problem, ISSCC: 45 nm, 0.9 V, 32-bit floats; an update as one addition to one multiplication with addition",
    },
    Target {
        name: "45nm-int8",
        mac: Some(Joules::exactly(0.23e-12)),
        ac: Joules::exactly(0.03e-12),
        update: Some(Joules::between(0.03e-12, 0.23e-12)),
        source: "Horowitz 2014, as above, 8-bit integers",
    },
    Target {
        name: "loihi",
        mac: None,
        ac: Joules::exactly(23.6e-12),
        update: Some(Joules::between(52e-12, 81e-12)),
        source: "Davies et al. 2018, Loihi, IEEE Micro 38(1): 23.6 pJ a synaptic operation at least, an update 52 pJ inactive to 81 pJ active",
    },
    Target {
        name: "spinnaker2",
        mac: None,
        ac: Joules::exactly(10e-12),
        update: None,
        source: "about 10 pJ a synaptic event, as secondary literature reports it; no figure for an update",
    },
];

impl Target {
    /// What counted operations and updates take where it is not known which of the operations add
    /// and which multiply: at least an addition each, at most the dearer of both.
    pub fn between(&self, operations: f64, updates: f64) -> Joules {
        let dearest = self.mac.map_or(self.ac.most, |mac| mac.most.max(self.ac.most));
        let update = self.update.unwrap_or(Joules::exactly(0.0));
        Joules {
            least: operations * self.ac.least + updates * update.least,
            most: operations * dearest + updates * update.most,
        }
    }

    /// What an effort takes: `E = MACs e_mac + ACs e_ac + updates e_update`, computing alone.
    pub fn energy(&self, effort: &Effort) -> Energy {
        let mac = match self.mac {
            Some(mac) => Some(mac),
            None if effort.effective_macs == 0.0 => Some(Joules::exactly(0.0)),
            None => None,
        };
        let update = self.update.unwrap_or(Joules::exactly(0.0));
        let sum = |mac: Joules, of: fn(&Joules) -> f64| {
            effort.effective_macs * of(&mac)
                + effort.effective_acs * of(&self.ac)
                + effort.membrane_updates * of(&update)
        };
        let joules =
            mac.map(|mac| Joules { least: sum(mac, |j| j.least), most: sum(mac, |j| j.most) });
        Energy { target: self.name, joules, source: self.source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_lies_between_all_additions_and_all_multiplications() {
        let effort = |effective_macs, effective_acs| Effort {
            footprint_bytes: 0,
            connection_sparsity: 0.0,
            activation_sparsity: 0.0,
            effective_macs,
            effective_acs,
            dense: 1000.0,
            membrane_updates: 30.0,
            samples: 1,
            steps: 1,
        };
        for target in TARGETS {
            let range = target.between(1000.0, 30.0);
            let added = target.energy(&effort(0.0, 1000.0)).joules.unwrap();
            assert_eq!(range.least, added.least);
            match target.energy(&effort(1000.0, 0.0)).joules {
                Some(multiplied) => assert_eq!(range.most, multiplied.most.max(added.most)),
                None => assert_eq!(range.most, added.most),
            }
        }
    }
}
