//! The table of class-incremental learning that two examples print.

use plasticity::Learner;
use plasticity::protocol::{Samples, class_incremental, one_pass};

/// Splits into what is learned and what is held out, and orders of learning.
pub(crate) const SEEDS: u64 = 5;

/// One learner: all classes shuffled, then two classes after two.
pub(crate) fn table<L: Learner>(
    name: &str,
    samples: &Samples,
    n_train: usize,
    make: impl Fn() -> Result<L, plasticity::PlasticityError>,
) -> Result<(), Box<dyn std::error::Error>> {
    let tasks: Vec<Vec<u32>> = (0..5).map(|task| vec![2 * task, 2 * task + 1]).collect();
    let (mut mixed, mut ends, mut forgot, mut transfer) = (vec![], vec![], vec![], vec![]);
    for seed in 0..SEEDS {
        let (train, test) = samples.split(n_train, seed);
        mixed.push(one_pass(&mut make()?, &train, &test, seed)?);
        let run = class_incremental(&mut make()?, &train, &test, &tasks, seed)?;
        ends.push(run.final_accuracy);
        forgot.push(run.forgetting());
        transfer.push(run.backward_transfer());
    }
    println!("{name}");
    println!("  shuffled           {}", crate::data::spread(&mixed));
    println!("  class by class     {}", crate::data::spread(&ends));
    println!("  forgetting         {}", crate::data::spread(&forgot));
    println!("  backward transfer  {}", crate::data::spread(&transfer));
    Ok(())
}
