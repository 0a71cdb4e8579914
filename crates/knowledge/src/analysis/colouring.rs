//! As few groups as can be found in which no two are neighbours.

use petgraph::Undirected;

use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;
use crate::id::Vertex;

impl KnowledgeGraph {
    /// Groups without neighbours by DSATUR (Brélaz 1979, as `petgraph` has it), the largest first.
    /// Their number is at least the least that there can be, and often more.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction.
    pub fn colouring(&self) -> Result<Vec<Vec<Vertex>>, KnowledgeError> {
        self.undirected("a colouring")?;
        let graph = self.petgraph::<Undirected>();
        let (colours, _) = petgraph::algo::dsatur_coloring(&graph);
        let mut labels = vec![0; self.n()];
        colours.into_iter().for_each(|(node, colour)| labels[node.index()] = colour as u32);
        Ok(self.grouped(&labels))
    }
}
