//! Tools of branches of knowledge: making, comparing, merging, splitting, and what became of them.

use std::sync::Arc;

use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Called, Effect, Nothing, Of, Tool, numbered, read, tool, written};
use crate::http::branches::{self, ConsolidateRequest, PageParams, PruneBranches, SplitRequest};
use crate::http::extract::{Json, JsonIfAny, Number, Params};
use crate::http::knowledge::{self, MergeBranch, WithParams};
use crate::request::Server;
use crate::security::{Caller, Role};
use crate::wire::knowledge::ChangedAnswer;

/// Two branches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Compare {
    /// The branch.
    id: u64,
    /// The other; the main one where there is none.
    with: Option<u64>,
}

pub(super) fn table() -> Vec<Tool> {
    [lines(), lives()].into_iter().flatten().collect()
}

fn lines() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<Nothing, knowledge::BranchList>(
            ("memory_branches", "List branches"),
            (reader, Effect::Reads),
            "Branches of knowledge by their numbers and names, each with its parent and whether it was \
             merged; the main one has number 0 and is not told.",
            calls!(|server, caller, _nothing: Nothing| {
                knowledge::branches(State(server), caller).await?.0
            }),
        ),
        tool::<knowledge::BranchSpec, ChangedAnswer>(
            ("memory_create_branch", "Create a branch"),
            (writer, Effect::Adds),
            "Makes a branch of knowledge, on which facts and entities can be tried without changing \
             others: of now, or as it was known at a time.",
            calls!(|server, caller, spec: knowledge::BranchSpec| {
                knowledge::add_branch(State(server), caller, Json(spec)).await?.1.0
            }),
        ),
        tool::<Compare, knowledge::DifferenceList>(
            ("memory_compare_branches", "Compare two branches"),
            (reader, Effect::Reads),
            "In what a branch differs from another, or from the main one: each item as it was where they \
             parted, and on both sides.",
            calls!(|server, caller, compare: Compare| {
                let with = Params(WithParams { with: compare.with });
                knowledge::diff(State(server), caller, Number(compare.id), with).await?.0
            }),
        ),
        tool::<Of<MergeBranch>, ChangedAnswer>(
            ("memory_merge_branch", "Merge a branch"),
            (writer, Effect::Removes),
            "Merges a branch into its parent: what only the branch changed, and where both did, what the \
             strategy takes (prefer_newer, prefer_parent, prefer_child, merge_both, or manual with \
             choices).",
            calls!(|server, caller, id, how: MergeBranch| {
                knowledge::merge_branch(State(server), caller, id, Json(how)).await?.0
            }),
        ),
    ]
}

fn lives() -> Vec<Tool> {
    let (reader, writer) = (Role::Reader, Role::Writer);
    vec![
        tool::<Of<PageParams>, branches::Journal>(
            ("memory_branch_history", "History of a branch"),
            (reader, Effect::Reads),
            "What happened on a branch, the oldest first: each item that was changed there, when, by \
             whom, as it was before and after.",
            calls!(|server, caller, id, page: PageParams| {
                branches::journal(State(server), caller, id, Params(page)).await?.0
            }),
        ),
        tool::<Of<SplitRequest>, ChangedAnswer>(
            ("memory_split_branch", "Split a branch"),
            (writer, Effect::Changes),
            "Moves some changes of a branch (items: \"fact 7\") to a new branch beside it. What makes \
             no sense without others is refused with their names.",
            calls!(|server, caller, id, spec: SplitRequest| {
                branches::split(State(server), caller, id, Json(spec)).await?.1.0
            }),
        ),
        tool::<Of<ConsolidateRequest>, branches::ConsolidatedAnswer>(
            ("memory_consolidate_branch", "Merge a branch that is ready"),
            (writer, Effect::Removes),
            "Merges a branch into its parent if it has settled without conflicts, or says what it \
             lacks; with dry_run it only says so.",
            calls!(|server, caller, id, how: ConsolidateRequest| {
                branches::consolidate(State(server), caller, id, Json(how)).await?.0
            }),
        ),
        tool::<PruneBranches, branches::PrunedBranches>(
            ("memory_prune_branches", "Prune branches"),
            (writer, Effect::Removes),
            "Hides branches that nobody changed for long: those that were merged, and with unmerged \
             those that were not; with dry_run it only tells which.",
            calls!(|server, caller, which: PruneBranches| {
                branches::prune(State(server), caller, JsonIfAny(Some(which))).await?.0
            }),
        ),
    ]
}
