//! Learned weights back into a graph, so that what a network learned can be kept as a file.

use std::collections::BTreeSet;

use spike::PopulationId;

use crate::compile::CompileError;
use crate::graph::Graph;
use crate::node::Node;
use crate::profile::Profile;
use crate::tensor::Tensor;

/// Why learned weights do not go back into a graph.
#[derive(Debug, thiserror::Error)]
pub enum LearnedError {
    /// The graph does not run under the profile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// No projection learns under the profile.
    #[error("no projection learns under this profile; `learning` of the profile says how")]
    NothingLearns,
    /// A node stands for several projections, which learned apart.
    #[error("{0}: expected one projection that learns, found several with the same weights")]
    Shared(String),
    /// The weights are not those of the projection.
    #[error("{node}: expected {expected} weights, found {found}")]
    Weights {
        /// The node.
        node: String,
        /// Its number of weights.
        expected: usize,
        /// The number that was given.
        found: usize,
    },
}

impl Graph {
    /// The graph with the weights that its projections learned under a profile.
    ///
    /// `weights` gives those of the projection between two populations, shape
    /// `[targets][sources]`, as [`spike::Session::weights`] does.
    ///
    /// # Errors
    /// [`LearnedError`].
    pub fn with_learned(
        &self,
        profile: &Profile,
        weights: impl Fn(PopulationId, PopulationId) -> Option<Vec<f32>>,
    ) -> Result<Self, LearnedError> {
        let learning = self.lower(profile)?.learning;
        if learning.is_empty() {
            return Err(LearnedError::NothingLearns);
        }
        let mut graph = self.clone();
        let mut seen = BTreeSet::new();
        for (node, source, target) in learning {
            if !seen.insert(node.clone()) {
                return Err(LearnedError::Shared(node));
            }
            let learned = weights(source, target).unwrap_or_default();
            let Some(
                Node::Linear(crate::Linear { weight }) | Node::Affine(crate::Affine { weight, .. }),
            ) = graph.nodes.get_mut(&node)
            else {
                continue; // Only dense maps learn.
            };
            let (shape, found) = (weight.shape().to_vec(), learned.len());
            *weight = Tensor::from_f32(shape, learned).ok_or_else(|| LearnedError::Weights {
                node,
                expected: weight.to_f64().len(),
                found,
            })?;
        }
        Ok(graph)
    }
}
