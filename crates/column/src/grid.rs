//! Where columns stand: a lattice in three dimensions; a daughter takes the nearest free cell.

use std::collections::BTreeMap;

/// A cell.
pub(crate) type Cell = [i16; 3];

/// How far from its mother a daughter may stand before it goes to the rim.
const RADIUS: i16 = 3;

/// Cells of which one number tells which are taken.
const BITS: i16 = 64;
/// Cells across a layer of the rim.
const SIDE: u32 = 64;
/// Cells across the box within the radius.
const ACROSS: usize = 2 * RADIUS as usize + 1;

#[derive(Clone, Debug)]
pub(crate) struct Grid {
    columns: BTreeMap<Cell, u16>,
    /// Which cells are taken: a bit for each of 64 along z.
    taken: BTreeMap<Cell, u64>,
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
        Self { columns: BTreeMap::new(), taken: BTreeMap::new(), shells, rim: 0 }
    }
}

/// The cells of a box around the origin, layer by layer, without end: what is near when all is full.
fn rim_cell(n: u32) -> Cell {
    let at = |x: u32| (x % SIDE) as i16;
    [at(n), at(n / SIDE), (n / SIDE / SIDE) as i16 + RADIUS]
}

/// Which cell along the rim a cell is, if it is one.
fn along_rim([x, y, z]: Cell) -> Option<u32> {
    let [x, y, z] = [x, y, z - RADIUS].map(|x| u32::try_from(x).ok());
    let n = x.filter(|x| *x < SIDE)? + y.filter(|y| *y < SIDE)? * SIDE + z? * SIDE * SIDE;
    Some(n)
}

/// The number that tells whether a cell is taken, and its bit.
fn bit_of([x, y, z]: Cell) -> (Cell, u64) {
    ([x, y, z.div_euclid(BITS)], 1 << z.rem_euclid(BITS))
}

impl Grid {
    /// Puts a column into the free cell nearest to its mother's.
    pub(crate) fn place(&mut self, column: usize, mother: Option<Cell>) -> Cell {
        let mother = mother.unwrap_or_default();
        let cell = self.free_near(mother).unwrap_or_else(|| {
            while self.columns.contains_key(&rim_cell(self.rim)) {
                self.rim += 1;
            }
            rim_cell(self.rim)
        });
        self.columns.insert(cell, column as u16);
        let (key, bit) = bit_of(cell);
        *self.taken.entry(key).or_default() |= bit;
        cell
    }

    /// The nearest free cell around one.
    fn free_near(&self, mother: Cell) -> Option<Cell> {
        let from = |c: &Cell| [0, 1, 2].map(|i| mother[i].saturating_add(c[i]));
        let mut rows = [[0u128; ACROSS]; ACROSS];
        for (x, row) in (-RADIUS..).zip(&mut rows) {
            for (y, bits) in (-RADIUS..).zip(row) {
                *bits = self.row(from(&[x, y, -RADIUS]));
            }
        }
        let place = |x: i16| (x + RADIUS) as usize;
        let is_free = |c: &&Cell| rows[place(c[0])][place(c[1])] >> place(c[2]) & 1 == 0;
        self.shells.iter().find(is_free).map(from)
    }

    /// Which cells are taken from one on along z.
    fn row(&self, [x, y, z]: Cell) -> u128 {
        let number = |z: i16| self.taken.get(&[x, y, z]).copied().map_or(0, u128::from);
        let (first, skipped) = (z.div_euclid(BITS), z.rem_euclid(BITS));
        let second = if skipped as usize + ACROSS > BITS as usize { number(first + 1) } else { 0 };
        (second << BITS | number(first)) >> skipped
    }

    pub(crate) fn free(&mut self, cell: Cell) {
        self.columns.remove(&cell);
        let (key, bit) = bit_of(cell);
        if let Some(bits) = self.taken.get_mut(&key) {
            *bits &= !bit;
            if *bits == 0 {
                self.taken.remove(&key);
            }
        }
        self.rim = along_rim(cell).map_or(self.rim, |n| n.min(self.rim));
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
            + self.taken.len() * (size_of::<Cell>() + 8) * 4 / 3
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
    #[test]
    fn a_daughter_takes_the_nearest_free_cell_wherever_her_mother_stands() {
        let mut grid = Grid::default();
        let mut state = 9;
        let mut cells: Vec<Cell> = Vec::new();
        for column in 0..4000 {
            let mut next = || (crate::random::next(&mut state) >> 60) as i16;
            // Around a border between two numbers, so that rows lie in both.
            let mother = [next() - 8, next() - 8, next() - 72];
            let near = grid.shells.iter().map(|c| [0, 1, 2].map(|i| mother[i] + c[i]));
            let free = near.into_iter().find(|cell| !cells.contains(cell));
            let cell = grid.place(column, Some(mother));
            assert!(free.is_none_or(|free| free == cell), "{mother:?} {cell:?} {free:?}");
            assert!(!cells.contains(&cell));
            if column % 5 == 0 && !cells.is_empty() {
                grid.free(cells.swap_remove(column / 2 % cells.len()));
            }
            cells.push(cell);
        }
    }
}
