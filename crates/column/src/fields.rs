//! The receptive fields of all columns, and which lie nearest to a vector.
//!
//! Fields are compared by a byte for each number. They learn in two, or, where the second would be
//! many bytes an item, by chance in one. They stand in groups around centres of their own, columns of
//! columns, which split and merge as columns do; from [`GROUP_FROM`] columns on what is
//! stored is compared with the nearest groups only. A search compares all fields: among the columns
//! that it should read there are some of far groups.

use crate::code::{Code, Probe};
use crate::halves;
use crate::list::List;
use crate::order::Order;
use crate::packed::width_of;
use crate::simd::{self, Isa};

/// Columns from which on only the nearest groups are compared with what is stored.
pub(crate) const GROUP_FROM: usize = 1024;
/// Numbers of a field up to which it has second bytes.
const FINE: usize = 256;
/// The share of all columns that is compared then: one in so many.
const GROUP_SHARE: usize = 6;
/// A group has as many columns as there are groups, and at least so many.
const LEAST_GROUP: usize = 32;
/// A group splits at so many times the wanted size, and merges below one in so many of it.
const GROUP_LIMITS: (usize, usize) = (2, 4);
/// Passes over the fields when groups are made or split.
const GROUP_PASSES: usize = 4;
/// By how much another centre must be nearer for a column to move to its group.
const NEARER: f32 = 1e-3;

/// A column and its cosine, ordered by it, then by the lower number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked(u64);

impl Ranked {
    pub(crate) fn new(score: f32, column: u32) -> Self {
        let bits = score.to_bits();
        let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u64::from(ordered) << 32 | u64::from(!column))
    }

    pub(crate) fn column(self) -> usize {
        !(self.0 as u32) as usize
    }

    pub(crate) fn score(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
    }
}

/// Best first: the first `n` in order, the rest behind them in none.
pub(crate) fn sort_first(all: &mut [Ranked], n: usize) {
    let n = n.min(all.len());
    if n < all.len() && n > 0 {
        all.select_nth_unstable_by(n - 1, |a, b| b.cmp(a));
    }
    all[..n].sort_unstable_by(|a, b| b.cmp(a));
}

#[derive(Clone, Debug)]
pub(crate) struct Fields {
    isa: Isa,
    dimension: usize,
    width: usize,
    /// Where chance stands.
    random: u64,
    /// The fields, by group; the ids are columns.
    groups: Vec<List>,
    /// The group of each column.
    group_of: Vec<u16>,
    /// The centres of the groups; the ids are groups. None if there is one group.
    centres: List,
}

impl Fields {
    pub(crate) fn new(isa: Isa, dimension: usize) -> Self {
        Self {
            isa,
            dimension,
            width: width_of(dimension),
            random: 0,
            groups: vec![List::default()],
            group_of: Vec::new(),
            centres: List::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.group_of.len()
    }

    /// Bytes of one field of so many numbers.
    pub(crate) fn bytes_of_one(dimension: usize) -> usize {
        width_of(dimension) * if dimension <= FINE { 2 } else { 1 }
    }

    fn residual(&self, code: &Code, field: &[f32]) -> Option<Vec<u8>> {
        (self.dimension <= FINE).then(|| code.residual(field))
    }

    /// A field, of about unit length.
    pub(crate) fn get(&self, column: usize) -> Vec<f32> {
        let (group, at) = self.place_of(column);
        let mut field = vec![0.0; self.dimension];
        self.groups[group].fine_floats(at, self.width, &mut field);
        field
    }

    /// A field as what rows are compared with, to the precision of its first bytes.
    pub(crate) fn probe(&self, column: usize) -> Probe {
        let (group, at) = self.place_of(column);
        let list = &self.groups[group];
        list.probe(at, self.width)
    }

    /// Adds a column with this field.
    pub(crate) fn push(&mut self, field: &[f32]) -> usize {
        let column = self.len();
        let code = Code::of(field);
        let group = self.nearest_group(&Probe::of(field)).map_or(0, |g| g.column());
        self.group_of.push(group as u16);
        let residual = self.residual(&code, field);
        self.groups[group].push(column as u32, &code.row, code.scale, residual.as_deref());
        self.split_group_if_due(group);
        column
    }

    /// Gives a column another field.
    pub(crate) fn set(&mut self, column: usize, field: &[f32]) {
        let code = Code::of(field);
        self.write(column, &code, self.residual(&code, field).as_deref());
    }

    fn write(&mut self, column: usize, code: &Code, residual: Option<&[u8]>) {
        let (group, at) = self.place_of(column);
        self.groups[group].set(at, code, residual);
    }

    /// Moves a field towards a vector: `w + eta (x - w)`, at unit length.
    pub(crate) fn learn(&mut self, column: usize, vector: &[f32], eta: f32) {
        let mut field = self.get(column);
        for (w, x) in field.iter_mut().zip(vector) {
            *w += eta * (x - *w);
        }
        let norm = simd::dot(self.isa, &field, &field).sqrt();
        if norm == 0.0 {
            return;
        }
        field.iter_mut().for_each(|w| *w /= norm);
        if self.dimension <= FINE {
            self.set(column, &field);
        } else {
            let code = Code::dithered(&field, &mut self.random);
            self.write(column, &code, None);
        }
    }

    /// Takes a column away; the last takes its number.
    pub(crate) fn swap_remove(&mut self, column: usize) {
        let (left, at) = self.place_of(column);
        self.groups[left].swap_remove(at, self.width);
        self.groups[left].give_back(self.width);
        let last = self.len() - 1;
        if column != last {
            let (group, at) = self.place_of(last);
            self.groups[group].ids[at] = column as u32;
        }
        self.group_of.swap_remove(column);
        self.merge_group_if_due(left);
    }

    fn place_of(&self, column: usize) -> (usize, usize) {
        let group = usize::from(self.group_of[column]);
        let at = simd::find(self.isa, &self.groups[group].ids, column as u32);
        // Every column stands in the group that it says; tests hold that.
        (group, at.unwrap_or_default())
    }

    /// The fields near a query, in no order, at least `n` if there are so many; and how many fields
    /// and centres were compared.
    pub(crate) fn near(&self, query: &Probe, n: usize, out: &mut Vec<Ranked>) -> usize {
        out.clear();
        if self.len() < GROUP_FROM || self.groups.len() == 1 {
            self.groups.iter().for_each(|list| rank(self.isa, list, query, out));
            return out.len();
        }
        let mut centres = Vec::with_capacity(self.groups.len());
        rank(self.isa, &self.centres, query, &mut centres);
        let wanted = (self.len() / GROUP_SHARE).max(n).min(self.len());
        let first = (2 * centres.len()).div_ceil(GROUP_SHARE);
        sort_first(&mut centres, first);
        for (i, centre) in centres.iter().enumerate() {
            // Behind the first the order is none, so all of them are read.
            if out.len() >= wanted && i < first {
                break;
            }
            rank(self.isa, &self.groups[centre.column()], query, out);
        }
        centres.len() + out.len()
    }

    /// All columns, nearest first.
    pub(crate) fn order(&self, query: &Probe) -> Order {
        let n = self.len();
        let (mut dots, mut scores) = (vec![0; n], vec![0.0; n]);
        let mut columns = Vec::with_capacity(n);
        for list in &self.groups {
            let range = columns.len()..columns.len() + list.len();
            let (dots, scores) = (&mut dots[range.clone()], &mut scores[range]);
            list.rows.dots(self.isa, 0..list.len(), query, dots);
            simd::scaled(self.isa, dots, query.bias, &list.scales, scores);
            columns.extend_from_slice(&list.ids);
        }
        scores.iter_mut().for_each(|score| *score *= query.factor);
        Order::new(scores, columns)
    }

    /// The `n` columns nearest to a vector, best first, among the nearest groups; and how many fields
    /// and centres were compared.
    pub(crate) fn nearest(&self, query: &Probe, n: usize) -> (Vec<Ranked>, usize) {
        let mut all = Vec::new();
        let compared = self.near(query, n, &mut all);
        sort_first(&mut all, n);
        all.truncate(n);
        (all, compared)
    }

    /// The column nearest to a vector, among the nearest groups; and how many fields and centres were compared.
    pub(crate) fn best(&self, probe: &Probe) -> (Option<Ranked>, usize) {
        let best = |list: &List| best_of(self.isa, list, probe);
        if self.len() < GROUP_FROM || self.groups.len() == 1 {
            return (self.groups.iter().filter_map(best).max(), self.len());
        }
        let mut centres = Vec::with_capacity(self.groups.len());
        rank(self.isa, &self.centres, probe, &mut centres);
        let first = centres.len().div_ceil(GROUP_SHARE);
        sort_first(&mut centres, first);
        let nearest = centres[..first].iter().map(|c| &self.groups[c.column()]);
        let compared = centres.len() + nearest.clone().map(List::len).sum::<usize>();
        (nearest.filter_map(best).max(), compared)
    }

    /// The cosine of one field with a vector.
    pub(crate) fn score(&self, column: usize, probe: &Probe) -> f32 {
        let (group, at) = self.place_of(column);
        score_of(self.isa, &self.groups[group], at, probe)
    }

    /// The nearest centre, if there is more than one group.
    fn nearest_group(&self, probe: &Probe) -> Option<Ranked> {
        best_of(self.isa, &self.centres, probe)
    }

    /// How many columns a group should have: all of them while all are compared.
    fn wanted_group(&self) -> usize {
        if self.len() < GROUP_FROM {
            return GROUP_FROM / GROUP_LIMITS.0;
        }
        ((self.len() as f64).sqrt() as usize).max(LEAST_GROUP)
    }

    /// A column moves to the group whose centre is nearest to its field; gives how many centres were
    /// compared.
    pub(crate) fn rehome(&mut self, column: usize) -> usize {
        let (from, at) = self.place_of(column);
        let list = &self.groups[from];
        let probe = list.probe(at, self.width);
        let Some(best) = self.nearest_group(&probe) else { return 0 };
        let own = score_of(self.isa, &self.centres, from, &probe);
        let n_groups = self.groups.len();
        if best.column() != from && best.score() > own + NEARER {
            let mut list = std::mem::take(&mut self.groups[from]);
            self.adopt(&list, at, best.column());
            list.swap_remove(at, self.width);
            list.give_back(self.width);
            self.groups[from] = list;
            self.split_group_if_due(best.column());
            self.merge_group_if_due(from);
        }
        n_groups
    }

    /// Copies a field of a list into a group.
    fn adopt(&mut self, list: &List, at: usize, group: usize) {
        self.group_of[list.ids[at] as usize] = group as u16;
        list.copy_to(at, self.width, &mut self.groups[group]);
    }

    fn split_group_if_due(&mut self, group: usize) {
        if self.groups[group].len() <= GROUP_LIMITS.0 * self.wanted_group() {
            return;
        }
        let list = std::mem::take(&mut self.groups[group]);
        let fields = halves::ends(self.isa, &list, 0, self.dimension);
        let mut halves = halves::pass(self.isa, &list, &fields);
        for _ in 1..GROUP_PASSES {
            halves = halves::pass(self.isa, &list, &halves.fields);
        }
        let second = self.groups.len();
        self.groups.push(List::default());
        for (at, is_second) in halves.second.iter().enumerate() {
            self.adopt(&list, at, if *is_second { second } else { group });
        }
        let codes = halves.fields.map(|field| Code::of(&field));
        let [first, other] = &codes;
        if self.centres.len() == 0 {
            self.centres.push(group as u32, &first.row, first.scale, None);
        } else {
            self.centres.set(group, first, None);
        }
        self.centres.push(second as u32, &other.row, other.scale, None);
    }

    /// Gives the columns of a small group to the nearest others.
    fn merge_group_if_due(&mut self, group: usize) {
        let small = self.groups[group].len() * GROUP_LIMITS.1 < self.wanted_group();
        if !small || self.groups.len() == 1 {
            return;
        }
        let list = self.groups.swap_remove(group);
        self.centres.swap_remove(group, self.width);
        if let Some(renamed) = self.groups.get(group) {
            self.centres.ids[group] = group as u32;
            renamed.ids.iter().for_each(|id| self.group_of[*id as usize] = group as u16);
        }
        if self.groups.len() == 1 {
            self.centres = List::default();
        }
        for at in 0..list.len() {
            let probe = list.probe(at, self.width);
            let to = self.nearest_group(&probe).map_or(0, |g| g.column());
            self.adopt(&list, at, to);
        }
    }

    /// Makes all groups anew, by k-means over the fields: for when all is built at once.
    pub(crate) fn regroup(&mut self) {
        let n_groups = self.len() / self.wanted_group();
        if n_groups < 2 {
            self.deal(&vec![0; self.len()], 1);
            self.centres = List::default();
            return;
        }
        let step = self.len() / n_groups;
        let mut centres: Vec<Vec<f32>> = (0..n_groups).map(|i| self.get(i * step)).collect();
        let mut groups = vec![0u16; self.len()];
        for _ in 0..GROUP_PASSES {
            self.centres = List::default();
            for (i, centre) in centres.iter().enumerate() {
                let code = Code::of(centre);
                self.centres.push(i as u32, &code.row, code.scale, None);
            }
            let mut sums = vec![vec![0.0f32; self.dimension]; n_groups];
            let mut near = Vec::with_capacity(n_groups);
            for (column, group) in groups.iter_mut().enumerate() {
                let field = self.get(column);
                near.clear();
                rank(self.isa, &self.centres, &Probe::of(&field), &mut near);
                let best = near.iter().max().map_or(0, |c| c.column());
                *group = best as u16;
                sums[best].iter_mut().zip(&field).for_each(|(sum, x)| *sum += x);
            }
            for (centre, sum) in centres.iter_mut().zip(sums) {
                let norm = simd::dot(self.isa, &sum, &sum).sqrt();
                if norm > 0.0 {
                    *centre = sum.iter().map(|x| x / norm).collect();
                }
            }
        }
        self.deal(&groups, n_groups);
    }

    /// Puts every field into the group that is named for it.
    fn deal(&mut self, groups: &[u16], n_groups: usize) {
        let mut dealt = vec![List::default(); n_groups];
        for list in &self.groups {
            for at in 0..list.len() {
                let group = groups[list.ids[at] as usize];
                list.copy_to(at, self.width, &mut dealt[usize::from(group)]);
            }
        }
        dealt.iter_mut().for_each(List::shrink);
        self.groups = dealt;
        self.group_of = groups.to_vec();
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let lists = self.groups.iter().chain([&self.centres]);
        let lists: usize = lists.map(|l| l.bytes().0 + l.bytes().1).sum();
        lists + self.group_of.capacity() * 2 + self.groups.capacity() * size_of::<List>()
    }

    /// Every column stands once in the group that it says.
    #[cfg(test)]
    pub(crate) fn check(&self) {
        let mut seen = vec![false; self.len()];
        for (group, list) in self.groups.iter().enumerate() {
            for column in &list.ids {
                assert_eq!(usize::from(self.group_of[*column as usize]), group);
                assert!(!std::mem::replace(&mut seen[*column as usize], true));
            }
        }
        assert!(seen.iter().all(|s| *s));
        let n_centres = if self.groups.len() == 1 { 0 } else { self.groups.len() };
        assert!(self.centres.ids.iter().copied().eq(0..n_centres as u32));
    }
}

/// Appends the cosine of each row of a list with a query.
pub(crate) fn rank(isa: Isa, list: &List, query: &Probe, out: &mut Vec<Ranked>) {
    const BLOCK: usize = 64;
    let (mut dots, mut scores) = ([0i32; BLOCK], [0f32; BLOCK]);
    for start in (0..list.len()).step_by(BLOCK) {
        let n = BLOCK.min(list.len() - start);
        let end = start + n;
        list.rows.dots(isa, start..end, query, &mut dots[..n]);
        simd::scaled(isa, &dots[..n], query.bias, &list.scales[start..end], &mut scores[..n]);
        let pairs = scores[..n].iter().zip(&list.ids[start..end]);
        out.extend(pairs.map(|(score, id)| Ranked::new(score * query.factor, *id)));
    }
}

/// The cosine of one row of a list with a vector.
fn score_of(isa: Isa, list: &List, at: usize, probe: &Probe) -> f32 {
    let mut dot = [0];
    list.rows.dots(isa, at..at + 1, probe, &mut dot);
    (dot[0] - probe.bias) as f32 * f32::from(list.scales[at]) * probe.factor
}

/// The best row of a list.
fn best_of(isa: Isa, list: &List, probe: &Probe) -> Option<Ranked> {
    const BLOCK: usize = 64;
    let (mut dots, mut scores) = ([0i32; BLOCK], [0f32; BLOCK]);
    let mut best: Option<(f32, usize)> = None;
    for start in (0..list.len()).step_by(BLOCK) {
        let n = BLOCK.min(list.len() - start);
        let end = start + n;
        list.rows.dots(isa, start..end, probe, &mut dots[..n]);
        let scales = &list.scales[start..end];
        let most = simd::scaled(isa, &dots[..n], probe.bias, scales, &mut scores[..n]);
        if best.is_none_or(|(score, _)| most > score) {
            let at = scores[..n].iter().position(|score| *score == most);
            best = at.map(|at| (most, start + at)).or(best);
        }
    }
    best.map(|(score, at)| Ranked::new(score * probe.factor, list.ids[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_order_by_score_then_by_the_lower_column() {
        let mut all =
            [Ranked::new(-0.5, 1), Ranked::new(0.5, 9), Ranked::new(0.5, 3), Ranked::new(0.0, 2)];
        sort_first(&mut all, 4);
        assert_eq!(all.map(|r| r.column()), [3, 9, 2, 1]);
        assert_eq!(all.map(|r| r.score()), [0.5, 0.5, 0.0, -0.5]);
    }

    #[test]
    fn fields_in_groups_are_all_there_and_the_nearest_is_found() {
        let mut state = 5;
        let mut random = || {
            let v: Vec<f32> = (0..20)
                .map(|_| (crate::random::next(&mut state) >> 40) as f32 / 1e7 - 0.8)
                .collect();
            crate::code::unit(&v, 20).unwrap()
        };
        let mut fields = Fields::new(Isa::detect(), 20);
        let all: Vec<Vec<f32>> = (0..3000).map(|_| random()).collect();
        for (i, field) in all.iter().enumerate() {
            assert_eq!(fields.push(field), i);
        }
        assert!((20..=60).contains(&fields.groups.len()), "{}", fields.groups.len());
        fields.check();
        let found = (0..3000).filter(|i| {
            let (near, compared) = fields.nearest(&Probe::of(&all[*i]), 1);
            assert!(compared < 1500, "{compared}");
            near[0].column() == *i
        });
        assert!(found.count() >= 2990);
        let rehomed = (0..3000).map(|i| fields.rehome(i)).sum::<usize>();
        assert!(rehomed >= 3000 * 20);
        fields.check();
        for _ in 0..2700 {
            fields.swap_remove(7);
        }
        fields.check();
        assert!((1..40).contains(&fields.groups.len()), "{}", fields.groups.len());
        fields.regroup();
        fields.check();
        (0..290).for_each(|_| fields.swap_remove(0));
        fields.check();
        assert_eq!(fields.groups.len(), 1);
    }
}
