//! The process and the machine.

use super::{panel, target};
use crate::panel::Page;
use crate::panel::PanelKind::{Bars, Lines};

pub(crate) const PAGE: Page = Page {
    id: "resources",
    title: "Resources",
    help: "What do the process, its threads and the machine use?",
    panels: &[
        panel(
            Lines,
            ("cpu", "Processor", "short", 2),
            "Cores that the process uses, and that it may use.",
            &[
                target("rate(process_cpu_seconds_total{}[$w])", "used"),
                target("striatum_cpu_limit{}", "limit"),
            ],
        ),
        panel(
            Lines,
            ("memory", "Memory", "bytes", 2),
            "Resident size of the process, and what it may take.",
            &[
                target("process_resident_memory_bytes{}", "resident"),
                target("striatum_memory_limit_bytes{}", "limit"),
                target("striatum_memory_available_bytes{}", "available on the machine"),
            ],
        ),
        panel(
            Lines,
            ("workers", "Workers", "percentunit", 2),
            "Share of time that each thread which steps networks is busy.",
            &[target("rate(striatum_worker_busy_seconds_total{}[$w])", "{{worker}}")],
        ),
        panel(
            Lines,
            ("runtime", "Runtime", "short", 2),
            "Tasks that are alive and that wait, and cores that the runtime's threads use.",
            &[
                target("striatum_runtime_tasks{}", "tasks"),
                target("striatum_runtime_queue_depth{}", "waiting"),
                target("rate(striatum_runtime_busy_seconds_total{}[$w])", "busy cores"),
            ],
        ),
        panel(
            Lines,
            ("delay", "Runtime delay p99", "s", 2),
            "How much later than asked for the runtime wakes a task.",
            &[target(
                "histogram_quantile(0.99, sum by (le) (rate(striatum_runtime_delay_seconds_bucket{}[$w])))",
                "p99",
            )],
        ),
        panel(
            Lines,
            ("machine", "Machine", "short", 2),
            "Cores of the machine by mode, and its load.",
            &[
                target(
                    "sum by (kind) (rate(striatum_machine_cpu_seconds_total{}[$w]))",
                    "{{kind}}",
                ),
                target("striatum_machine_load{}", "load"),
            ],
        ),
        panel(
            Bars,
            ("disk", "Disks", "percentunit", 1),
            "How full the file systems are that the server writes to.",
            &[target(
                "1 - striatum_disk_available_bytes{} / striatum_disk_size_bytes{}",
                "{{path}}",
            )],
        )
        .marks(0.8, 0.95),
        panel(
            Lines,
            ("io", "Disk traffic", "Bps", 1),
            "Bytes that the process reads from disks and writes to them, a second.",
            &[target("rate(striatum_process_io_bytes_total{}[$w])", "{{direction}}")],
        ),
        panel(
            Lines,
            ("network", "Network", "Bps", 1),
            "Bytes over network interfaces a second.",
            &[target("rate(striatum_network_bytes_total{}[$w])", "{{interface}} {{direction}}")],
        ),
        panel(
            Lines,
            ("files", "Files and threads", "short", 1),
            "File descriptors and threads of the process.",
            &[target("process_open_fds{}", "files"), target("process_threads{}", "threads")],
        ),
        panel(
            Lines,
            ("switches", "Context switches", "ops", 2),
            "Context switches of the process a second.",
            &[target("rate(striatum_process_context_switches_total{}[$w])", "{{kind}}")],
        ),
        panel(
            Lines,
            ("stalls", "Stalls", "short", 2),
            "Stalls that were found since the start.",
            &[target("sum by (kind) (striatum_stalls_total{})", "{{kind}}")],
        ),
        panel(
            Lines,
            ("allocator", "Allocator", "bytes", 2),
            "Memory of the allocator by kind.",
            &[target("striatum_allocator_bytes{}", "{{kind}}")],
        ),
        panel(
            Lines,
            ("gpu", "GPUs", "percentunit", 2),
            "How busy GPUs are, and how much of their memory is in use.",
            &[
                target("striatum_gpu_utilization_ratio{}", "{{gpu}} busy"),
                target(
                    "striatum_gpu_memory_used_bytes{} / striatum_gpu_memory_size_bytes{}",
                    "{{gpu}} memory",
                ),
            ],
        ),
        panel(
            Lines,
            ("gpu-power", "GPU power and temperature", "short", 2),
            "Watts that GPUs draw, and degrees.",
            &[
                target("striatum_gpu_power_watts{}", "{{gpu}} W"),
                target("striatum_gpu_temperature_celsius{}", "{{gpu}} °C"),
            ],
        ),
        panel(
            Lines,
            ("temperature", "Temperature", "celsius", 2),
            "Temperature of parts of the machine.",
            &[target("striatum_temperature_celsius{}", "{{kind}}")],
        ),
    ],
};
