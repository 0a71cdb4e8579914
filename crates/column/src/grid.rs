//! Where columns stand: a lattice in three dimensions; a daughter takes the nearest free cell.

use std::collections::BTreeMap;

/// A cell.
pub(crate) type Cell = [i16; 3];

/// How far from its mother a daughter may stand before it goes to the rim.
const RADIUS: i16 = 3;

/// A cell and the cells that share a face or an edge with it.
const BESIDE: usize = 19;

#[derive(Clone, Debug)]
pub(crate) struct Grid {
    columns: BTreeMap<Cell, u16>,
    /// Cells within the radius, nearest first.
    shells: Vec<Cell>,
    /// The cell along the rim that was taken last.
    rim: u32,
}

impl Default for Grid {
    fn default() -> Self {
        let range = || -RADIUS..=RADIUS;
        let all = range().flat_map(|x| range().flat_map(move |y| range().map(move |z| [x, y, z])));
        let mut shells: Vec<Cell> = all.collect();
        shells.sort_by_key(|c| (c.iter().map(|x| x * x).sum::<i16>(), *c));
        Self { columns: BTreeMap::new(), shells, rim: 0 }
    }
}

/// The cells of a box around the origin, layer by layer, without end: what is near when all is full.
fn rim_cell(n: u32) -> Cell {
    const SIDE: u32 = 64;
    let at = |x: u32| (x % SIDE) as i16;
    [at(n), at(n / SIDE), (n / SIDE / SIDE) as i16 + RADIUS]
}

impl Grid {
    /// Puts a column into the free cell nearest to its mother's.
    pub(crate) fn place(&mut self, column: usize, mother: Option<Cell>) -> Cell {
        let mother = mother.unwrap_or_default();
        let cell = self.free_near(mother).unwrap_or_else(|| {
            loop {
                let cell = rim_cell(self.rim);
                if !self.columns.contains_key(&cell) {
                    break cell;
                }
                self.rim += 1;
            }
        });
        self.columns.insert(cell, column as u16);
        cell
    }

    /// The nearest free cell around one.
    fn free_near(&self, mother: Cell) -> Option<Cell> {
        let [x, y, z] = mother;
        let from =
            |c: &Cell| [x.saturating_add(c[0]), y.saturating_add(c[1]), z.saturating_add(c[2])];
        let (beside, beyond) = self.shells.split_at(BESIDE);
        let near = beside.iter().map(from).find(|cell| !self.columns.contains_key(cell));
        near.or_else(|| {
            // Row by row it takes one search for seven cells.
            let taken = self.taken_around(mother);
            beyond.iter().map(from).find(|cell| taken.binary_search(cell).is_err())
        })
    }

    /// The cells around one that are taken, in their order.
    fn taken_around(&self, [x, y, z]: Cell) -> Vec<Cell> {
        let range = |at: i16| at.saturating_sub(RADIUS)..=at.saturating_add(RADIUS);
        let ends = range(z);
        let rows = range(x).flat_map(|x| range(y).map(move |y| (x, y)));
        let taken = rows.flat_map(|(x, y)| {
            self.columns.range([x, y, *ends.start()]..=[x, y, *ends.end()]).map(|(cell, _)| *cell)
        });
        taken.collect()
    }

    pub(crate) fn free(&mut self, cell: Cell) {
        self.columns.remove(&cell);
        self.rim = 0;
    }

    /// The column that stands there has another number now.
    pub(crate) fn rename(&mut self, cell: Cell, column: usize) {
        self.columns.insert(cell, column as u16);
    }

    /// The columns in the 26 cells around one.
    pub(crate) fn neighbours(&self, cell: Cell) -> Vec<u32> {
        let near = self.shells.iter().skip(1).filter(|c| c.iter().all(|x| x.abs() <= 1));
        let cells = near.filter_map(|c| {
            let mut at = cell;
            for (x, step) in at.iter_mut().zip(c) {
                *x = x.checked_add(*step)?;
            }
            self.columns.get(&at)
        });
        cells.map(|c| u32::from(*c)).collect()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.shells.capacity() * size_of::<Cell>()
            + self.columns.len() * (size_of::<Cell>() + 2) * 4 / 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daughters_stand_beside_their_mother_and_never_in_one_cell() {
        let mut grid = Grid::default();
        let origin = grid.place(0, None);
        let cells: Vec<Cell> = (1..2000).map(|i| grid.place(i, Some(origin))).collect();
        assert_eq!(grid.columns.len(), 2000);
        assert!(cells[..6].iter().all(|c| c.iter().map(|x| x.abs()).sum::<i16>() == 1));
        assert_eq!(grid.neighbours(origin).len(), 26);
        let reach = |c: &Cell| c.iter().map(|x| x * x).sum::<i16>();
        assert!(cells[..342].is_sorted_by_key(reach), "a nearer cell was free");
        grid.free(cells[200]);
        assert_eq!(grid.place(200, Some(origin)), cells[200]);
        grid.free(cells[3]);
        assert_eq!(grid.neighbours(origin).len(), 25);
        assert_eq!(grid.place(5000, Some(origin)), cells[3]);
    }
}
