//! What the process and its machine use, read every few seconds and shown as metrics; threads and
//! locks that stand still.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use observe::{Counter, Metrics, Sum};
use resources::{Gpus, Machine, Process, Runtime};

/// What was read last, for health.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// The share of the memory that the process may take which it takes.
    pub(crate) memory: Option<f64>,
    /// How full the fullest disk is.
    pub(crate) disk: Option<f64>,
}

/// Reads, and shows what it read.
pub(crate) struct Reader {
    metrics: Arc<Metrics>,
    folders: Vec<PathBuf>,
    gpus: Gpus,
    usage: Mutex<Usage>,
}

impl Reader {
    /// Of the file systems under these folders.
    pub(crate) fn new(metrics: &Arc<Metrics>, folders: Vec<PathBuf>) -> Self {
        let gpus = Gpus::find();
        if let Gpus::Absent { reason } = &gpus {
            tracing::debug!(reason, "no GPU is watched");
        }
        Self { metrics: Arc::clone(metrics), folders, gpus, usage: Mutex::default() }
    }

    pub(crate) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads everything; a few hundred microseconds.
    pub(crate) fn read(&self) {
        let mut usage = Usage::default();
        let process = Process::read();
        let paths: Vec<&std::path::Path> = self.folders.iter().map(PathBuf::as_path).collect();
        let machine = Machine::read(&paths);
        if let Ok(process) = &process {
            self.process(process);
        }
        if let Ok(machine) = &machine {
            self.machine(machine, &mut usage);
        }
        if let (Ok(process), Ok(machine)) = (&process, &machine) {
            let group = process.cgroup.as_ref();
            let limit = group.and_then(|g| g.memory_limit_bytes);
            let limit = limit.unwrap_or(machine.memory_total_bytes).max(1) as f64;
            self.gauge("striatum_memory_limit_bytes", &[], limit);
            usage.memory = Some(process.resident_bytes as f64 / limit);
            let cores = group.and_then(|g| g.cpu_limit_cores);
            self.gauge("striatum_cpu_limit", &[], cores.unwrap_or(machine.cores.len() as f64));
        }
        if let Ok(allocator) = resources::profile::heap::allocator() {
            for (kind, bytes) in [
                ("allocated", allocator.allocated_bytes),
                ("active", allocator.active_bytes),
                ("resident", allocator.resident_bytes),
                ("mapped", allocator.mapped_bytes),
                ("retained", allocator.retained_bytes),
            ] {
                self.gauge("striatum_allocator_bytes", &[kind], bytes as f64);
            }
        }
        self.gpus();
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }

    fn gauge(&self, name: &str, labels: &[&str], value: f64) {
        self.metrics.gauge(name, labels).set(value);
    }

    fn process(&self, process: &Process) {
        let cpu = process.cpu_user_seconds + process.cpu_system_seconds;
        catch_up_sum(&self.metrics.sum("process_cpu_seconds_total", &[]), cpu);
        self.gauge("process_resident_memory_bytes", &[], process.resident_bytes as f64);
        self.gauge("process_virtual_memory_bytes", &[], process.virtual_bytes as f64);
        self.gauge("process_start_time_seconds", &[], process.start_seconds);
        self.gauge("process_open_fds", &[], process.n_open_files as f64);
        let most = process.max_open_files.map_or(f64::INFINITY, |n| n as f64);
        self.gauge("process_max_fds", &[], most);
        self.gauge("process_threads", &[], process.n_threads as f64);
        let counter = |name, labels: &[&str], total| {
            catch_up(&self.metrics.counter(name, labels), total);
        };
        let switches = "striatum_process_context_switches_total";
        counter(switches, &["voluntary"], process.context_switches_voluntary);
        counter(switches, &["involuntary"], process.context_switches_involuntary);
        let io = "striatum_process_io_bytes_total";
        counter(io, &["read"], process.disk_read_bytes.unwrap_or(0));
        counter(io, &["written"], process.disk_written_bytes.unwrap_or(0));
        for interface in &process.interfaces {
            let name = "striatum_network_bytes_total";
            counter(name, &[&interface.name, "received"], interface.received_bytes);
            counter(name, &[&interface.name, "sent"], interface.sent_bytes);
        }
    }

    fn machine(&self, machine: &Machine, usage: &mut Usage) {
        let sum = |of: fn(&resources::Core) -> f64| machine.cores.iter().map(of).sum::<f64>();
        for (kind, seconds) in [
            ("user", sum(|c| c.user_seconds + c.nice_seconds)),
            ("system", sum(|c| c.system_seconds + c.irq_seconds + c.softirq_seconds)),
            ("iowait", sum(|c| c.iowait_seconds)),
            ("steal", sum(|c| c.steal_seconds)),
            ("idle", sum(|c| c.idle_seconds)),
        ] {
            catch_up_sum(&self.metrics.sum("striatum_machine_cpu_seconds_total", &[kind]), seconds);
        }
        self.gauge("striatum_machine_load", &[], machine.load_averages[0]);
        let available = machine.memory_available_bytes as f64;
        self.gauge("striatum_memory_available_bytes", &[], available);
        for disk in &machine.disks {
            let Ok(space) = &disk.space else { continue };
            let path = disk.path.display().to_string();
            let (total, free) = (space.total_bytes.max(1) as f64, space.free_bytes as f64);
            self.gauge("striatum_disk_size_bytes", &[&path], total);
            self.gauge("striatum_disk_available_bytes", &[&path], free);
            let used = 1.0 - free / total;
            usage.disk = Some(usage.disk.map_or(used, |most| most.max(used)));
        }
        for temperature in &machine.temperatures {
            let name = "striatum_temperature_celsius";
            self.gauge(name, &[&temperature.sensor], temperature.celsius);
        }
    }

    fn gpus(&self) {
        let Ok(gpus) = self.gpus.read() else { return };
        for gpu in gpus {
            let own = gpu.index.to_string();
            let gauge = |name, value: Option<f64>| {
                if let Some(value) = value {
                    self.gauge(name, &[&own], value);
                }
            };
            gauge("striatum_gpu_utilization_ratio", gpu.utilization);
            gauge("striatum_gpu_memory_used_bytes", gpu.memory_used_bytes.map(|b| b as f64));
            gauge("striatum_gpu_memory_size_bytes", gpu.memory_total_bytes.map(|b| b as f64));
            gauge("striatum_gpu_temperature_celsius", gpu.temperature_celsius);
            gauge("striatum_gpu_power_watts", gpu.power_watts);
            let errors = |kind, total: Option<u64>| {
                if let Some(total) = total {
                    let labels = [own.as_str(), kind];
                    catch_up(&self.metrics.counter("striatum_gpu_errors_total", &labels), total);
                }
            };
            errors("corrected", gpu.ecc_errors_corrected);
            errors("uncorrected", gpu.ecc_errors_uncorrected);
        }
    }

    /// Shows what the asynchronous runtime does.
    pub(crate) fn runtime(&self) {
        let runtime = Runtime::read(&tokio::runtime::Handle::current());
        self.gauge("striatum_runtime_tasks", &[], runtime.n_alive_tasks as f64);
        self.gauge("striatum_runtime_queue_depth", &[], runtime.global_queue_depth as f64);
        let busy = runtime.workers.iter().map(|worker| worker.busy_seconds).sum();
        catch_up_sum(&self.metrics.sum("striatum_runtime_busy_seconds_total", &[]), busy);
    }
}

/// Brings a counter to a total that is counted elsewhere.
fn catch_up(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn catch_up_sum(sum: &Sum, total: f64) {
    let missing = total - sum.get();
    if missing > 0.0 {
        sum.inc_by(missing);
    }
}
