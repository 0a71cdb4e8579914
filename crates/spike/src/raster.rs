//! Events of one population over a run of steps: what goes into a network and what comes out.

/// Events in order of step, then index: step `t` holds `indices[start[t]..start[t + 1]]`.
///
/// An event is a spike (value 1), a count of spikes in one step, or an analogue value; a raster of
/// plain spikes stores no values.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    size: usize,
    start: Vec<usize>,
    indices: Vec<u32>,
    values: Option<Vec<f32>>,
}

impl Raster {
    /// A raster of no steps over `size` neurons.
    pub fn new(size: usize) -> Self {
        Self { size, start: vec![0], indices: Vec::new(), values: None }
    }

    /// The non-zero entries of `dense`, shape `[steps][size]` in row-major order. A last,
    /// incomplete row is left out.
    ///
    /// ```
    /// let raster = spike::Raster::from_dense(&[0.0, 1.0, 2.0, 0.0], 2);
    /// assert_eq!(raster.step(0), (&[1][..], Some(&[1.0][..])));
    /// ```
    pub fn from_dense(dense: &[f32], size: usize) -> Self {
        let mut raster = Self::new(size);
        if size > 0 {
            for row in dense.chunks_exact(size) {
                raster.push_dense(row);
            }
        }
        raster
    }

    /// Adds a step from one value per neuron; zeros are no events.
    pub fn push_dense(&mut self, row: &[f32]) {
        let events = row.iter().enumerate().filter(|(_, v)| **v != 0.0);
        self.push_step(events.map(|(i, &v)| (i as u32, v)));
    }

    /// Adds a step from `(index, value)` pairs in ascending order of index.
    pub fn push_step(&mut self, events: impl IntoIterator<Item = (u32, f32)>) {
        for (index, value) in events {
            if value != 1.0 && self.values.is_none() {
                self.values = Some(vec![1.0; self.indices.len()]);
            }
            self.indices.push(index);
            if let Some(values) = &mut self.values {
                values.push(value);
            }
        }
        self.start.push(self.indices.len());
    }

    /// Adds a step of plain spikes in ascending order of index.
    pub fn push_spikes(&mut self, indices: &[u32]) {
        self.push_step(indices.iter().map(|&i| (i, 1.0)));
    }

    /// The number of neurons.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.start.len() - 1
    }

    /// The number of events over all steps.
    pub fn n_events(&self) -> usize {
        self.indices.len()
    }

    /// Indices and values of step `t`; no values where all are 1.
    ///
    /// # Panics
    /// When `t` is not below [`Raster::steps`].
    pub fn step(&self, t: usize) -> (&[u32], Option<&[f32]>) {
        let range = self.start[t]..self.start[t + 1];
        (&self.indices[range.clone()], self.values.as_ref().map(|v| &v[range]))
    }

    /// `(index, value)` of each event of step `t`.
    ///
    /// # Panics
    /// When `t` is not below [`Raster::steps`].
    pub fn events(&self, t: usize) -> impl Iterator<Item = (u32, f32)> + '_ {
        let (indices, values) = self.step(t);
        indices.iter().enumerate().map(move |(k, &i)| (i, values.map_or(1.0, |v| v[k])))
    }

    /// One value per neuron and step, shape `[steps][size]`.
    pub fn to_dense(&self) -> Vec<f32> {
        let mut dense = vec![0.0; self.steps() * self.size];
        for t in 0..self.steps() {
            for (i, v) in self.events(t) {
                dense[t * self.size + i as usize] = v;
            }
        }
        dense
    }

    /// The sum over all steps, per neuron: spike counts, for spikes.
    pub fn sums(&self) -> Vec<f32> {
        let mut sums = vec![0.0; self.size];
        for t in 0..self.steps() {
            for (i, v) in self.events(t) {
                sums[i as usize] += v;
            }
        }
        sums
    }

    /// The first index that is not below [`Raster::size`], with its step.
    pub(crate) fn stray(&self) -> Option<(usize, u32)> {
        let at = self.indices.iter().position(|&i| i as usize >= self.size)?;
        let step = self.start.partition_point(|&s| s <= at).saturating_sub(1);
        Some((step, self.indices[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::Raster;

    #[test]
    fn dense_and_back() {
        let dense = [0.0, 1.0, 0.0, 0.5, 0.0, 3.0];
        let raster = Raster::from_dense(&dense, 3);
        assert_eq!((raster.steps(), raster.n_events()), (2, 3));
        assert_eq!(raster.to_dense(), dense);
        assert_eq!(raster.sums(), [0.5, 1.0, 3.0]);
    }

    #[test]
    fn plain_spikes_store_no_values() {
        let mut raster = Raster::new(4);
        raster.push_spikes(&[1, 3]);
        raster.push_spikes(&[]);
        assert_eq!(raster.step(0), (&[1, 3][..], None));
        assert_eq!(raster.step(1), (&[][..], None));
    }

    #[test]
    fn stray_index_is_found_with_its_step() {
        let mut raster = Raster::new(2);
        raster.push_spikes(&[0]);
        raster.push_spikes(&[5]);
        assert_eq!(raster.stray(), Some((1, 5)));
    }
}
