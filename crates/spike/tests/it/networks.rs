//! Small networks with seeded weights, for the tests beside this file.

use spike::{
    Bias, Connection, Conventions, CubaLif, Dense, If, Lif, Model, Network, Output, Population,
    PopulationId, Projection, Raster, Relay,
};

/// A counter-based generator (SplitMix64), uniform in [0, 1).
pub(crate) fn uniform(seed: u64, k: u64) -> f64 {
    let mut z = (seed << 32).wrapping_add(k).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Weights in `[-0.1, 0.2)`; on a grid of 1/64 where asked.
pub(crate) fn weights(seed: u64, n: usize, grid: bool) -> Vec<f32> {
    (0..n as u64)
        .map(|k| {
            let w = uniform(seed, k) * 0.3 - 0.1;
            if grid { ((w * 64.0).round() / 64.0) as f32 } else { w as f32 }
        })
        .collect()
}

pub(crate) fn spikes(seed: u64, steps: usize, size: usize, density: f64) -> Raster {
    let mut raster = Raster::new(size);
    for t in 0..steps {
        let fires = |i: &u32| uniform(seed, (t * size) as u64 + u64::from(*i)) < density;
        let row: Vec<u32> = (0..size as u32).filter(fires).collect();
        raster.push_spikes(&row);
    }
    raster
}

pub(crate) fn lif(conventions: Conventions) -> Model {
    let one = vec![1.0];
    let lif = Lif {
        tau: vec![1e-3],
        r: vec![10.0],
        v_leak: vec![0.0],
        v_threshold: one,
        v_reset: vec![0.0],
    };
    Model::Lif(lif, conventions)
}

pub(crate) fn cuba_lif(conventions: Conventions) -> Model {
    let cuba = CubaLif {
        tau_syn: vec![5e-4],
        tau_mem: vec![1e-3],
        r: vec![10.0],
        v_leak: vec![0.1],
        w_in: vec![5.0],
        v_threshold: vec![1.0],
        v_reset: vec![0.2],
    };
    Model::CubaLif(cuba, conventions)
}

pub(crate) fn integrate_and_fire(conventions: Conventions) -> Model {
    let one = vec![1.0];
    Model::If(If { r: vec![1e4], v_threshold: one.clone(), v_reset: vec![0.0] }, conventions)
}

/// Input -> `hidden` -> 10 IF, the hidden layer recurrent where asked.
pub(crate) struct Layers {
    pub(crate) inputs: usize,
    pub(crate) hidden: usize,
    pub(crate) model: Model,
    pub(crate) grid: bool,
    pub(crate) recurrent: bool,
    pub(crate) delay_steps: u32,
}

impl Layers {
    pub(crate) fn network(&self) -> Network {
        let mut network = Network::default();
        let input = network.add(Population::new("input", &[self.inputs], Model::Input));
        let mut hidden = Population::new("hidden", &[self.hidden], self.model.clone());
        let values = (0..self.hidden).map(|k| 0.01 * uniform(5, k as u64)).collect();
        hidden.biases.push(Bias { from_step: 3, values });
        let hidden = network.add(hidden);
        let plain = Conventions::plain(1e-4);
        let output = network.add(Population::new("output", &[10], integrate_and_fire(plain)));
        let dense = |seed, from: usize, to: usize| {
            Connection::Dense(Dense { weight: weights(seed, from * to, self.grid) })
        };
        let mut project = |source, target, delay_steps, connection| {
            network.projections.push(Projection {
                source,
                target,
                receptor: 0,
                delay_steps,
                connection,
                learning: None,
            });
        };
        project(input, hidden, self.delay_steps, dense(1, self.inputs, self.hidden));
        project(hidden, output, 0, dense(2, self.hidden, 10));
        if self.recurrent {
            project(hidden, hidden, 1, dense(3, self.hidden, self.hidden));
        }
        network.outputs.push(Output { name: "output".into(), population: output, delay_steps: 0 });
        network.outputs.push(Output { name: "hidden".into(), population: hidden, delay_steps: 2 });
        network
    }
}

/// Input (2 x 9 x 9) -> convolution -> IF -> average pool -> relay.
pub(crate) fn convolutional(conventions: Conventions) -> Network {
    let mut network = Network::default();
    let input = network.add(Population::new("input", &[2, 9, 9], Model::Input));
    let first = Population::new("first", &[8, 5, 5], integrate_and_fire(conventions));
    let first = network.add(first);
    let pool = Population::new("pool", &[8, 2, 2], Model::Relay(Relay { divisor: 4.0 }));
    let pool = network.add(pool);
    let conv = spike::Conv2d {
        weight: weights(7, 8 * 2 * 9, false),
        channels: [2, 8],
        input: [9, 9],
        output: [5, 5],
        kernel: [3, 3],
        stride: [2, 2],
        padding: [1, 1],
        dilation: [1, 1],
        groups: 1,
    };
    let window = spike::Pool2d {
        channels: 8,
        input: [5, 5],
        output: [2, 2],
        kernel: [2, 2],
        stride: [2, 2],
        padding: [0, 0],
    };
    let mut project = |source, target, connection| {
        network.projections.push(Projection {
            source,
            target,
            receptor: 0,
            delay_steps: 0,
            connection,
            learning: None,
        });
    };
    project(input, first, Connection::Conv2d(conv));
    project(first, pool, Connection::Pool2d(window));
    let read = |name: &str, population: PopulationId| Output {
        name: name.into(),
        population,
        delay_steps: 0,
    };
    network.outputs = vec![read("first", first), read("pool", pool)];
    network
}
