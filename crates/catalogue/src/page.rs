//! The reference page of the metrics, made from the table.

use std::fmt::Write;

use crate::metric::{Kind, METRICS};

/// The text of `docs/generated/metrics.md`.
pub fn metrics_page() -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from `crates/catalogue/src/metric.rs`; \
         `UPDATE=1 cargo test -p catalogue` renews it.\n\n\
         | name | kind | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in METRICS {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
            Kind::Info => "info",
        };
        let labels = metric.labels.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", ");
        let unit = metric.unit().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ =
            writeln!(page, "| `{}` | {kind} | {unit} | {labels} | {} |", metric.name, metric.help);
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/generated/metrics.md");
        let page = super::metrics_page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
            std::fs::write(path, &page).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap();
        assert_eq!(found, page, "run UPDATE=1 cargo test -p catalogue");
    }
}
