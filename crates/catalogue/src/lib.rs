//! Every metric, as data: what `observe` serves and what the reference page lists.
//! A signal exists only if it is defined here, and only what something emits is defined here.

mod metric;
mod page;

pub use metric::{Kind, METRICS, Metric};
pub use page::metrics_page;
