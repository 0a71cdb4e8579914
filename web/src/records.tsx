// What happened: logs, traces with the waterfall of one, and the health of the server.
import { useState } from "preact/hooks";
import { read, usePoll } from "./api";
import type { Health, Log, Model, Span, Trace } from "./contract";
import { ago, format, lasting, moment } from "./format";
import { Card, Empty, Failure, Missing, Pairs, State, Table, Value, line } from "./parts";
import { now, useStore } from "./state";

const LOGS = 200;
const TRACES = 100;
/** Spans deeper than this are drawn at this depth. */
const DEPTH = 12;

export function Logs() {
  const [level, setLevel] = useState("info");
  const [text, setText] = useState("");
  const query = new URLSearchParams({ level, limit: String(LOGS), ...(text ? { text } : {}) });
  const { data, error } = usePoll((signal) => read<{ logs: Log[] }>(`v1/logs?${query}`, signal), [level, text]);
  return <Card title="Logs" aside={<>
    <label>From level <select value={level} onChange={(event) => setLevel(event.currentTarget.value)}>
      {["trace", "debug", "info", "warn", "error"].map((one) => <option>{one}</option>)}</select></label>
    <label>Text <input type="search" value={text} onChange={(event) => setText(event.currentTarget.value)} /></label></>}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !data.logs.length ? <Empty>No log line is like this</Empty> :
      <ol class="logs">{data.logs.map((log, i) => <li key={`${log.time}${i}`} class={`level-${log.level.toLowerCase()}`}>
        <time dateTime={log.time}>{moment(log.time, now())}</time><b>{log.level}</b>
        <p><span class="quiet">{log.target}</span> {log.message}
          {Object.entries(log.fields ?? {}).map(([name, value]) => <span class="field"><span class="quiet">{name}=</span>{line(value)}</span>)}
          {log.trace_id && <a href={`#traces/${encodeURIComponent(log.trace_id)}`}>trace</a>}</p>
      </li>)}</ol>}
  </Card>;
}

function depths(spans: Span[]): Map<string, number> {
  const parents = new Map(spans.map((span) => [span.span_id, span.parent_id]));
  return new Map(spans.map((span) => {
    let depth = 0;
    for (let up = span.parent_id; up && parents.has(up) && depth < DEPTH; up = parents.get(up)) depth += 1;
    return [span.span_id, depth];
  }));
}

/** Spans in the order of a tree: each after its parent, siblings by start. */
function ordered(spans: Span[]): Span[] {
  const known = new Set(spans.map((span) => span.span_id));
  const children = Map.groupBy(spans, (span) => span.parent_id && known.has(span.parent_id) ? span.parent_id : "");
  const seen = new Set<string>();
  const under = (id: string): Span[] => (children.get(id) ?? []).sort((a, b) => a.start_ms - b.start_ms)
    .flatMap((span) => { if (seen.has(span.span_id)) return []; seen.add(span.span_id); return [span, ...under(span.span_id)]; });
  const tree = under("");
  return [...tree, ...spans.filter((span) => !seen.has(span.span_id))];
}

function Waterfall({ id }: { id: string }) {
  const { data, error } = usePoll((signal) => read<{ spans: Span[] }>(`v1/traces/${encodeURIComponent(id)}`, signal), [id], 6);
  if (!data) return <Missing error={error} height={1} />;
  if (!data.spans.length) return <Empty>This trace has no spans</Empty>;
  const first = Math.min(...data.spans.map((span) => span.start_ms));
  const whole = Math.max(...data.spans.map((span) => span.start_ms + span.duration_ms)) - first || 1;
  const deep = depths(data.spans);
  return <ol class="waterfall">{ordered(data.spans).map((span) => <li key={span.span_id}><details><summary>
    <span class="name" style={{ paddingInlineStart: `${(deep.get(span.span_id) ?? 0) * 0.8}rem` }}>{span.name}</span>
    <span class="bar"><i class={`d${(deep.get(span.span_id) ?? 0) % 6}`} style={{ marginInlineStart: `${((span.start_ms - first) / whole) * 100}%`, width: `${(span.duration_ms / whole) * 100}%` }} /></span>
    <Value value={span.duration_ms} unit="ms" /></summary>
    <Pairs of={{ "starts after": format(span.start_ms - first, "ms"), ...span.attributes }} /></details></li>)}</ol>;
}

export function Traces({ id }: { id: string }) {
  const [order, setOrder] = useState("newest");
  const [failed, setFailed] = useState(false);
  const { data, error } = usePoll((signal) => read<{ traces: Trace[] }>(`v1/traces?limit=${TRACES}`, signal), []);
  const shown = (data?.traces ?? []).filter((trace) => !failed || trace.status !== "ok")
    .sort((a, b) => order === "slowest" ? b.duration_ms - a.duration_ms : b.start.localeCompare(a.start));
  const most = Math.max(1e-9, ...shown.map((trace) => trace.duration_ms));
  return <>
    {id && <Card title="Trace" aside={<><code>{id}</code> <a href="#traces">close</a></>}><Waterfall key={id} id={id} /></Card>}
    <Card title="Traces" aside={<>
      <label>Order <select value={order} onChange={(event) => setOrder(event.currentTarget.value)}><option>newest</option><option>slowest</option></select></label>
      <label><input type="checkbox" checked={failed} onChange={(event) => setFailed(event.currentTarget.checked)} /> failed only</label></>}>
      {data && error && <Failure error={error} />}
      {!data ? <Missing error={error} height={1} /> : !shown.length ? <Empty>No traces</Empty> :
        <Table label="Traces" head={["start", "name", "took", "", "spans", "status"]}>{shown.map((trace) => <tr key={trace.trace_id} aria-current={trace.trace_id === id ? "true" : undefined}>
          <td><time dateTime={trace.start}>{moment(trace.start, now())}</time></td>
          <td><a href={`#traces/${encodeURIComponent(trace.trace_id)}`}>{trace.name}</a></td>
          <td class="number"><Value value={trace.duration_ms} unit="ms" /></td>
          <td class="wide"><span class="bar"><i style={{ width: `${(trace.duration_ms / most) * 100}%` }} /></span></td>
          <td class="number">{trace.spans}</td><td><State word={trace.status} /></td></tr>)}</Table>}
    </Card>
  </>;
}

/** How the server is, in one row. */
export function Summary({ models }: { models: Model[] | undefined }) {
  const { data } = useStore((state) => state.health);
  const alerts = useStore((state) => state.alerts).data;
  if (!data) return null;
  const firing = alerts?.filter((alert) => alert.state === "firing" && !alert.silenced && !alert.inhibited).length;
  const ready = models?.filter((model) => model.state.toLowerCase() === "ready").length;
  return <dl class="summary span-4" aria-label="Summary">
    <div><dt>State</dt><dd><a href="#health"><State word={data.status} /></a></dd></div>
    <div><dt>Score</dt><dd><Value value={data.score} unit="percentunit" /></dd></div>
    {firing !== undefined && <div><dt>Firing alerts</dt><dd><a href="#alerts"><Value value={firing} unit="short" /></a></dd></div>}
    {models && <div><dt>Models ready</dt><dd>{ready} of {models.length}</dd></div>}
    <div><dt>Up for</dt><dd data-value={data.uptime_seconds}>{lasting(data.uptime_seconds)}</dd></div>
    <div><dt>Version</dt><dd>{data.version}</dd></div>
  </dl>;
}

export function HealthView() {
  const { data, error }: { data?: Health; error?: Parameters<typeof Failure>[0]["error"] } = useStore((state) => state.health);
  if (!data) return <Card title="Health"><Missing error={error} /></Card>;
  return <>
    <Card title="Checks" aside={<State word={data.status} />}>
      {error && <Failure error={error} />}
      <p class="score"><Value value={data.score} unit="percentunit" /> <meter min={0} max={1} low={0.5} high={0.8} optimum={1} value={data.score} aria-label="Health score" /></p>
      {!data.checks.length ? <Empty>No checks</Empty> : <Table label="Checks" head={["check", "state", "detail", "took"]}>
        {data.checks.map((check) => <tr key={check.name}><td>{check.name}</td><td><State word={check.status} /></td><td>{check.detail}</td>
          <td class="number"><Value value={check.took_ms} unit="ms" /></td></tr>)}</Table>}
    </Card>
    <Card title="Last errors">{!data.errors.length ? <Empty>No errors</Empty> : <Table label="Last errors" head={["when", "ago", "what"]}>
      {data.errors.map((one, i) => <tr key={i}><td><time dateTime={one.time}>{moment(one.time, now())}</time></td><td>{ago(one.time, now())}</td><td>{one.message}</td></tr>)}</Table>}</Card>
  </>;
}

export function Models({ models, error }: { models: Model[] | undefined; error: Parameters<typeof Failure>[0]["error"] | undefined }) {
  return <Card title="Models">{!models ? <Missing error={error} /> : !models.length ? <Empty>No models in the repository</Empty> :
    <Table label="Models" head={["model", "version", "state", "reason"]}>{models.map((one) => <tr key={`${one.name}/${one.version}`}>
      <td>{one.name}</td><td class="number">{one.version}</td><td><State word={one.state.toLowerCase()} /></td><td>{one.reason}</td></tr>)}</Table>}</Card>;
}
