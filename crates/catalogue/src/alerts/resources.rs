//! Processor, memory, disk, files, threads, GPUs.

use super::alert;
use crate::alert::Severity::{Critical, Warning};
use crate::alert::{Alert, Area};

const AREA: Area = Area::Resources;

pub(crate) const ALERTS: &[Alert] = &[
    alert(
        AREA,
        Warning,
        "HighCpu",
        "rate(process_cpu_seconds_total{}[5m]) / striatum_cpu_limit{} > 0.8",
    )
    .hold("5m")
    .says(
        "The process uses {{ $value | humanizePercentage }} of its processors.",
        "There is little left for more load.",
        "Busy time of workers; `/debug/pprof/profile` says where it goes.",
        "Add instances or cores.",
    )
    .fires(
        &[("process_cpu_seconds_total{}", "0+108x120"), ("striatum_cpu_limit{}", "2x120")],
        &[],
        "90%",
    )
    .silent(&[("process_cpu_seconds_total{}", "0+60x120"), ("striatum_cpu_limit{}", "2x120")]),
    alert(
        AREA,
        Critical,
        "HighMemory",
        "process_resident_memory_bytes{} / striatum_memory_limit_bytes{} > 0.9",
    )
    .hold("5m")
    .says(
        "The process holds {{ $value | humanizePercentage }} of the memory that it may.",
        "It is about to be killed.",
        "Bytes of sessions and of the history, models; `/debug/pprof/heap` says who holds what.",
        "Unload models, lower `sessions.max_bytes`, or give it more.",
    )
    .fires(
        &[
            ("process_resident_memory_bytes{}", "95x120"),
            ("striatum_memory_limit_bytes{}", "100x120"),
        ],
        &[],
        "95%",
    )
    .silent(&[
        ("process_resident_memory_bytes{}", "50x120"),
        ("striatum_memory_limit_bytes{}", "100x120"),
    ]),
    alert(
        AREA,
        Warning,
        "DiskFills",
        "1 - striatum_disk_available_bytes{} / striatum_disk_size_bytes{} > 0.8",
    )
    .hold("5m")
    .says(
        "The disk under {{ $labels.path }} is {{ $value | humanizePercentage }} full.",
        "Soon nothing durable can be written.",
        "State, backups, and what else lies there.",
        "Remove old backups (`striatum backup prune`), or make the disk larger.",
    )
    .fires(
        &[
            (r#"striatum_disk_available_bytes{path="/s"}"#, "15x120"),
            (r#"striatum_disk_size_bytes{path="/s"}"#, "100x120"),
        ],
        &[("path", "/s")],
        "85%",
    )
    .silent(&[
        (r#"striatum_disk_available_bytes{path="/s"}"#, "50x120"),
        (r#"striatum_disk_size_bytes{path="/s"}"#, "100x120"),
    ]),
    alert(
        AREA,
        Critical,
        "DiskFull",
        "1 - striatum_disk_available_bytes{} / striatum_disk_size_bytes{} > 0.95",
    )
    .hold("2m")
    .says(
        "The disk under {{ $labels.path }} is {{ $value | humanizePercentage }} full.",
        "Writes fail, or will in a moment; inference goes on.",
        "State, backups, and what else lies there.",
        "Make room now: `striatum backup prune`, logs, other programs.",
    )
    .fires(
        &[
            (r#"striatum_disk_available_bytes{path="/s"}"#, "2x120"),
            (r#"striatum_disk_size_bytes{path="/s"}"#, "100x120"),
        ],
        &[("path", "/s")],
        "98%",
    )
    .silent(&[
        (r#"striatum_disk_available_bytes{path="/s"}"#, "15x120"),
        (r#"striatum_disk_size_bytes{path="/s"}"#, "100x120"),
    ]),
    alert(
        AREA,
        Warning,
        "FileDescriptorsRunOut",
        "process_open_fds{} / process_max_fds{} > 0.8",
    )
    .hold("5m")
    .says(
        "{{ $value | humanizePercentage }} of the file descriptors are in use.",
        "Soon no connection can be taken.",
        "Connections, and what else is open (`/proc/PID/fd`).",
        "Raise the limit (`ulimit -n`), or lower `connections.max`.",
    )
    .fires(&[("process_open_fds{}", "900x120"), ("process_max_fds{}", "1000x120")], &[], "90%")
    .silent(&[("process_open_fds{}", "90x120"), ("process_max_fds{}", "1000x120")]),
    alert(AREA, Critical, "Stalled", "increase(striatum_stalls_total{}[5m]) > 0")
        .keep("5m")
        .says(
            "A {{ $labels.kind }} stalled.",
            "A thread is blocked or a lock was held for too long; requests wait behind it.",
            "The log has the place: the stack of the thread, or who held the lock.",
            "Report it with that stack; start the instance again where it does not end.",
        )
        .fires(
            &[(r#"striatum_stalls_total{kind="worker"}"#, "0+1x120")],
            &[("kind", "worker")],
            "5",
        )
        .silent(&[(r#"striatum_stalls_total{kind="worker"}"#, "2x120")]),
    alert(
        AREA,
        Warning,
        "RuntimeDelayed",
        "histogram_quantile(0.99, sum by (le) (rate(striatum_runtime_delay_seconds_bucket{}[5m]))) > 0.1",
    )
    .hold("5m")
    .says(
        "The runtime wakes tasks up to {{ $value | humanizeDuration }} late.",
        "Its threads are busy or blocked; every answer is late by that.",
        "Processor use, stalls, the profile.",
        "Add cores, or lower `workers` so that the runtime has one of its own.",
    )
    .fires(
        &[
            (r#"striatum_runtime_delay_seconds_bucket{le="0.25"}"#, "0+0x120"),
            (r#"striatum_runtime_delay_seconds_bucket{le="0.5"}"#, "0+60x120"),
            (r#"striatum_runtime_delay_seconds_bucket{le="+Inf"}"#, "0+60x120"),
        ],
        &[],
        "497.5ms",
    )
    .silent(&[
        (r#"striatum_runtime_delay_seconds_bucket{le="0.01"}"#, "0+60x120"),
        (r#"striatum_runtime_delay_seconds_bucket{le="+Inf"}"#, "0+60x120"),
    ]),
    alert(AREA, Warning, "GpuHot", "striatum_gpu_temperature_celsius{} > 85")
        .hold("5m")
        .says(
            "GPU {{ $labels.gpu }} has {{ $value | humanize }} degrees.",
            "It will slow itself down.",
            "Its fan, its load, the air around it.",
            "Lower its load, or cool it.",
        )
        .fires(
            &[(r#"striatum_gpu_temperature_celsius{gpu="0"}"#, "90x120")],
            &[("gpu", "0")],
            "90",
        )
        .silent(&[(r#"striatum_gpu_temperature_celsius{gpu="0"}"#, "60x120")]),
    alert(
        AREA,
        Critical,
        "GpuErrors",
        r#"increase(striatum_gpu_errors_total{kind="uncorrected"}[10m]) > 0"#,
    )
    .says(
        "GPU {{ $labels.gpu }} has memory errors that could not be corrected.",
        "What it computes may be wrong.",
        "`nvidia-smi -q -d ECC`.",
        "Take it out of use.",
    )
    .fires(
        &[(r#"striatum_gpu_errors_total{gpu="0",kind="uncorrected"}"#, "0+1x120")],
        &[("gpu", "0"), ("kind", "uncorrected")],
        "10",
    )
    .silent(&[(r#"striatum_gpu_errors_total{gpu="0",kind="corrected"}"#, "0+1x120")]),
];
