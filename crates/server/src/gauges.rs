//! What is looked at only when somebody looks: gauges that nothing sets on its way.

use crate::request::Server;

impl Server {
    /// Sets every gauge that stands for the present.
    pub(crate) fn show(&self) {
        let set = |name: &str, value: f64| self.metrics.gauge(name, &[]).set(value);
        self.workers.show();
        set("striatum_requests_in_flight_limit", self.config.max_in_flight as f64);
        set("striatum_models", self.repository.names() as f64);
        set("striatum_series", self.metrics.n_series() as f64);
        set("striatum_experiments_running", self.experiments.running() as f64);
        let interval = self.config.backup.as_ref().map_or(0.0, |b| b.every_hours * 3600.0);
        set("striatum_backup_interval_seconds", interval);
    }

    /// The share of the memory that the process may take which it takes.
    pub(crate) fn memory_used(&self) -> Option<f64> {
        let used = self.metrics.gauge("process_resident_memory_bytes", &[]).get();
        let limit = self.metrics.gauge("striatum_memory_limit_bytes", &[]).get();
        (limit > 0.0).then(|| used / limit)
    }

    /// How full the fullest disk is that the server writes to.
    pub(crate) fn disk_used(&self) -> Option<f64> {
        None
    }
}
