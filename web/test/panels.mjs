// The mock's panels: what the server would list, and what each expression is worth at a time.
// Values are functions of time alone, so that two answers for one time are the same.

const wave = (t, period, phase = 0) => Math.sin((2 * Math.PI * t) / period + phase);
/** Noise in [-1, 1] that is the same for the same second and salt. */
export function noise(t, salt = 0) {
  const x = Math.sin(Math.floor(t) * 12.9898 + salt * 78.233) * 43758.5453;
  return 2 * (x - Math.floor(x)) - 1;
}
const around = (mean, share, period, salt) => (t) => mean * (1 + share * (0.6 * wave(t, period, salt) + 0.4 * noise(t, salt)));
const one = (f) => (t) => [{ labels: {}, value: f(t) }];
const by = (name, entries) => (t) => Object.entries(entries).map(([label, f]) => ({ labels: { [name]: label }, value: f(t) }));

const MODELS = { digits: around(412, 0.3, 700, 1), gestures: around(96, 0.25, 500, 2), keywords: around(38, 0.5, 300, 3) };
const scaled = (entries, factor) => Object.fromEntries(Object.entries(entries).map(([k, f]) => [k, (t) => f(t) * factor]));

const stat = (id, title, unit, expr, f, more = {}) => ({ id, title, kind: "stat", unit, span: 1, targets: [{ expr, legend: "" }], values: [f], description: `${title}, over the last minute.`, ...more });
const chart = (id, title, unit, targets, more = {}) => ({ id, title, kind: "timeseries", unit, span: 2, targets: targets.map(([expr, legend]) => ({ expr, legend })), values: targets.map(([, , f]) => f), description: `${title} over time.`, ...more });
const bars = (id, title, unit, expr, legend, f, more = {}) => ({ id, title, kind: "bars", unit, span: 2, targets: [{ expr, legend }], values: [f], ...more });

const quantiles = (metric, base) => [0.5, 0.95, 0.99].map((q, i) => [
  `histogram_quantile(${q}, sum by (le) (rate(${metric}_bucket[1m])))`, `p${q * 100}`, one(around(base * [1, 2.6, 4.4][i], 0.25, 420 + 90 * i, i + 4))]);

export const PAGES = [
  { id: "overview", title: "Overview", panels: [
    stat("requests-now", "Requests", "reqps", "sum(rate(striatum_requests_total[1m]))", one((t) => Object.values(MODELS).reduce((sum, f) => sum + f(t), 0))),
    stat("failing", "Failing requests", "percentunit", 'sum(rate(striatum_requests_total{outcome!="ok"}[1m])) / sum(rate(striatum_requests_total[1m]))', one(around(0.0042, 0.8, 600, 5)), { thresholds: [{ value: 0.01, color: "orange" }, { value: 0.05, color: "red" }] }),
    stat("p99-now", "Latency p99", "s", "histogram_quantile(0.99, sum by (le) (rate(striatum_request_duration_seconds_bucket[5m])))", one(around(0.0131, 0.3, 420, 6)), { thresholds: [{ value: 0.01, color: "orange" }] }),
    stat("energy-now", "Energy of a request", "joule", "sum(rate(striatum_energy_joules_total[1m])) / sum(rate(striatum_requests_total[1m]))", one(around(3.1e-7, 0.1, 900, 7))),
    chart("requests", "Requests", "reqps", [["sum by (model) (rate(striatum_requests_total[1m]))", "{{model}}", by("model", MODELS)]]),
    chart("latency", "Latency", "s", quantiles("striatum_request_duration_seconds", 0.0029), { thresholds: [{ value: 0.01, color: "orange" }] }),
    chart("in-flight", "In flight", "short", [["striatum_requests_in_flight", "in flight", one((t) => Math.max(0, Math.round(6 + 5 * wave(t, 300) + 3 * noise(t, 8))))], ["striatum_sessions", "sessions", one((t) => Math.round(24 + 8 * wave(t, 1500)))]]),
    chart("memory", "Memory", "bytes", [["process_resident_memory_bytes", "resident", one((t) => 310 * 2 ** 20 * (1 + 0.05 * wave(t, 2400)))], ["striatum_session_bytes", "sessions", one((t) => 42 * 2 ** 20 * (1 + 0.3 * wave(t, 1500)))]]),
  ] },
  { id: "engine", title: "Engine", panels: [
    stat("spikes-now", "Spikes", "ops", "sum(rate(striatum_spikes_total[1m]))", one(around(2.84e6, 0.2, 600, 9))),
    stat("synops-now", "Synaptic operations", "ops", "sum(rate(striatum_synaptic_operations_total[1m]))", one(around(1.27e9, 0.2, 600, 10))),
    stat("steps-now", "Steps", "ops", "sum(rate(striatum_steps_total[1m]))", one(around(54_600, 0.2, 600, 11))),
    stat("sparsity", "Silent neurons", "percentunit", "1 - avg(striatum_active_share)", one(around(0.923, 0.01, 600, 12))),
    chart("spike-rate", "Spike rate by population", "hertz", [["sum by (population) (rate(striatum_population_spikes_total[1m]))", "{{population}}", by("population", { input: around(41, 0.2, 300, 13), fc1: around(18, 0.3, 420, 14), fc2: around(11, 0.3, 500, 15), out: around(4, 0.5, 240, 16) })]]),
    bars("synops", "Synaptic operations by model", "ops", "sum by (model) (rate(striatum_synaptic_operations_total[5m]))", "{{model}}", by("model", scaled(MODELS, 2.3e6))),
  ] },
  { id: "serving", title: "Serving", panels: [
    chart("outcomes", "Requests by outcome", "reqps", [["sum by (outcome) (rate(striatum_requests_total[1m]))", "{{outcome}}", by("outcome", { ok: around(541, 0.2, 700, 17), busy: around(3.4, 0.9, 200, 18), bad_request: around(0.8, 0.9, 500, 19), timed_out: around(0.05, 1, 100, 20) })]]),
    chart("inference", "Inference time", "s", quantiles("striatum_inference_duration_seconds", 0.0016)),
    chart("queue", "Wait for a worker", "s", quantiles("striatum_queue_duration_seconds", 0.00021)),
    bars("refused", "Refused", "reqps", "sum by (reason) (rate(striatum_refused_total[5m]))", "{{reason}}", by("reason", { rate_limited: around(2.1, 0.3, 300, 21), unauthenticated: around(0.4, 0.3, 300, 22), forbidden: around(0.02, 0.3, 300, 23) })),
    { id: "versions", title: "Requests by version", kind: "table", unit: "reqps", span: 4, description: "Which versions answer, now.", targets: [{ expr: "sum by (model, version, profile) (rate(striatum_requests_total[5m]))" }],
      values: [(t) => [["digits", "1", "snntorch"], ["digits", "2", "snntorch"], ["gestures", "1", "norse"], ["keywords", "3", "sinabs"]].map(([model, version, profile], i) => ({ labels: { model, version, profile }, value: around([391, 21, 96, 38][i], 0.2, 400, i)(t) }))] },
  ] },
  { id: "memory", title: "Memory", panels: [
    stat("entries", "Memories", "short", "sum(striatum_memory_entries)", one((t) => 128_400 + Math.floor(t / 60) % 1000)),
    stat("recall-p95", "Recall p95", "s", "histogram_quantile(0.95, sum by (le) (rate(striatum_recall_duration_seconds_bucket[5m])))", one(around(0.0071, 0.2, 400, 30))),
    chart("operations", "Memory operations", "ops", [["sum by (operation) (rate(striatum_memory_operations_total[1m]))", "{{operation}}", by("operation", { recall: around(212, 0.3, 400, 31), learn: around(34, 0.3, 500, 32), forget: around(1.2, 0.6, 600, 33) })]]),
    chart("hit-rate", "Cache hit rate", "percentunit", [["sum(rate(striatum_cache_hits_total[5m])) / sum(rate(striatum_cache_requests_total[5m]))", "hit rate", one(around(0.87, 0.06, 700, 34))]], { thresholds: [{ value: 0.9, color: "green" }] }),
    bars("stored", "Storage by tenant", "bytes", "sum by (tenant) (striatum_storage_bytes)", "{{tenant}}", by("tenant", { north: () => 8.1e9, south: () => 3.3e9, "research-lab-with-a-long-name": () => 4.2e8 }), { thresholds: [{ value: 8e9, color: "orange" }] }),
  ] },
  { id: "agents", title: "Agents", panels: [] },
  { id: "resources", title: "Resources", panels: [
    chart("cpu", "Processor", "percentunit", [["rate(process_cpu_seconds_total[1m])", "this process", one(around(0.62, 0.25, 500, 40))]], { thresholds: [{ value: 0.8, color: "orange" }] }),
    chart("resident", "Resident memory", "bytes", [["process_resident_memory_bytes", "resident", one((t) => 310 * 2 ** 20 * (1 + 0.05 * wave(t, 2400)))]]),
    chart("network", "Network", "Bps", [["sum by (direction) (rate(striatum_network_bytes_total[1m]))", "{{direction}}", by("direction", { received: around(3.1e6, 0.3, 400, 41), sent: around(4.4e5, 0.3, 400, 42) })]]),
    bars("disk", "Disk used", "percentunit", "striatum_disk_used_ratio", "{{mount}}", by("mount", { "/state": () => 0.71, "/models": () => 0.31, "/backups": () => 0.93 }), { thresholds: [{ value: 0.9, color: "red" }] }),
  ] },
];

/** What the server lists: the panels without the values. */
export const listed = (change) => PAGES.map(({ panels, ...page }) => ({ ...page, title: change(page.title), panels: panels.map(({ values, ...panel }) =>
  ({ ...panel, title: change(panel.title), ...(panel.description ? { description: change(panel.description) } : {}) })) }));

/** Expression to values at a time in seconds. */
export const WORTH = new Map(PAGES.flatMap(({ panels }) => panels.flatMap((panel) => panel.targets.map(({ expr }, i) => [expr, panel.values[i]]))));
