//! Every limit, with its name. What is over one is refused by name, and nothing is applied.

/// Bytes of a name, kind, alias, predicate, property name or branch name.
pub const MAX_NAME_BYTES: usize = 512;
/// Bytes of a text: a literal, a property, a reason, a source.
pub const MAX_TEXT_BYTES: usize = 64 << 10;
/// Properties of one entity, its exceptions, and its template.
pub const MAX_PROPERTIES: usize = 256;
/// Aliases of one entity.
pub const MAX_ALIASES: usize = 64;
/// Entities that have been merged into one.
pub const MAX_ABSORBED: usize = 1_000;
/// Facts whose subject or object is one entity.
pub const MAX_FACTS_PER_ENTITY: usize = 10_000;
/// Sources that are kept as evidence of one fact.
pub const MAX_EVIDENCE: usize = 64;
/// Justifications of one fact, and facts in one justification.
pub const MAX_JUSTIFICATIONS: usize = 16;
/// Facts that are looked at to say whether one is supported.
pub const MAX_SUPPORT: usize = 10_000;
/// Parents of one entity.
pub const MAX_PARENTS: usize = 32;
/// Steps from an entity to its farthest ancestor.
pub const MAX_INHERITANCE_DEPTH: usize = 20;
/// Ancestors of one entity.
pub const MAX_ANCESTORS: usize = 1_000;
/// Branches that are not deleted, the main one not counted.
pub const MAX_BRANCHES: usize = 256;
/// Branches of branches of ... the main one.
pub const MAX_BRANCH_DEPTH: usize = 16;
/// Vertices that are recalled together.
pub const MAX_RECALLED: usize = 32;
/// Items of one page.
pub const MAX_PAGE: usize = 1_000;
/// Seeds of an activation.
pub const MAX_SEEDS: usize = 256;
/// Hops of an activation or a neighbourhood.
pub const MAX_HOPS: usize = 8;
/// Vertices that an activation gives back.
pub const MAX_KEPT: usize = 10_000;
/// Changes of one plan, so that a store can make them one commit. Only erasing goes over it.
pub const MAX_CHANGES: usize = 990;
/// Bytes of a record's value.
pub const MAX_RECORD_BYTES: usize = 16 << 20;
/// Versions of one item, on all branches.
pub const MAX_VERSIONS: usize = 100_000;
/// Facts that a question about assumptions considers: all that are joined to what is asked by reasons
/// or contradictions.
pub const MAX_CONSIDERED: usize = 2_000;
/// Assumptions among them; a multiple of 64.
pub const MAX_ASSUMPTIONS: usize = 512;
/// Environments of one label; the smallest are kept, and the answer says that it was cut.
pub const MAX_ENVIRONMENTS: usize = 128;
/// Environments that one question joins.
pub const MAX_JOINED: usize = 1_000_000;
