//! The table of where memory and knowledge are reached, `docs/concepts/reach.md`, against the program.

use std::collections::BTreeSet;

use crate::{grpc, http, mcp};

const TABLE: &str = include_str!("../../../docs/concepts/reach.md");
const COMMANDS: &str = include_str!("../../../docs/generated/cli.md");

/// A column of the table, without what is not there.
fn column(k: usize) -> BTreeSet<String> {
    let rows = TABLE.lines().filter(|line| line.starts_with("| `"));
    let cell = |row: &str| row.split('|').nth(k + 1).unwrap().trim().trim_matches('`').to_owned();
    rows.map(cell).filter(|cell| cell != "-").collect()
}

#[test]
fn every_operation_has_a_row() {
    let ours = http::operations().into_iter().filter(|o| ["memory", "knowledge"].contains(&o.tag));
    let ours: BTreeSet<String> = ours.map(|o| format!("{} {}", o.method, o.path)).collect();
    assert_eq!(column(0), ours);
}

#[test]
fn every_method_and_tool_stands_beside_an_operation() {
    let methods = grpc::methods("striatum.memory.v1.");
    assert_eq!(column(1), methods.collect());
    assert_eq!(column(2), mcp::names().map(str::to_owned).collect());
}

#[test]
fn every_command_is_there() {
    let commands = column(3);
    assert!(commands.len() > 50, "{commands:?}");
    for command in &commands {
        assert!(COMMANDS.contains(&format!("## striatum {command}\n")), "striatum {command}");
    }
}
