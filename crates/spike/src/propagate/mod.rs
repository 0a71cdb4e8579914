//! Propagation: spikes of a source population become input of its targets.
//! Each kind of projection follows the spikes: its work is proportional to spikes times fan-out.
//! The order of additions per target is fixed (ascending source), so neither the path taken nor
//! the number of threads changes a bit.

mod conv;
mod dense;
mod one_to_one;
mod sparse;

pub use conv::{Conv2d, Padding2d, Pool2d};
pub use dense::{Dense, RowLimit};
pub use one_to_one::OneToOne;
pub use sparse::Sparse;

pub(crate) use dense::{BLOCK, PRODUCT_STEPS, Rows, add_rows_of};

use crate::learn::{Learning, Plastic, PlasticState};
use crate::simd::Isa;
use conv::Window;

/// How spikes of a source reach a target.
#[derive(Clone, Debug, PartialEq)]
pub enum Connection {
    /// Every source to every target.
    Dense(Dense),
    /// Listed pairs.
    Sparse(Sparse),
    /// Neuron `k` to neuron `k`.
    OneToOne(OneToOne),
    /// A convolution; one-dimensional ones have height 1.
    Conv2d(Conv2d),
    /// Sums over windows, channel by channel.
    Pool2d(Pool2d),
}

/// Where the neurons of a population lie in its arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In the order of their indices.
    Plain,
    /// Channels last: neuron `(c, y, x)` lies at `(y w + x) channels + c`, so that the targets of a
    /// convolution's event are runs of channels.
    ChannelsLast { channels: usize, area: usize },
}

impl Layout {
    /// The lane of a neuron's index.
    pub(crate) fn lane(self, index: usize) -> usize {
        match self {
            Self::Plain => index,
            Self::ChannelsLast { channels, area } => (index % area) * channels + index / area,
        }
    }

    /// The index of the neuron at a lane.
    pub(crate) fn index(self, lane: usize) -> usize {
        match self {
            Self::Plain => lane,
            Self::ChannelsLast { channels, area } => (lane % channels) * area + lane / channels,
        }
    }
}

/// A projection laid out for the kernels.
#[derive(Clone, Debug)]
pub(crate) enum Kernel {
    Rows(Rows),
    Sparse(sparse::Csr),
    OneToOne(one_to_one::Map),
    Window(Window),
    Plastic(Plastic),
}

/// Both ends of a projection, as the kernels see them.
pub(crate) struct Ends {
    pub(crate) sources: usize,
    pub(crate) targets: usize,
    pub(crate) padded: usize,
    pub(crate) from: Layout,
    pub(crate) to: Layout,
    /// The source only ever sends single spikes.
    pub(crate) binary: bool,
}

/// Events over the steps of a tile: step `s` holds `indices[start[s]..start[s + 1]]`.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) start: &'a [u32],
    pub(crate) indices: &'a [u32],
    /// None where every event is a single spike.
    pub(crate) values: Option<&'a [f32]>,
}

impl<'a> Incoming<'a> {
    pub(crate) fn steps(&self) -> usize {
        self.start.len() - 1
    }

    pub(crate) fn step(&self, s: usize) -> (&'a [u32], Option<&'a [f32]>) {
        let range = self.start[s] as usize..self.start[s + 1] as usize;
        (&self.indices[range.clone()], self.values.map(|v| &v[range]))
    }

    pub(crate) fn n_events(&self) -> usize {
        (self.start[self.start.len() - 1] - self.start[0]) as usize
    }
}

/// The part of a target population that is being driven: lanes `lane..lane + width`, with its
/// input, shape `[steps][width]`.
pub(crate) struct Drive<'a> {
    pub(crate) isa: Isa,
    pub(crate) lane: usize,
    pub(crate) width: usize,
    pub(crate) input: &'a mut [f32],
    /// Room for the activity of a few steps as a matrix.
    pub(crate) product: &'a mut Vec<[f32; PRODUCT_STEPS]>,
}

impl Kernel {
    pub(crate) fn new(connection: &Connection, learning: Option<&Learning>, ends: &Ends) -> Self {
        match connection {
            Connection::Dense(c) if let Some(rule) = learning => {
                Self::Plastic(Plastic::new(c, rule, ends))
            }
            Connection::Dense(c) => match Sparse::of(c, ends.sources) {
                Some(sparse) => Self::Sparse(sparse::Csr::new(&sparse, ends)),
                None => Self::Rows(Rows::new(c, ends)),
            },
            Connection::Sparse(c) => Self::Sparse(sparse::Csr::new(c, ends)),
            Connection::OneToOne(c) => Self::OneToOne(one_to_one::Map::new(c, ends)),
            Connection::Conv2d(c) => Self::Window(Window::conv(c, ends)),
            Connection::Pool2d(c) => Self::Window(Window::pool(c, ends)),
        }
    }

    /// Whether the kernel can drive a block of a population alone.
    pub(crate) fn by_blocks(&self) -> bool {
        matches!(self, Self::Rows(_))
    }

    /// Adds the effect of the events to the input of the target; `plastic` is the sequence's own
    /// state of a projection that learns.
    pub(crate) fn deliver(
        &self,
        plastic: Option<&PlasticState>,
        events: Incoming<'_>,
        drive: &mut Drive<'_>,
    ) {
        match self {
            Self::Rows(k) => k.deliver(events, drive),
            Self::Sparse(k) => k.deliver(events, drive),
            Self::OneToOne(k) => k.deliver(events, drive),
            Self::Window(k) => k.deliver(events, drive),
            Self::Plastic(k) => {
                if let Some(plastic) = plastic {
                    k.deliver(plastic, events, drive);
                }
            }
        }
    }

    /// Synaptic operations that the events cause.
    pub(crate) fn operations(&self, events: Incoming<'_>) -> u64 {
        let fan_outs = |f: &dyn Fn(usize) -> u64| -> u64 {
            let range = events.start[0] as usize..events.start[events.start.len() - 1] as usize;
            events.indices[range].iter().map(|&i| f(i as usize)).sum()
        };
        match self {
            Self::Rows(k) => (events.n_events() * k.targets()) as u64,
            Self::Sparse(k) => fan_outs(&|i| k.fan_out(i)),
            Self::OneToOne(_) => events.n_events() as u64,
            Self::Window(k) => fan_outs(&|i| k.fan_out(i)),
            Self::Plastic(k) => (events.n_events() * k.targets()) as u64,
        }
    }

    /// The number of synapses.
    pub(crate) fn synapses(&self, sources: usize) -> u64 {
        let fan_outs = |f: &dyn Fn(usize) -> u64| (0..sources).map(f).sum();
        match self {
            Self::Rows(k) => (sources * k.targets()) as u64,
            Self::Sparse(k) => fan_outs(&|i| k.fan_out(i)),
            Self::OneToOne(_) => sources as u64,
            Self::Window(k) => fan_outs(&|i| k.fan_out(i)),
            Self::Plastic(k) => (sources * k.targets()) as u64,
        }
    }

    /// Bytes of weights and tables.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Rows(k) => k.bytes(),
            Self::Sparse(k) => k.bytes(),
            Self::OneToOne(k) => k.bytes(),
            Self::Window(k) => k.bytes(),
            Self::Plastic(k) => k.bytes(),
        }
    }
}
