//! The descriptions that come with the program, each with its published reference.

/// The names of the shipped circuits and their descriptions.
pub const SHIPPED: [(&str, &str); 5] = [
    ("cuba", include_str!("../../../circuits/cuba.toml")),
    ("coba", include_str!("../../../circuits/coba.toml")),
    ("brunel", include_str!("../../../circuits/brunel.toml")),
    ("microcircuit", include_str!("../../../circuits/microcircuit.toml")),
    ("plastic", include_str!("../../../circuits/plastic.toml")),
];

/// The description of a shipped circuit.
pub fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
