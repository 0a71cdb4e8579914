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
}
