//! Moves: which there may be, what each does, and the choice among them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;

use super::classes::{Answer, Classes, Said};
use super::{MAX_WEIGHING, Move, Reorganisation};
use crate::command::EntityUpdate;
use crate::id::EntityId;
use crate::item::{Exception, Scalar};
use crate::limits::{MAX_CHANGES, MAX_PROPERTIES};

/// Entities that one plan changes; its counters are a change too.
const MAX_TOUCHED: usize = MAX_CHANGES - 1;

/// The longest text that is moved: a class has room for many, and long texts are seldom alike.
const MAX_MOVED_BYTES: usize = 1024;

/// That a class says a value of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Candidate {
    name: u32,
    class: u32,
    value: u32,
}

/// What it saves at most. Of equal ones the class with fewer below it comes first, then the name, the
/// class and the value that was met first.
type Bound = (usize, Reverse<(usize, Candidate)>);

/// What a move would do.
struct Trial {
    /// The class said so before.
    there: bool,
    /// What is said afterwards.
    changes: Vec<(u32, Said)>,
    members: usize,
    exceptions: usize,
    made: usize,
}

impl Trial {
    /// Values that it saves.
    fn gain(&self) -> usize {
        let cost = self.made + usize::from(!self.there);
        self.members.saturating_sub(cost)
    }
}

/// What an entity that says nothing of itself needs to have the same property as before.
enum Need {
    Nothing,
    Exception(Option<u32>),
}

pub(super) struct Moves {
    classes: Classes,
    least: usize,
    bounds: BinaryHeap<Bound>,
    /// Entities that change.
    touched: BTreeSet<u32>,
    /// What was said before of what changes, by entity and name.
    before: BTreeMap<(u32, u32), Said>,
    /// For which class an exception was made, by entity and name.
    made_for: BTreeMap<(u32, u32), EntityId>,
    looked: usize,
    /// Whether the last move that was weighed found no room for an exception.
    cramped: bool,
    found: Reorganisation,
}

impl Moves {
    pub(super) fn new(classes: Classes, least: usize) -> Self {
        Self {
            classes,
            least: least.max(1),
            bounds: BinaryHeap::new(),
            touched: BTreeSet::new(),
            before: BTreeMap::new(),
            made_for: BTreeMap::new(),
            looked: 0,
            cramped: false,
            found: Reorganisation::default(),
        }
    }

    /// Makes moves until none saves anything.
    pub(super) fn choose(&mut self) {
        let mut open: BTreeSet<u32> = (0..self.classes.names.len() as u32).collect();
        while !open.is_empty() {
            open.iter().for_each(|name| self.count(*name));
            if self.looked > MAX_WEIGHING {
                self.found.more = true;
                return;
            }
            open = self.choose_counted();
        }
    }

    /// Makes the move that saves most, again and again; of which properties.
    fn choose_counted(&mut self) -> BTreeSet<u32> {
        let mut moved = BTreeSet::new();
        while let Some((_, Reverse((n_below, candidate)))) = self.bounds.pop() {
            if self.looked > MAX_WEIGHING {
                self.found.more = true;
                return BTreeSet::new();
            }
            let Some(trial) = self.weigh(candidate) else { continue };
            let enough = trial.there || trial.members >= self.least;
            if trial.gain() == 0 || !enough {
                continue;
            }
            let bound = (trial.gain(), Reverse((n_below, candidate)));
            match self.bounds.peek() {
                Some(next) if *next > bound => self.bounds.push(bound),
                _ => {
                    moved.insert(candidate.name);
                    self.make(candidate, trial);
                }
            }
        }
        moved
    }

    /// How many members of each class may lose a value of a property.
    fn count(&mut self, name: u32) {
        let mut counts: FxHashMap<Candidate, usize> = FxHashMap::default();
        for (entity, said) in &self.classes.said[name as usize] {
            let Some(value) = self.may_lose(*entity, *said) else { continue };
            self.looked += self.classes.above[*entity as usize].len();
            if self.looked > MAX_WEIGHING {
                return;
            }
            for class in &self.classes.above[*entity as usize] {
                *counts.entry(Candidate { name, class: *class, value }).or_default() += 1;
            }
        }
        for (candidate, n) in counts {
            let says = self.said(name, candidate.class).of_members();
            // What is said anew costs one itself.
            if n > 1 || says == Some(Some(candidate.value)) {
                let n_below = self.classes.below[candidate.class as usize].len();
                self.bounds.push((n, Reverse((n_below, candidate))));
            }
        }
    }

    /// The value that an entity says of itself and could inherit instead.
    fn may_lose(&self, entity: u32, said: Said) -> Option<u32> {
        let plain = said.exception.is_none() && !self.classes.unsteady[entity as usize];
        said.own.filter(|_| plain)
    }

    fn said(&self, name: u32, entity: u32) -> Said {
        self.classes.said[name as usize].get(&entity).copied().unwrap_or_default()
    }

    /// What an entity inherits, where some say something else than now.
    fn inherited(&mut self, name: u32, entity: u32, otherwise: &FxHashMap<u32, Said>) -> Answer {
        let sayings = &self.classes.said[name as usize];
        for class in &self.classes.above[entity as usize] {
            self.looked += 1;
            let said = otherwise.get(class).or_else(|| sayings.get(class));
            let answer = said.and_then(|said| said.of_members());
            if answer.is_some() {
                return answer;
            }
        }
        None
    }

    /// What a class says if it says a value; `None` where it says something else of its members.
    fn says(&self, of: Candidate) -> Option<Said> {
        let said = self.said(of.name, of.class);
        if said.of_members() == Some(Some(of.value)) {
            return Some(said);
        }
        let room = self.classes.counts[of.class as usize].templates < MAX_PROPERTIES;
        let free = said.template.is_none() && room && self.is_short(of.value);
        free.then_some(Said { template: Some(of.value), ..said })
    }

    fn is_short(&self, value: u32) -> bool {
        match &self.classes.values[value as usize] {
            Scalar::Text(text) => text.len() <= MAX_MOVED_BYTES,
            _ => true,
        }
    }

    /// What a move does to all below a class; `None` where it cannot be made. Where losing values
    /// leaves no room for an exception that is needed, half as many lose theirs.
    fn weigh(&mut self, of: Candidate) -> Option<Trial> {
        let mut losing = MAX_TOUCHED;
        loop {
            self.cramped = false;
            let trial = self.weigh_with(of, losing);
            if trial.is_some() || !self.cramped || losing == 0 {
                return trial;
            }
            losing /= 2;
        }
    }

    fn weigh_with(&mut self, of: Candidate, losing: usize) -> Option<Trial> {
        let says = self.says(of)?;
        let there = says == self.said(of.name, of.class);
        let mut trial = Trial { there, changes: Vec::new(), members: 0, exceptions: 0, made: 0 };
        let mut room = MAX_TOUCHED - self.touched.len();
        if !there {
            room = self.left(room, of.class)?;
            trial.changes.push((of.class, says));
        }
        let mut otherwise = FxHashMap::from_iter([(of.class, says)]);
        for k in 0..self.classes.below[of.class as usize].len() {
            self.looked += 1;
            let entity = self.classes.below[of.class as usize][k];
            let said = self.said(of.name, entity);
            let after = match said.of_itself() {
                None => match self.need(of.name, entity, &otherwise)? {
                    Need::Nothing => continue,
                    Need::Exception(value) => Said { exception: Some(value), ..said },
                },
                Some(Some(value)) if value == of.value => {
                    let inherits = self.may_lose(entity, said).is_some()
                        && self.inherited(of.name, entity, &otherwise) == Some(Some(value));
                    if !inherits || trial.members >= losing {
                        self.found.more |= inherits;
                        continue;
                    }
                    Said { own: None, ..said }
                }
                Some(_) => {
                    trial.exceptions += 1;
                    continue;
                }
            };
            let loses = after.exception.is_none();
            match self.left(room, entity) {
                Some(left) => room = left,
                None if loses => continue,
                None => {
                    self.cramped = true;
                    return None;
                }
            }
            trial.members += usize::from(loses);
            trial.made += usize::from(!loses);
            otherwise.insert(entity, after);
            trial.changes.push((entity, after));
        }
        trial.exceptions += trial.made;
        Some(trial)
    }

    /// What an entity needs that says nothing of itself; `None` where nothing helps: nobody said
    /// anything of it, what it is depends on the time, or it has too many exceptions.
    fn need(&mut self, name: u32, entity: u32, otherwise: &FxHashMap<u32, Said>) -> Option<Need> {
        if self.classes.unsteady[entity as usize] {
            return None;
        }
        let before = self.inherited(name, entity, &FxHashMap::default())?;
        if self.inherited(name, entity, otherwise) == Some(before) {
            return Some(Need::Nothing);
        }
        let room = self.classes.counts[entity as usize].exceptions < MAX_PROPERTIES;
        let short = before.is_none_or(|value| self.is_short(value));
        (room && short).then_some(Need::Exception(before))
    }

    /// How many more entities may change after this one; `None` if it may not.
    fn left(&mut self, room: usize, entity: u32) -> Option<usize> {
        if self.touched.contains(&entity) {
            return Some(room);
        }
        self.found.more |= room == 0;
        room.checked_sub(1)
    }

    fn make(&mut self, of: Candidate, trial: Trial) {
        let class = self.classes.ids[of.class as usize];
        for (entity, after) in trial.changes {
            let place = (entity, of.name);
            let before = self.said(of.name, entity);
            self.touched.insert(entity);
            self.before.entry(place).or_insert(before);
            if after.exception != before.exception {
                self.made_for.insert(place, class);
            }
            self.classes.counts[entity as usize].change(before, after);
            self.classes.said[of.name as usize].insert(entity, after);
        }
        self.found.moves.push(Move {
            class,
            property: self.classes.names[of.name as usize].clone(),
            value: self.classes.values[of.value as usize].clone(),
            new: !trial.there,
            members: trial.members,
            exceptions: trial.exceptions,
            made: trial.made,
        });
    }

    /// The moves that were made, and what changes of each entity.
    pub(super) fn told(mut self) -> Reorganisation {
        for (place, before) in &self.before {
            let (entity, name) = *place;
            let after = self.said(name, entity);
            let id = self.classes.ids[entity as usize];
            let property = || self.classes.names[name as usize].clone();
            let value = |number: u32| self.classes.values[number as usize].clone();
            let mut update = EntityUpdate::default();
            if after.own != before.own {
                update.properties.insert(property(), after.own.map(value));
            }
            if after.template != before.template {
                update.template.insert(property(), after.template.map(value));
            }
            if let (Some(class), Some(made)) = (self.made_for.get(place), after.exception) {
                update.exceptions.insert(property(), Some(kept(made.map(value), *class)));
            }
            add(self.found.updates.entry(id).or_default(), update);
        }
        // Who is told to ask again gets further each time.
        self.found.more &= !self.found.moves.is_empty();
        self.found
    }
}

/// What an entity had before a class said something else of its members.
fn kept(value: Option<Scalar>, class: EntityId) -> Exception {
    Exception { value, reason: format!("as before entity {class} said otherwise of its members") }
}

fn add(to: &mut EntityUpdate, mut update: EntityUpdate) {
    to.properties.append(&mut update.properties);
    to.exceptions.append(&mut update.exceptions);
    to.template.append(&mut update.template);
}
