//! Inheritance reorganised: what members of a class have in common is said once, at the class, and no
//! property of any entity is another than before.
//!
//! A move takes a value away from all members that would inherit it. Their class says it already, or
//! says it from then on by its template, which says nothing of the class itself. Who says something else keeps it; who would inherit something else than before gets
//! an exception. Nothing is said of a member of which nobody said anything: a class with such a member
//! is left as it is, and so is what a member is only at some times.
//!
//! Each move is weighed exactly, over all entities below the class in the order of inheritance, and
//! the one that saves most is made, again and again (a greedy choice; the fewest values would be as
//! hard to find as a smallest set cover). A bound on what a move can save is known from counting, so
//! most are never weighed.

mod classes;
mod moves;

use std::collections::BTreeMap;

use crate::command::EntityUpdate;
use crate::error::KnowledgeError;
use crate::id::EntityId;
use crate::item::Scalar;
use crate::view::View;

use classes::Classes;
use moves::Moves;

/// Entities that are looked at.
pub const MAX_CLASSED: usize = 200_000;
/// Ancestors of all of these together.
pub const MAX_LINES: usize = 2_000_000;
/// What all ancestors of all of these say of properties.
pub const MAX_SAID: usize = 10_000_000;
/// Ancestors that are looked at to weigh moves; what was found by then is done.
pub const MAX_WEIGHING: usize = 20_000_000;

/// How much has to be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gathering {
    /// A class says something new only for so many members.
    pub least: usize,
}

impl Default for Gathering {
    fn default() -> Self {
        Self { least: 2 }
    }
}

/// How many properties there are, and by how many values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// Properties that entities have, their own or inherited.
    pub effective: usize,
    /// Values that are stored for that: properties, exceptions and templates.
    pub stored: usize,
}

impl Compression {
    /// Properties for each value that is stored; 1 where there is none.
    pub fn ratio(&self) -> f64 {
        if self.stored == 0 { 1.0 } else { self.effective as f64 / self.stored as f64 }
    }
}

/// A value that is said once for many.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The class.
    pub class: EntityId,
    /// The property.
    pub property: String,
    /// Its value.
    pub value: Scalar,
    /// The class says it now, by its template; it said so before where this is not set.
    pub new: bool,
    /// Members whose own value is taken away.
    pub members: usize,
    /// Entities below the class that say something else, those of `made` among them.
    pub exceptions: usize,
    /// Exceptions that are made for it.
    pub made: usize,
}

/// What is said elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reorganisation {
    /// What is moved, what saves most first.
    pub moves: Vec<Move>,
    /// As it was.
    pub before: Compression,
    /// As it is with these moves.
    pub after: Compression,
    /// There was no room, or no time, for more.
    pub more: bool,
    /// What changes of each entity.
    pub updates: BTreeMap<EntityId, EntityUpdate>,
}

impl View<'_> {
    /// What could be said at classes instead of at their members, without another answer to any
    /// [`View::property`]; as much as one plan takes.
    ///
    /// # Errors
    ///
    /// [`KnowledgeError::TooMany`] for more than [`MAX_CLASSED`] entities, [`MAX_LINES`] or
    /// [`MAX_SAID`].
    pub fn reorganisation(&self, how: &Gathering) -> Result<Reorganisation, KnowledgeError> {
        let classes = Classes::of(self)?;
        let before = classes.compression()?;
        let mut moves = Moves::new(classes, how.least);
        moves.choose();
        let mut found = moves.told();
        found.before = before;
        found.after = Compression { stored: before.stored - found.saved(), ..before };
        Ok(found)
    }
}

impl Reorganisation {
    /// Values that are not stored any more, less those that are instead.
    fn saved(&self) -> usize {
        self.moves.iter().map(Move::saves).sum()
    }
}

impl Move {
    fn saves(&self) -> usize {
        self.members - self.made - usize::from(self.new)
    }
}
