//! Placeholder, replaced in the first commit.
