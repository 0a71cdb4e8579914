//! Groups that hold together more than they would by chance: the Louvain method.

use std::collections::BTreeMap;

use super::budget::{Budget, QUEUED};
use super::graph::KnowledgeGraph;
use crate::error::KnowledgeError;
use crate::id::Vertex;

/// Times that all vertices are looked at on one level.
pub const MAX_LOUVAIN_ROUNDS: usize = 100;
/// The highest resolution.
pub const MAX_RESOLUTION: f64 = 1_000.0;
/// A move that gains less, of modularity, is none: it would be rounding.
const LEAST_GAIN: f64 = 1e-12;

/// Groups, and how good they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Communities {
    /// The largest first, each in the order of its numbers.
    pub groups: Vec<Vec<Vertex>>,
    /// `Q = sum over groups of L / m - resolution (K / 2m)^2`, where `L` is the strength of links
    /// within the group, `K` that of its vertices, `m` that of all (Newman and Girvan 2004).
    pub modularity: f64,
}

impl KnowledgeGraph {
    /// Groups of high modularity (Blondel et al. 2008, "Fast unfolding of communities in large
    /// networks"): each vertex in turn joins the group where that gains most, of equal ones the one
    /// with the lowest number; then groups are the vertices of the next level. Vertices are taken in
    /// the order of their numbers, so the same links always give the same groups. A higher
    /// resolution gives smaller groups.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Invalid`] with a direction, or for a resolution that is not above 0 and at
    /// most [`MAX_RESOLUTION`]; [`KnowledgeError::TooMuch`].
    pub fn communities(&self, resolution: f64) -> Result<Communities, KnowledgeError> {
        self.undirected("communities")?;
        checked(resolution)?;
        let mut budget = Budget::of("communities", "ask for fewer kinds");
        let mut labels: Vec<u32> = (0..self.n() as u32).collect();
        let mut level = Level::of(self);
        while level.total > 0.0 {
            let groups = level.settle(resolution, &mut budget)?;
            if groups.iter().enumerate().all(|(k, group)| k == *group as usize) {
                break;
            }
            let (next, renamed) = level.joined(&groups);
            labels.iter_mut().for_each(|label| *label = renamed[*label as usize]);
            level = next;
        }
        let groups = self.grouped(&labels);
        Ok(Communities { modularity: self.modularity_of(&labels, resolution), groups })
    }

    /// How good groups are; a vertex that is in none is a group of its own.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::Missing`] for a vertex that is not there, and as
    /// [`KnowledgeGraph::communities`].
    pub fn modularity(
        &self,
        groups: &[Vec<Vertex>],
        resolution: f64,
    ) -> Result<f64, KnowledgeError> {
        self.undirected("modularity")?;
        checked(resolution)?;
        let mut labels: Vec<u32> = (0..self.n() as u32).map(|v| v + groups.len() as u32).collect();
        for (label, group) in groups.iter().enumerate() {
            for vertex in group {
                labels[self.place(*vertex)? as usize] = label as u32;
            }
        }
        Ok(self.modularity_of(&labels, resolution))
    }

    fn modularity_of(&self, labels: &[u32], resolution: f64) -> f64 {
        let (mut within, mut total) = (0.0, 0.0);
        let mut strengths: BTreeMap<u32, f64> = BTreeMap::new();
        for tie in self.ties() {
            let ends = [tie.from, tie.to].map(|v| labels[v as usize]);
            total += tie.total;
            within += if ends[0] == ends[1] { tie.total } else { 0.0 };
            ends.iter().for_each(|label| *strengths.entry(*label).or_default() += tie.total);
        }
        if total == 0.0 {
            return 0.0;
        }
        let square = |strength: &f64| (strength / (2.0 * total)).powi(2);
        within / total - resolution * strengths.values().map(square).sum::<f64>()
    }
}

fn checked(resolution: f64) -> Result<(), KnowledgeError> {
    if resolution > 0.0 && resolution <= MAX_RESOLUTION {
        return Ok(());
    }
    let (expected, found) = (format!("above 0, at most {MAX_RESOLUTION}"), resolution.to_string());
    Err(KnowledgeError::Invalid { what: "resolution", expected, found })
}

/// Vertices, which are groups of the level before.
struct Level {
    rows: Vec<Vec<(u32, f64)>>,
    /// Twice the strength within each, and that to others.
    strengths: Vec<f64>,
    /// Twice the strength within each.
    loops: Vec<f64>,
    /// Of all strengths.
    total: f64,
}

impl Level {
    fn of(graph: &KnowledgeGraph) -> Self {
        let row = |v| {
            let row = graph.leaving(v).iter();
            row.map(|end| (end.to, graph.tie(end).total)).collect()
        };
        let rows = (0..graph.n() as u32).map(row).collect();
        Self::new(rows, vec![0.0; graph.n()])
    }

    fn new(rows: Vec<Vec<(u32, f64)>>, loops: Vec<f64>) -> Self {
        let of_row = |row: &Vec<(u32, f64)>| row.iter().map(|(_, s)| s).sum::<f64>();
        let strengths: Vec<f64> = rows.iter().zip(&loops).map(|(r, l)| of_row(r) + l).collect();
        let total = strengths.iter().sum();
        Self { rows, strengths, loops, total }
    }

    /// The group of each, when no move gains any more.
    fn settle(&self, resolution: f64, budget: &mut Budget) -> Result<Vec<u32>, KnowledgeError> {
        let mut groups: Vec<u32> = (0..self.rows.len() as u32).collect();
        let mut sums = self.strengths.clone();
        let mut to_group = vec![0.0; self.rows.len()];
        for _ in 0..MAX_LOUVAIN_ROUNDS {
            let mut moved = false;
            for v in 0..self.rows.len() {
                budget.spend(QUEUED * (1 + self.rows[v].len()))?;
                let own = groups[v];
                sums[own as usize] -= self.strengths[v];
                let group = self.best(v, own, &groups, &sums, &mut to_group, resolution);
                sums[group as usize] += self.strengths[v];
                groups[v] = group;
                moved |= group != own;
            }
            if !moved {
                break;
            }
        }
        Ok(groups)
    }

    /// The group where a vertex gains most. `sums` are without the vertex, `to_group` is zero.
    fn best(
        &self,
        v: usize,
        own: u32,
        groups: &[u32],
        sums: &[f64],
        to_group: &mut [f64],
        resolution: f64,
    ) -> u32 {
        let mut near: Vec<u32> = self.rows[v].iter().map(|(w, _)| groups[*w as usize]).collect();
        near.sort_unstable();
        near.dedup();
        self.rows[v].iter().for_each(|(w, s)| to_group[groups[*w as usize] as usize] += s);
        let expected = resolution * self.strengths[v] / self.total;
        let gain = |group: u32| to_group[group as usize] - sums[group as usize] * expected;
        let (mut best, mut most) = (own, gain(own));
        for group in &near {
            if gain(*group) > most + LEAST_GAIN * self.total {
                (best, most) = (*group, gain(*group));
            }
        }
        near.iter().for_each(|group| to_group[*group as usize] = 0.0);
        best
    }

    /// The next level, and what each group is called there.
    fn joined(&self, groups: &[u32]) -> (Self, Vec<u32>) {
        let mut names: Vec<u32> = groups.to_vec();
        names.sort_unstable();
        names.dedup();
        let name = |group: u32| names.binary_search(&group).unwrap_or(0) as u32;
        let renamed: Vec<u32> = groups.iter().map(|group| name(*group)).collect();
        let mut loops = vec![0.0; names.len()];
        let mut rows: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); names.len()];
        for (v, row) in self.rows.iter().enumerate() {
            let group = renamed[v] as usize;
            loops[group] += self.loops[v];
            for (w, strength) in row {
                match renamed[*w as usize] {
                    other if other as usize == group => loops[group] += strength,
                    other => *rows[group].entry(other).or_default() += strength,
                }
            }
        }
        let rows = rows.into_iter().map(|row| row.into_iter().collect()).collect();
        (Self::new(rows, loops), renamed)
    }
}
