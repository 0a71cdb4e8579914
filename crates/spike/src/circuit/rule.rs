//! Who is connected to whom: the synapses onto one target, drawn from its own random numbers, so
//! that a thread draws those of its targets and no others.

use super::describe::{Circuit, Projection, Rule, Synapse};
use super::draw::{CHUNK, Purpose, Quantile, Sequence, Steps, Stream, multinomial, steps};
use crate::simd::Isa;

/// A projection made ready to be drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    kind: Kind,
    thing: u32,
    seed: u64,
    n_sources: u32,
    /// Whether source and target are the same population and no neuron may meet itself.
    apart: bool,
    multapses: bool,
    delays: Steps,
    weights: Quantile,
    /// The smallest delay in steps, of those drawn and those listed, and how many there are.
    pub(crate) first_delay: u32,
    pub(crate) n_delays: u32,
    dt: f64,
    isa: Isa,
}

#[derive(Debug)]
enum Kind {
    All,
    One,
    Bernoulli(f64),
    Degree(u32),
    Degrees(Vec<u32>),
    Listed(Listed),
}

/// Synapses by target.
#[derive(Debug, Default)]
struct Listed {
    ends: Vec<usize>,
    synapses: Vec<Synapse>,
}

/// The synapses onto one target.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    /// Positions in the source population.
    pub(crate) sources: Vec<u32>,
    /// Delays in steps, counted from the projection's smallest.
    pub(crate) delays: Vec<u32>,
    /// Weights, where they were asked for.
    pub(crate) weights: Vec<f64>,
    /// The last target that each source was drawn for, to find a source that is drawn twice.
    marks: Vec<u32>,
}

impl Drawn {
    /// A projection of a circuit that has been checked.
    pub(crate) fn new(circuit: &Circuit, index: usize, isa: Isa) -> Self {
        let projection = &circuit.projections[index];
        let size = |population: usize| circuit.populations[population].size;
        let (n_sources, n_targets) = (size(projection.source), size(projection.target));
        let apart = projection.source == projection.target && !projection.autapses;
        let (seed, thing) = (circuit.seed, index as u32);
        let delays = Steps::new(&projection.delay, circuit.dt).unwrap_or_default();
        let range = projection.delay_range(circuit.dt);
        let shape = Shape { n_sources, n_targets, apart };
        Self {
            kind: Kind::new(projection, &shape, seed, thing, isa),
            thing,
            seed,
            n_sources: n_sources as u32,
            apart,
            multapses: projection.multapses,
            delays,
            weights: Quantile::new(&projection.weight).unwrap_or(Quantile::Constant(0.0)),
            first_delay: range.0,
            n_delays: range.1 - range.0 + 1,
            dt: circuit.dt,
            isa,
        }
    }

    /// Draws the synapses onto a target: sources and delays, and weights if they are wanted.
    pub(crate) fn onto(&self, target: u32, with_weights: bool, out: &mut Incoming) {
        self.sources(target, out);
        let n = out.sources.len();
        out.delays.clear();
        out.weights.clear();
        if let Kind::Listed(listed) = &self.kind {
            return self.listed(listed.of(target), target, out);
        }
        if self.delays.n == 1 {
            out.delays.resize(n, 0);
        } else {
            self.words(Purpose::Delays, target, n, |word| out.delays.push(self.delays.of(word)));
        }
        match &self.weights {
            _ if !with_weights => {}
            Quantile::Constant(w) => out.weights.resize(n, *w),
            weights => {
                self.words(Purpose::Weights, target, n, |word| out.weights.push(weights.of(word)));
            }
        }
    }

    fn stream(&self, purpose: Purpose, target: u32) -> Stream {
        Stream::new(self.seed, purpose, [target, self.thing, 0])
    }

    /// The first `n` words of a purpose for a target.
    fn words(&self, purpose: Purpose, target: u32, n: usize, mut take: impl FnMut(u32)) {
        let stream = self.stream(purpose, target);
        let mut chunk = [0; CHUNK];
        for first in (0..n).step_by(CHUNK) {
            stream.fill(self.isa, (first / CHUNK) as u32, &mut chunk);
            chunk[..CHUNK.min(n - first)].iter().for_each(|&word| take(word));
        }
    }

    fn sources(&self, target: u32, out: &mut Incoming) {
        out.sources.clear();
        let not_self = |s: &u32| !(self.apart && *s == target);
        match &self.kind {
            Kind::All => out.sources.extend((0..self.n_sources).filter(not_self)),
            Kind::One => out.sources.push(target),
            Kind::Bernoulli(p) => self.bernoulli(*p, target, out),
            Kind::Degree(n) => self.degree(*n, target, out),
            Kind::Degrees(degrees) => self.degree(degrees[target as usize], target, out),
            Kind::Listed(l) => out.sources.extend(l.of(target).iter().map(|s| s.source)),
        }
    }

    /// Each source with probability `p`, by the gaps between those that are connected.
    fn bernoulli(&self, p: f64, target: u32, out: &mut Incoming) {
        if p >= 1.0 {
            let all = 0..self.n_sources;
            return out.sources.extend(all.filter(|s| !(self.apart && *s == target)));
        }
        let mut random = Sequence::new(self.stream(Purpose::Sources, target), self.isa);
        let scale = 1.0 / libm::log1p(-p);
        let mut at = -1.0;
        loop {
            at += 1.0 + libm::floor(libm::log(random.open_unit()) * scale);
            if at >= f64::from(self.n_sources) {
                return;
            }
            if !(self.apart && at as u32 == target) {
                out.sources.push(at as u32);
            }
        }
    }

    /// `n` sources drawn uniformly.
    fn degree(&self, n: u32, target: u32, out: &mut Incoming) {
        let pool = self.n_sources - u32::from(self.apart);
        let shift = |s: u32| s + u32::from(self.apart && s >= target);
        if self.multapses {
            let Incoming { sources, .. } = out;
            return self.words(Purpose::Sources, target, n as usize, |word| {
                sources.push(shift(((u64::from(word) * u64::from(pool)) >> 32) as u32));
            });
        }
        // Where most are wanted, those that are not are drawn.
        let (few, wanted) = if n > pool / 2 { (pool - n, false) } else { (n, true) };
        out.marks.clear();
        out.marks.resize(pool as usize, 0);
        let mut random = Sequence::new(self.stream(Purpose::Sources, target), self.isa);
        let mut left = few;
        while left > 0 {
            let source = random.below(pool);
            if std::mem::replace(&mut out.marks[source as usize], 1) == 0 {
                left -= 1;
            }
        }
        let chosen = (0..pool).filter(|&s| (out.marks[s as usize] == 1) == wanted);
        out.sources.extend(chosen.map(shift));
    }

    /// Synapses given one by one, with what they leave open drawn by position.
    fn listed(&self, synapses: &[Synapse], target: u32, out: &mut Incoming) {
        let [delays, weights] =
            [Purpose::Delays, Purpose::Weights].map(|purpose| self.stream(purpose, target));
        for (k, synapse) in synapses.iter().enumerate() {
            out.delays.push(match synapse.delay {
                Some(ms) => steps(f64::from(ms), self.dt) - self.first_delay,
                None => self.delays.of(delays.at(k as u64)) + self.delays.min - self.first_delay,
            });
            out.weights.push(match synapse.weight {
                Some(weight) => f64::from(weight),
                None => self.weights.of(weights.at(k as u64)),
            });
        }
    }

    /// The number of synapses, exact where the rule fixes it and the mean where it does not.
    pub(crate) fn expected(projection: &Projection, n_sources: usize, n_targets: usize) -> f64 {
        let apart = projection.source == projection.target && !projection.autapses;
        let pairs =
            n_sources as f64 * n_targets as f64 - if apart { n_targets as f64 } else { 0.0 };
        match &projection.rule {
            Rule::AllToAll => pairs,
            Rule::OneToOne => n_targets as f64,
            Rule::Bernoulli(p) => pairs * p,
            Rule::InDegree(n) => f64::from(*n) * n_targets as f64,
            Rule::OutDegree(n) => f64::from(*n) * n_sources as f64,
            Rule::TotalNumber(n) => *n as f64,
            Rule::Probability(p) => total(*p, n_sources, n_targets) as f64,
            Rule::Arrays(synapses) => synapses.len() as f64,
        }
    }

    /// A bound of the synapses onto any target.
    pub(crate) fn most(projection: &Projection, n_sources: usize, n_targets: usize) -> f64 {
        let mean = Self::expected(projection, n_sources, n_targets) / n_targets as f64;
        match &projection.rule {
            Rule::Arrays(synapses) => {
                let mut counts = vec![0u32; n_targets];
                synapses.iter().for_each(|s| counts[s.target as usize] += 1);
                f64::from(counts.into_iter().max().unwrap_or(0))
            }
            // Twelve standard deviations: once in 10^32 draws.
            _ => (mean + 12.0 * libm::sqrt(mean) + 12.0).min(match projection.multapses {
                true => f64::INFINITY,
                false => n_sources as f64,
            }),
        }
    }
}

impl Projection {
    /// The smallest and the largest delay in steps of `dt` ms.
    pub(crate) fn delay_range(&self, dt: f64) -> (u32, u32) {
        let drawn = Quantile::new(&self.delay).map_or((dt, dt), |q| q.range());
        let (mut low, mut high) = (steps(drawn.0, dt), steps(drawn.1, dt));
        if let Rule::Arrays(synapses) = &self.rule {
            let listed = synapses.iter().filter_map(|s| s.delay).map(|d| steps(f64::from(d), dt));
            (low, high) = listed.fold((low, high), |(a, b), d| (a.min(d), b.max(d)));
        }
        (low, high)
    }

    /// The smallest and the largest weight.
    pub(crate) fn weight_range(&self) -> (f64, f64) {
        let (mut low, mut high) = Quantile::new(&self.weight).map_or((0.0, 0.0), |q| q.range());
        if let Rule::Arrays(synapses) = &self.rule {
            let listed = synapses.iter().filter_map(|s| s.weight).map(f64::from);
            (low, high) = listed.fold((low, high), |(a, b), w| (a.min(w), b.max(w)));
        }
        (low, high)
    }
}

/// Sizes that a rule needs.
struct Shape {
    n_sources: usize,
    n_targets: usize,
    apart: bool,
}

/// The total number of synapses of [`Rule::Probability`].
pub(crate) fn total(p: f64, n_sources: usize, n_targets: usize) -> u64 {
    let pairs = n_sources as f64 * n_targets as f64;
    if pairs <= 1.0 {
        return pairs as u64;
    }
    // In this form, rounding and all, it gives the published 298,880,968 synapses.
    libm::round(libm::log(1.0 - p) / libm::log(1.0 - 1.0 / pairs)) as u64
}

impl Kind {
    fn new(projection: &Projection, shape: &Shape, seed: u64, thing: u32, isa: Isa) -> Self {
        let stream = Stream::new(seed, Purpose::Sources, [u32::MAX, thing, 1]);
        let mut random = Sequence::new(stream, isa);
        let (n_sources, n_targets) = (shape.n_sources, shape.n_targets);
        let spread = |n: u64, random: &mut Sequence| match projection.multapses {
            true => Self::Degrees(multinomial(n, n_targets, seed, thing, isa)),
            false => Self::Listed(distinct_pairs(n, shape, random)),
        };
        match &projection.rule {
            Rule::AllToAll => Self::All,
            Rule::OneToOne => Self::One,
            Rule::Bernoulli(p) => Self::Bernoulli(*p),
            Rule::InDegree(n) => Self::Degree(*n),
            Rule::TotalNumber(n) => spread(*n, &mut random),
            Rule::Probability(p) => spread(total(*p, n_sources, n_targets), &mut random),
            Rule::OutDegree(n) => {
                Self::Listed(out_degrees(*n, shape, projection.multapses, &mut random))
            }
            Rule::Arrays(synapses) => Self::Listed(Listed::new(synapses.clone(), n_targets)),
        }
    }
}

impl Listed {
    fn new(mut synapses: Vec<Synapse>, n_targets: usize) -> Self {
        synapses.sort_by_key(|s| s.target);
        let end = |target: u32| synapses.partition_point(|s| s.target <= target);
        Self { ends: (0..n_targets as u32).map(end).collect(), synapses }
    }

    fn of(&self, target: u32) -> &[Synapse] {
        let from = if target == 0 { 0 } else { self.ends[target as usize - 1] };
        &self.synapses[from..self.ends[target as usize]]
    }
}

/// `n` targets for each source.
fn out_degrees(n: u32, shape: &Shape, multapses: bool, random: &mut Sequence) -> Listed {
    let mut synapses = Vec::with_capacity(n as usize * shape.n_sources);
    let mut marks = vec![u32::MAX; shape.n_targets];
    for source in 0..shape.n_sources as u32 {
        let mut left = n;
        while left > 0 {
            let target = random.below(shape.n_targets as u32);
            let seen = std::mem::replace(&mut marks[target as usize], source) == source;
            if (shape.apart && source == target) || (seen && !multapses) {
                continue;
            }
            left -= 1;
            synapses.push(Synapse { source, target, weight: None, delay: None });
        }
    }
    Listed::new(synapses, shape.n_targets)
}

/// `n` pairs, none twice.
fn distinct_pairs(n: u64, shape: &Shape, random: &mut Sequence) -> Listed {
    let pairs = shape.n_sources as u64 * shape.n_targets as u64;
    let mut seen = std::collections::HashSet::new();
    let mut synapses = Vec::new();
    while (synapses.len() as u64) < n {
        let pair = random.below_large(pairs);
        let source = (pair % shape.n_sources as u64) as u32;
        let target = (pair / shape.n_sources as u64) as u32;
        if !(shape.apart && source == target) && seen.insert(pair) {
            synapses.push(Synapse { source, target, weight: None, delay: None });
        }
    }
    Listed::new(synapses, shape.n_targets)
}
