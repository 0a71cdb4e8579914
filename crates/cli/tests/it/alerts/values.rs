//! The figures that alerts and dashboards stand on, against what others measure: latencies as the
//! client took them, memory and processor time as the kernel and `ps` have them.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{BETWEEN, LOOKS, Watched, add_model, beside, image, own_models};

const ROUTE: &str = r#"route="/v2/models/{name}/infer""#;

/// The upper bounds of the latency histogram's buckets and how many are at most that.
fn buckets(server: &Watched) -> Vec<(f64, f64)> {
    let expr = format!("sum by (le) (striatum_http_request_duration_seconds_bucket{{{ROUTE}}})");
    let found = server.query(&expr).into_iter();
    let bound = |labels: &Value| labels["le"].as_str().unwrap().parse().unwrap();
    let mut all: Vec<(f64, f64)> = found.map(|(labels, n)| (bound(&labels), n)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all
}

/// The place of the bucket that a duration falls into.
fn place(bounds: &[(f64, f64)], seconds: f64) -> usize {
    bounds.iter().position(|(bound, _)| seconds <= *bound).unwrap()
}

/// Three kinds of requests, of some 5, 40 and 200 ms, six, three and one in ten of all: quantiles in
/// the middle of each kind are those that the client took, to one bucket.
#[test]
fn quantiles_are_those_that_clients_measure() {
    let models = own_models();
    let kinds = [("fast", 500, 60), ("middling", 4000, 30), ("slow", 20_000, 10)];
    for (name, steps, _) in kinds {
        add_model(models.path(), &format!("{name}/1"), |spec| {
            spec.replace("steps = 32", &format!("steps = {steps}"))
        });
    }
    let server = Watched::start("", models.path());
    let body = image(20, 255).to_string();
    // One connection, so that making it is in no measurement.
    let agent = ureq::Agent::new_with_defaults();
    let mut took: Vec<f64> = Vec::new();
    for (name, _, n) in kinds {
        let url = format!("http://{}/v2/models/{name}/infer", server.server.address);
        for _ in 0..n {
            let since = Instant::now();
            let request = agent.post(&url).header("content-type", "application/json");
            let answer = request.send(&body).unwrap().body_mut().read_to_string().unwrap();
            took.push(since.elapsed().as_secs_f64());
            assert!(answer.contains("outputs"), "{answer}");
        }
    }
    took.sort_by(f64::total_cmp);
    let count = format!("sum(striatum_http_request_duration_seconds_count{{{ROUTE}}})");
    server.wait("not all are counted", || server.value(&count) == took.len() as f64);
    let bounds = buckets(&server);
    let text = server.server.text("/metrics");
    for q in [0.3, 0.75, 0.95] {
        let exact = took[(q * took.len() as f64) as usize];
        let expr = format!(
            "histogram_quantile({q}, sum by (le) \
             (striatum_http_request_duration_seconds_bucket{{{ROUTE}}}))"
        );
        let told = server.value(&expr);
        let (of_told, of_exact) = (place(&bounds, told), place(&bounds, exact));
        assert!(of_told.abs_diff(of_exact) <= 1, "{q}: {told} s here, {exact} s at the client");
        // The text has the same buckets.
        let rank = q * took.len() as f64;
        let scraped = text.lines().filter(|line| {
            line.starts_with("striatum_http_request_duration_seconds_bucket{")
                && line.contains(ROUTE)
        });
        let scraped: Vec<f64> =
            scraped.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(scraped.len(), bounds.len());
        let of_scraped = scraped.iter().position(|n| *n >= rank).unwrap();
        assert!(of_scraped.abs_diff(of_exact) <= 1, "{q}: bucket {of_scraped} of /metrics");
    }
}

/// The value of a metric without labels in a text of `/metrics`.
fn of(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("{} "));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

/// What the kernel says of a process: resident bytes, and seconds on a processor.
fn kernel(process: u32) -> (f64, f64) {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
    let status = read("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident: f64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // Fields 14 and 15 of proc_pid_stat(5), in the hundredths of a second that are Linux' USER_HZ.
    let ticks: f64 = [11, 12].iter().map(|k| fields[*k].parse::<f64>().unwrap()).sum();
    (resident * 1024.0, ticks / 100.0)
}

/// What `ps` says of a process: the same, processor time in whole seconds.
fn ps(process: u32) -> (f64, f64) {
    let output = Command::new("ps")
        .args(["-o", "rss=,cputimes=", "-p", &process.to_string()])
        .output()
        .expect("ps is there");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut fields = text.split_whitespace().map(|field| field.parse::<f64>().unwrap());
    (fields.next().unwrap() * 1024.0, fields.next().unwrap())
}

fn is_near(found: f64, (least, most): (f64, f64), slack: f64) -> bool {
    (0.95 * least - slack..=1.05 * most + slack).contains(&found)
}

#[test]
fn memory_and_processor_time_are_those_of_the_kernel_and_of_ps() {
    let models = own_models();
    let server = Watched::start("", models.path());
    let id = server.server.child.id();
    // Enough of both for five hundredths to be something.
    let work = || _ = server.infer("digits", &image(500, 255));
    beside(2, work, || server.wait("it does nothing", || kernel(id).1 > 3.0));
    let mut seen = Vec::new();
    for _ in 0..LOOKS {
        // It is read twice a second: between two moments that are near each other.
        let (before, ps) = (kernel(id), ps(id));
        std::thread::sleep(Duration::from_millis(600));
        let text = server.server.text("/metrics");
        let after = kernel(id);
        let memory = of(&text, "process_resident_memory_bytes");
        let seconds = of(&text, "process_cpu_seconds_total");
        let near = is_near(memory, (before.0.min(after.0), before.0.max(after.0)), 0.0)
            && is_near(memory, (ps.0, ps.0), 0.0)
            && is_near(seconds, (before.1, after.1), 0.0)
            && is_near(seconds, (ps.1, ps.1 + 1.0), 0.0);
        seen = vec![memory, before.0, ps.0, seconds, before.1, after.1, ps.1];
        if near {
            return;
        }
        std::thread::sleep(BETWEEN);
    }
    panic!("memory here, in the kernel, in ps; seconds likewise: {seen:?}");
}
