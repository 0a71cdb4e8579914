//! Which predicates and kinds of relations say that one leads to the other.

/// By these the first leads to the second.
const LEADS: &[&str] = &[
    "affects",
    "brings_about",
    "brought_about",
    "cause",
    "caused",
    "causes",
    "enabled",
    "enables",
    "influenced",
    "influences",
    "leads_to",
    "led_to",
    "makes",
    "produced",
    "produces",
    "resulted_in",
    "results_in",
    "triggered",
    "triggers",
];
/// By these the second leads to the first.
const FOLLOWS: &[&str] = &[
    "because_of",
    "brought_about_by",
    "caused_by",
    "due_to",
    "follows_from",
    "resulted_from",
    "results_from",
    "triggered_by",
];

/// Whether what is said first leads to what is said second (`true`), or the second to the first;
/// nothing where a kind is not about causes.
pub fn leads(kind: &str) -> Option<bool> {
    let kind = kind.to_lowercase().replace([' ', '-'], "_");
    let is = |kinds: &[&str]| kinds.contains(&kind.as_str());
    match (is(LEADS), is(FOLLOWS)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}
