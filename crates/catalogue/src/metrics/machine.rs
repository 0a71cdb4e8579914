//! The process and the machine: processor, memory, files, disks, network, runtime, GPUs.

use super::{SECONDS, counter, gauge, histogram, sum};
use crate::label::{DIRECTION, GPU, INTERFACE, KIND, PATH, WORKER};
use crate::metric::Metric;

pub(crate) const METRICS: &[Metric] = &[
    sum("process_cpu_seconds_total", &[], "Processor time of the process, user and system."),
    gauge("process_resident_memory_bytes", &[], "Resident size of the process."),
    gauge("process_virtual_memory_bytes", &[], "Virtual size of the process."),
    gauge("process_start_time_seconds", &[], "Start of the process, in seconds since 1970."),
    gauge("process_open_fds", &[], "File descriptors that are open."),
    gauge("process_max_fds", &[], "File descriptors that may be open."),
    gauge("process_threads", &[], "Threads of the process."),
    counter(
        "striatum_process_context_switches_total",
        &[KIND],
        "Context switches of the process: voluntary, involuntary.",
    ),
    counter(
        "striatum_process_io_bytes_total",
        &[DIRECTION],
        "Bytes that the process read from disks and wrote to them.",
    ),
    gauge(
        "striatum_memory_limit_bytes",
        &[],
        "Memory that the process may take: its control group's limit, or the machine's memory.",
    ),
    gauge("striatum_memory_available_bytes", &[], "Memory of the machine that is available."),
    gauge("striatum_cpu_limit", &[], "Cores that the process may use."),
    sum("striatum_machine_cpu_seconds_total", &[KIND], "Processor time of the machine by mode."),
    gauge("striatum_machine_load", &[], "Load average of the machine over one minute."),
    gauge("striatum_disk_size_bytes", &[PATH], "Size of the file system under a folder."),
    gauge("striatum_disk_available_bytes", &[PATH], "Room on the file system under a folder."),
    counter(
        "striatum_network_bytes_total",
        &[INTERFACE, DIRECTION],
        "Bytes over a network interface: received, sent.",
    ),
    gauge("striatum_temperature_celsius", &[KIND], "Temperature of a part of the machine."),
    gauge(
        "striatum_allocator_bytes",
        &[KIND],
        "Memory of the allocator: allocated, active, resident, mapped, retained.",
    ),
    gauge("striatum_runtime_tasks", &[], "Tasks of the asynchronous runtime that are alive."),
    gauge("striatum_runtime_queue_depth", &[], "Tasks that wait in the runtime's global queue."),
    sum(
        "striatum_runtime_busy_seconds_total",
        &[],
        "Time that the runtime's threads were busy, over all of them.",
    ),
    histogram(
        "striatum_runtime_delay_seconds",
        SECONDS,
        &[],
        "How much later than asked for the runtime wakes a task.",
    ),
    sum(
        "striatum_worker_busy_seconds_total",
        &[WORKER],
        "Time that a thread which steps networks was busy.",
    ),
    gauge("striatum_gpu_utilization_ratio", &[GPU], "Share of time that a GPU was busy."),
    gauge("striatum_gpu_memory_used_bytes", &[GPU], "Memory of a GPU that is in use."),
    gauge("striatum_gpu_memory_size_bytes", &[GPU], "Memory of a GPU."),
    gauge("striatum_gpu_temperature_celsius", &[GPU], "Temperature of a GPU."),
    gauge("striatum_gpu_power_watts", &[GPU], "Power that a GPU draws."),
    counter(
        "striatum_gpu_errors_total",
        &[GPU, KIND],
        "Memory errors of a GPU: corrected, uncorrected.",
    ),
];
