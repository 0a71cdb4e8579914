//! What can be wrong with a description, and with a run.

/// One thing wrong with a described network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A population has no neurons, or too many.
    #[error("population {population}: {found} neurons, expected 1 to {}", crate::MAX_NEURONS)]
    Size {
        /// The population.
        population: String,
        /// The number found.
        found: usize,
    },
    /// A parameter has the wrong number of values.
    #[error("population {population}: {parameter} has {found} values, expected 1 or {expected}")]
    ParameterLength {
        /// The population.
        population: String,
        /// The parameter.
        parameter: &'static str,
        /// The number of neurons.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// A parameter is not a finite number.
    #[error("population {population}: {parameter}[{index}] is {found}, expected a finite number")]
    NotFinite {
        /// The population.
        population: String,
        /// The parameter.
        parameter: &'static str,
        /// Where.
        index: usize,
        /// The value found.
        found: f64,
    },
    /// A time constant is not positive.
    #[error("population {population}: {parameter}[{index}] is {found}, expected more than 0")]
    NotPositive {
        /// The population.
        population: String,
        /// The parameter.
        parameter: &'static str,
        /// Where.
        index: usize,
        /// The value found.
        found: f64,
    },
    /// A projection or an output names a population that is not there.
    #[error("{what}: population {found} does not exist, expected less than {expected}")]
    NoPopulation {
        /// What names it.
        what: String,
        /// The number of populations.
        expected: usize,
        /// The position found.
        found: usize,
    },
    /// A projection does not fit its populations.
    #[error("projection {projection}: {what} {found}, expected {expected}")]
    Misfit {
        /// Source and target.
        projection: String,
        /// What does not fit.
        what: &'static str,
        /// What would fit.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A delay is longer than the engine keeps.
    #[error(
        "projection {projection}: delay of {found} steps, expected at most {}",
        crate::MAX_DELAY_STEPS
    )]
    Delay {
        /// Source and target.
        projection: String,
        /// The delay found.
        found: u32,
    },
    /// Populations drive one another within one step.
    #[error("populations {} form a cycle without delay", populations.join(", "))]
    Loop {
        /// The populations on the cycle.
        populations: Vec<String>,
    },
    /// A Poisson source fires more often than its generator can draw.
    #[error(
        "population {population}: {found} spikes per step on average, expected 0 to {}",
        crate::MAX_POISSON_PER_STEP
    )]
    PoissonRate {
        /// The population.
        population: String,
        /// The mean found.
        found: f64,
    },
    /// A listed spike is of no neuron.
    #[error(
        "population {population}: spike of neuron {found} listed, expected less than {expected}"
    )]
    ListedNeuron {
        /// The population.
        population: String,
        /// The number of neurons.
        expected: usize,
        /// The neuron found.
        found: u32,
    },
    /// Two populations share a name.
    #[error("population {population}: the name occurs more than once")]
    Duplicate {
        /// The name.
        population: String,
    },
}

/// Every problem of a description.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", list(.0))]
pub struct Problems(pub Vec<Problem>);

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Why a session did not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The number of inputs is off.
    #[error("{found} inputs given, expected {expected}")]
    Inputs {
        /// Inputs of the network times sequences of the session.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// An input has the wrong size.
    #[error("input {input}: {found} neurons, expected {expected}")]
    InputSize {
        /// The input's position.
        input: usize,
        /// The population's size.
        expected: usize,
        /// The size given.
        found: usize,
    },
    /// The inputs differ in length.
    #[error("input {input}: {found} steps, expected {expected} as in the first")]
    InputSteps {
        /// The input's position.
        input: usize,
        /// Steps of the first input.
        expected: usize,
        /// Steps of this one.
        found: usize,
    },
    /// An event lies outside its population.
    #[error("input {input}, step {step}: event of neuron {found}, expected less than {expected}")]
    Stray {
        /// The input's position.
        input: usize,
        /// The step.
        step: usize,
        /// The population's size.
        expected: usize,
        /// The index found.
        found: u32,
    },
}
