//! Alertmanager's configuration: routing by severity and area, and what hides what.

use std::fmt::Write;

use super::HEAD;
use crate::alert::Area;

/// What hides what: the alert that hides, and a pattern of those that it hides.
pub const INHIBITS: &[(&str, &str)] = &[
    ("ServerDown", ".+"),
    ("DiskFull", "DiskFills|StoreErrors|StoreSlow|BackupFailed"),
    ("StoreDown", "StoreErrors|StoreSlow|Unhealthy"),
    ("CriticalHealthScore", "LowHealthScore"),
    ("HighErrorRate", "HighLatency.*|LowHealthScore"),
    ("HighLatencyP99", "HighLatencyP95|QueueGrows"),
    ("AvailabilityBudgetBurns", "AvailabilityBudgetBurnsSlowly"),
    ("LatencyBudgetBurns", "LatencyBudgetBurnsSlowly"),
    ("Stalled", "RuntimeDelayed|QueueGrows"),
];

/// The configuration. Its receivers are empty: whoever uses it says where they lead.
pub fn alertmanager() -> String {
    let mut text = format!(
        "{HEAD}route:\n  receiver: striatum\n  group_by: [alertname, area]\n  group_wait: 30s\n  \
         group_interval: 5m\n  repeat_interval: 12h\n  routes:\n    \
         - receiver: striatum-critical\n      matchers: ['severity=\"critical\"']\n      \
         group_wait: 0s\n      repeat_interval: 30m\n      continue: true\n    \
         - receiver: striatum-info\n      matchers: ['severity=\"info\"']\n      \
         repeat_interval: 24h\n"
    );
    for area in Area::ALL {
        let name = area.name();
        let _ = writeln!(
            text,
            "    - receiver: striatum-{name}\n      matchers: ['area=\"{name}\"']\n      \
             repeat_interval: 4h"
        );
    }
    text.push_str("inhibit_rules:\n");
    for (hides, hidden) in INHIBITS {
        let _ = writeln!(
            text,
            "  - source_matchers: ['alertname=\"{hides}\"']\n    \
             target_matchers: ['alertname=~\"{hidden}\"', 'alertname!=\"{hides}\"']\n    \
             equal: [job]"
        );
    }
    text.push_str(
        "receivers:\n  - name: striatum\n  - name: striatum-critical\n  - name: striatum-info\n",
    );
    for area in Area::ALL {
        let _ = writeln!(text, "  - name: striatum-{}", area.name());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::INHIBITS;
    use crate::alert::Alert;

    #[test]
    fn what_hides_exists() {
        for (hides, hidden) in INHIBITS {
            assert!(Alert::named(hides).is_some(), "{hides}");
            for name in hidden.split('|').filter(|name| !name.contains(['.', '+', '*'])) {
                assert!(Alert::named(name).is_some(), "{name}");
            }
        }
    }
}
