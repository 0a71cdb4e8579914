//! The reference of the command line is what the program says.

use crate::{root, striatum, text};

#[test]
fn the_reference_is_current() {
    let path = root().join("docs/generated/cli.md");
    let page = text(&striatum(&["help-markdown"]).stdout);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, page, "run UPDATE=1 cargo test -p cli");
}
