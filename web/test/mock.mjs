// A server that answers as Striatum does, with values that move. `node test/mock.mjs [port]` runs it alone.
// `options` may change while it runs: `key` to ask for one, `xss` to put markup into every text, `empty`, `forbidden`.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { listed, noise, WORTH } from "./panels.mjs";
import { remembered } from "./remembered.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8" };
export const HEADERS = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};
export const XSS = `<img src=x onerror="window.hurt=1">"'<script>window.hurt=1</script>`;
const POPULATIONS = [["input", 784, 0.021], ["fc1", 1000, 0.013], ["fc2", 256, 0.018], ["out", 10, 0.05]];
const LIVE_STEPS = 20;
const LIVE_MS = 200;
const START = Date.now();
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();

function live(model, step0) {
  const populations = POPULATIONS.map(([name, size, rate], p) => {
    const spikes = [];
    for (let step = 0; step < LIVE_STEPS; step += 1) {
      const now = step0 + step, burst = 1 + 0.8 * Math.sin(now / 40 + p);
      for (let n = 0; n < size * rate * burst * (1 + 0.3 * noise(now, p)); n += 1) {
        const wide = (noise(now * 31 + n, p + 7) + 1) / 2, near = ((now / 300 + p / 5) % 1 + 0.09 * noise(now * 17 + n, p + 9) + 1) % 1;
        spikes.push([step, Math.floor((n % 3 ? near : wide) * size)]);
      }
    }
    return { name, size, spikes };
  });
  return { model, version: "1", step0, steps: LIVE_STEPS, populations, rates: populations.map(({ size, spikes }) => spikes.length / (size * LIVE_STEPS)) };
}

function histogram(mean, sd, skew) {
  const edges = Array.from({ length: 41 }, (_, i) => mean + sd * (i - 20) * 0.2);
  const counts = edges.slice(0, -1).map((edge, i) => { const z = (edge - mean) / sd; return Math.round(4e4 * Math.exp(-0.5 * z * z * (z > 0 ? skew : 1)) * (1 + 0.06 * noise(i, mean))); });
  return { edges, counts };
}

const LINES = [
  ["INFO", "server::repository", "version is served", { model: "digits", version: 2, took_ms: 41 }],
  ["INFO", "server::http", "answered", { model: "digits", outcome: "ok", took_ms: 2.91 }],
  ["WARN", "server::rollout", "candidate is slower than the stable version", { model: "digits", p95_ms: 6.2, limit_ms: 5.9 }],
  ["INFO", "server::sessions", "session parked", { tenant: "north", id: "arm-7" }],
  ["ERROR", "store::postgres", "statement failed: connection reset by peer, tried again", { attempt: 2 }],
  ["DEBUG", "server::workers", "batch of 4 taken", { model: "gestures" }],
];
const LEVELS = ["trace", "debug", "info", "warn", "error"];

function tables(options) {
  const x = (text) => (options.xss ? `${text} ${XSS}` : text);
  const few = (list) => (options.empty ? [] : list);
  const alert = (fingerprint, name, state, severity, summary, seconds, value, more = {}) => ({
    fingerprint, name: x(name), state, severity, summary: x(summary), description: x("The value has been above its limit for the whole window."),
    runbook: options.xss ? "javascript:window.hurt=1" : `https://example.org/runbooks/${name}`, labels: { alertname: x(name), model: x("digits") }, since: ago(seconds), value,
    acknowledged: null, silenced: false, inhibited: false, ...more });
  return {
    alerts: few([
      alert("a1", "LatencyHigh", "firing", "critical", "p99 of digits is above 10 ms", 340, 0.0131, options.acknowledged ? { acknowledged: { by: x("operator"), comment: x(options.acknowledged) } } : {}),
      alert("a2", "DiskNearlyFull", "firing", "warning", "/backups is 93 % full", 8400, 0.93),
      alert("a3", "RateLimited", "pending", "info", "Callers of north are refused more than usual", 45, 2.1),
      alert("a4", "PeerUnhealthy", "firing", "warning", "Peer east does not answer", 1200, 0, { silenced: true }),
    ]),
    logs: few(Array.from({ length: 60 }, (_, i) => { const [level, target, message, fields] = LINES[(i * 7) % LINES.length]; return { time: ago(i * 3.7), level, target: x(target), message: x(message), fields: Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, typeof v === "string" ? x(v) : v])), trace_id: i % 3 ? null : `trace${i}` }; })),
    traces: few(Array.from({ length: 25 }, (_, i) => ({ trace_id: `trace${i}`, name: x(["POST /v2/models/{name}/infer", "POST /v1/sessions", "gRPC ModelInfer"][i % 3]), start: ago(i * 11), duration_ms: 2 + 9 * Math.abs(noise(i, 3)), status: i % 9 === 4 ? "error" : "ok", spans: 6 }))),
    spans: few([
      ["s1", null, "request", 0, 8.4, { method: "POST", route: "/v2/models/{name}/infer", status: 200 }], ["s2", "s1", "authenticate", 0.1, 0.3, { role: "caller" }],
      ["s3", "s1", "queue", 0.5, 1.2, { depth: 3 }], ["s4", "s1", "infer", 1.8, 6.1, { model: "digits", version: 2, steps: 100 }],
      ["s5", "s4", "encode", 1.9, 0.7, { encoder: "poisson" }], ["s6", "s4", "step", 2.7, 4.6, { spikes: 18422, synaptic_operations: 3.1e6 }], ["s7", "s4", "decode", 7.4, 0.4, {}],
    ].map(([span_id, parent_id, name, start_ms, duration_ms, attributes]) => ({ span_id, parent_id, name: x(name), start_ms, duration_ms, attributes: options.xss ? { note: x("note") } : attributes }))),
    health: {
      status: "degraded", score: 0.87, version: x("0.4.0"), uptime_seconds: Math.round((Date.now() - START) / 1000) + 93_784,
      checks: few([["engine", "healthy", "reference network gives the reference spikes", 1.84], ["store", "healthy", "PostgreSQL answers", 0.91], ["disk", "degraded", "/backups is 93 % full", 0.12], ["workers", "healthy", "4 of 4 take work", 0.02]].map(([name, status, detail, took_ms]) => ({ name: x(name), status, detail: x(detail), took_ms }))),
      errors: few([{ time: ago(95), message: x("statement failed: connection reset by peer") }, { time: ago(4000), message: x("model keywords: model.nir: node 3 has no edges") }]),
    },
    silences: few(options.silences),
    models: few([["digits", "1", "READY"], ["digits", "2", "READY"], ["gestures", "1", "READY"], ["keywords", "3", "UNAVAILABLE"]].map(([name, version, state]) => ({ name: options.xss ? `${name}<b>` : name, version, state, reason: state === "READY" ? "" : x("model.nir: node 3 has no edges") }))),
    projections: few([["input→fc1", "input", "fc1", 0.004, 0.06, 1.3], ["fc1→fc2", "fc1", "fc2", -0.011, 0.09, 0.7], ["fc2→out", "fc2", "out", 0.02, 0.14, 1]].map(([name, from, to, mean, sd, skew]) => ({ name: x(name), from: x(from), to: x(to), histogram: histogram(mean, sd, skew), min: mean - 4 * sd, max: mean + 4 * sd, mean }))),
    rules: few([{ name: "serving", rules: [{ name: x("LatencyHigh"), query: x("histogram_quantile(0.99, sum by (le) (rate(striatum_request_duration_seconds_bucket[5m]))) > 0.01"), duration: 120, state: "firing", health: "ok" }, { name: "RateLimited", query: "rate(striatum_rate_limited_total[5m]) > 1", duration: 300, state: "pending", health: "ok" }] },
      { name: "resources", rules: [{ name: "DiskNearlyFull", query: "striatum_disk_used_ratio > 0.9", duration: 600, state: "firing", health: "ok" }, { name: "MemoryHigh", query: "process_resident_memory_bytes > 2e9", duration: 300, state: "inactive", health: "ok" }] }]),
  };
}

const problem = (status, title, detail, headers = {}) => ({ status, body: { type: "about:blank", title, status, detail, error: detail }, headers: { "content-type": "application/problem+json", ...headers } });
const ok = (body, status = 200) => ({ status, body });
const prometheus = (data) => ok({ status: "success", data });

function values(options, expr, times) {
  const f = WORTH.get(expr);
  if (!f) return null;
  if (options.empty) return [];
  const x = (labels) => (options.xss ? Object.fromEntries(Object.entries(labels).map(([k, v]) => [k, `${v} ${XSS}`])) : labels);
  const at = times.map((t) => f(t));
  return at[0].map(({ labels }, i) => ({ metric: x(labels), values: times.map((t, n) => [t, String(at[n][i].value)]) }));
}

function query(options, url) {
  const expr = url.searchParams.get("query"), range = url.pathname.endsWith("_range");
  const num = (name) => Number(url.searchParams.get(name));
  const times = range ? Array.from({ length: Math.floor((num("end") - num("start")) / num("step")) + 1 }, (_, i) => num("start") + i * num("step")) : [Date.now() / 1000];
  const result = values(options, expr, times);
  if (!result) return { status: 400, body: { status: "error", errorType: "bad_data", error: `unknown expression ${expr}` } };
  return prometheus(range ? { resultType: "matrix", result } : { resultType: "vector", result: result.map(({ metric, values }) => ({ metric, value: values[0] })) });
}

function answer(options, method, url, body) {
  const path = url.pathname, t = tables(options), part = path.split("/").map(decodeURIComponent);
  if (options.forbidden?.test(path)) return problem(403, "Forbidden", "this needs the role operator, the key has the role reader");
  if (path === "/health") return ok(t.health);
  if (path === "/v1/panels") return ok({ pages: options.empty ? [] : listed((text) => (options.xss ? `${text} ${XSS}` : text)), interval_seconds: options.interval ?? 5 });
  if (path === "/api/v1/query" || path === "/api/v1/query_range") return query(options, url);
  if (path === "/api/v1/rules") return prometheus({ groups: t.rules });
  if (path === "/v1/alerts") return ok({ alerts: t.alerts });
  if (/^\/v1\/alerts\/[^/]+\/acknowledge$/.test(path)) { options.acknowledged = body.comment; return { status: 204 }; }
  if (path === "/v1/silences" && method === "POST") { options.silences.push({ id: `s${options.silences.length + 1}`, by: "operator", ...body }); return ok(options.silences.at(-1), 201); }
  if (path === "/v1/silences") return ok({ silences: t.silences });
  if (part[2] === "silences" && method === "DELETE") { options.silences = options.silences.filter(({ id }) => id !== part[3]); return { status: 204 }; }
  if (path === "/v1/logs") {
    const least = LEVELS.indexOf(url.searchParams.get("level") ?? "info"), text = url.searchParams.get("text") ?? "";
    return ok({ logs: t.logs.filter((log) => LEVELS.indexOf(log.level.toLowerCase()) >= least && log.message.includes(text)).slice(0, Number(url.searchParams.get("limit"))) });
  }
  if (path === "/v1/traces") return ok({ traces: t.traces });
  if (part[2] === "traces") return ok({ spans: t.spans });
  if (part[2] === "models" && part[4] === "weights") return ok({ projections: t.projections });
  if (path === "/v2/repository/index" && method === "POST") return ok(t.models);
  const memory = remembered(options, XSS, method, url, body);
  if (memory) return ok(memory);
  return problem(404, "Not found", memory === null ? "no such memory" : `nothing is at ${path}`);
}

async function file(path, response) {
  const name = path === "/" ? "index.html" : path.slice(1);
  const body = await readFile(join(DIST, resolve("/", name)));
  response.writeHead(200, { ...HEADERS, "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(body);
}

function stream(response, url) {
  response.writeHead(200, { ...HEADERS, "content-type": "text/event-stream", "cache-control": "no-store" });
  let step0 = 100_000;
  const send = () => { response.write(`data: ${JSON.stringify(live(url.searchParams.get("model"), step0))}\n\n`); step0 += LIVE_STEPS; };
  for (let i = 0; i < 50; i += 1) send();
  const timer = setInterval(send, LIVE_MS);
  response.on("close", () => clearInterval(timer));
}

export async function mock(options = {}, port = 0) {
  options.silences ??= [{ id: "s1", matchers: [{ name: "alertname", op: "=", value: "PeerUnhealthy" }], ends: ago(-5400), comment: "east is being moved", by: "operator" }];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (["/", "/app.js", "/app.css"].includes(url.pathname)) return file(url.pathname, response);
    if (options.key && request.headers.authorization !== `Bearer ${options.key}`) return send(response, problem(401, "Unauthenticated", "a key or token is needed", { "www-authenticate": "Bearer" }));
    if (url.pathname === "/v1/live") return options.empty ? response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders() : stream(response, url);
    return send(response, answer(options, request.method, url, chunks.length ? JSON.parse(Buffer.concat(chunks)) : null));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  const close = () => { server.closeAllConnections(); return new Promise((done) => server.close(done)); };
  return { url: `http://127.0.0.1:${server.address().port}/`, port: server.address().port, options, close };
}

function send(response, { status, body, headers = {} }) {
  response.writeHead(status, { ...HEADERS, "cache-control": "no-store", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) console.log((await mock({}, Number(process.argv[2] ?? 8090))).url);
