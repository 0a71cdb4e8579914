// Alerts: what fires, who knows of it, what is silenced, and the rules behind it.
import { useState } from "preact/hooks";
import { read, useAction, usePoll, write } from "./api";
import type { Alert, Matcher, RuleGroup, Silence } from "./contract";
import { ago, format, link, moment } from "./format";
import { Card, Empty, Failure, Missing, Pairs, State, Table, Value } from "./parts";
import { now, useStore } from "./state";

const RANK = ["critical", "high", "error", "warning", "medium", "low", "info"];
/** States of a rule, the one to look at first last; a rule that only records has none. */
const STATES = ["inactive", "pending", "firing"];
const OPERATORS = ["=", "!=", "=~", "!~"];
const LENGTHS: [number, string][] = [[0.5, "30 min"], [2, "2 h"], [8, "8 h"], [24, "1 d"], [168, "7 d"]];

const rank = (alert: Alert) => (alert.silenced || alert.inhibited ? 100 : 0) + (alert.state === "firing" ? 0 : 20) + (RANK.indexOf(alert.severity) + RANK.length) % RANK.length;

function Acknowledge({ alert }: { alert: Alert }) {
  const [comment, setComment] = useState("");
  const [error, run] = useAction();
  return <form onSubmit={(event) => { event.preventDefault(); void run(() => write("POST", `v1/alerts/${encodeURIComponent(alert.fingerprint)}/acknowledge`, { comment })); }}>
    <label>Comment <input required value={comment} onInput={(event) => setComment(event.currentTarget.value)} /></label>
    <button type="submit">Acknowledge</button>{error && <Failure error={error} />}
  </form>;
}

function One({ alert, silence }: { alert: Alert; silence: (matchers: Matcher[]) => void }) {
  const runbook = link(alert.runbook, location.href);
  const also = [alert.silenced && "silenced", alert.inhibited && "inhibited", alert.acknowledged && "acknowledged"].filter(Boolean);
  return <li class={alert.silenced || alert.inhibited ? "muted" : ""}><details><summary>
    <State word={alert.severity} /><b>{alert.name}</b><span class="text">{alert.summary}</span>
    <span class="tags"><span class="tag">{alert.state}</span>{also.map((one) => <span class="tag">{one}</span>)}</span>
    <time dateTime={alert.since} title={moment(alert.since, now())}>{ago(alert.since, now())}</time></summary>
    <div class="inside">
      {alert.description && <p>{alert.description}</p>}
      <Pairs of={{ value: format(alert.value, "short"), since: moment(alert.since, now()), ...alert.labels }} />
      {alert.runbook && <p>Runbook: {runbook ? <a href={runbook} rel="noreferrer">{alert.runbook}</a> : alert.runbook}</p>}
      {alert.acknowledged ? <p>Acknowledged by <b>{alert.acknowledged.by}</b>: {alert.acknowledged.comment}</p> : <Acknowledge alert={alert} />}
      <button type="button" onClick={() => silence([{ name: "alertname", op: "=", value: alert.name }, ...Object.entries(alert.labels).filter(([name]) => name !== "alertname").map(([name, value]) => ({ name, op: "=", value }))])}>Silence …</button>
    </div></details></li>;
}

function SilenceForm({ start, done }: { start: Matcher[]; done: () => void }) {
  const [matchers, setMatchers] = useState(start);
  const [hours, setHours] = useState(2);
  const [comment, setComment] = useState("");
  const [error, run] = useAction();
  const change = (at: number, part: Partial<Matcher>) => setMatchers(matchers.map((one, i) => (i === at ? { ...one, ...part } : one)));
  const submit = async (event: Event) => {
    event.preventDefault();
    const ends = new Date(now() + hours * 3_600_000).toISOString();
    if (await run(() => write("POST", "v1/silences", { matchers, ends, comment }))) done();
  };
  return <form class="silence" onSubmit={submit} aria-label="New silence">
    {matchers.map((one, i) => <fieldset key={i}>
      <input aria-label="Label" required value={one.name} onInput={(event) => change(i, { name: event.currentTarget.value })} />
      <select aria-label="Operator" value={one.op} onChange={(event) => change(i, { op: event.currentTarget.value })}>{OPERATORS.map((op) => <option>{op}</option>)}</select>
      <input aria-label="Value" value={one.value} onInput={(event) => change(i, { value: event.currentTarget.value })} />
      <button type="button" aria-label={`Remove matcher ${one.name}`} disabled={matchers.length === 1} onClick={() => setMatchers(matchers.filter((_, at) => at !== i))}>×</button>
    </fieldset>)}
    <button type="button" onClick={() => setMatchers([...matchers, { name: "", op: "=", value: "" }])}>Add matcher</button>
    <label>For <select value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>{LENGTHS.map(([length, text]) => <option value={length}>{text}</option>)}</select></label>
    <label>Comment <input required value={comment} onInput={(event) => setComment(event.currentTarget.value)} /></label>
    <button type="submit" class="main">Silence</button><button type="button" onClick={done}>Cancel</button>
    {error && <Failure error={error} />}
  </form>;
}

function Silences({ start, setStart }: { start: Matcher[] | null; setStart: (start: Matcher[] | null) => void }) {
  const { data, error } = usePoll((signal) => read<{ silences: Silence[] }>("v1/silences", signal), []);
  const [failed, run] = useAction();
  return <Card title="Silences" aside={<button type="button" onClick={() => setStart([{ name: "alertname", op: "=", value: "" }])}>New silence</button>}>
    {start && <SilenceForm key={JSON.stringify(start)} start={start} done={() => setStart(null)} />}
    {(failed ?? (data && error)) && <Failure error={(failed ?? error)!} />}
    {!data ? <Missing error={error} /> : !data.silences.length ? <Empty>Nothing is silenced</Empty> :
      <Table label="Silences" head={["matches", "ends in", "comment", "by", ""]}>{data.silences.map((one) => <tr key={one.id}>
        <td><code>{one.matchers.map(({ name, op, value }) => `${name}${op}"${value}"`).join(", ")}</code></td>
        <td>{ago(one.ends, now())}</td><td>{one.comment}</td><td>{one.by}</td>
        <td><button type="button" onClick={() => run(() => write("DELETE", `v1/silences/${encodeURIComponent(one.id)}`))}>End</button></td></tr>)}</Table>}
  </Card>;
}

function Rules() {
  const { data, error } = usePoll((signal) => read<{ data: { groups: RuleGroup[] } }>("api/v1/rules", signal), [], 2);
  const rules = (data?.data.groups.flatMap((group) => group.rules.map((rule) => ({ group: group.name, ...rule }))) ?? [])
    .sort((a, b) => STATES.indexOf(b.state ?? "") - STATES.indexOf(a.state ?? ""));
  return <Card title="Rules">{!data ? <Missing error={error} /> : !rules.length ? <Empty>No rules</Empty> :
    <Table label="Rules" head={["rule", "group", "state", "expression", "for"]}>{rules.map((rule) => <tr key={`${rule.group}/${rule.name}`}>
      <td>{rule.name}</td><td>{rule.group}</td><td><State word={rule.lastError ? "error" : rule.state ?? rule.health ?? "ok"} /></td>
      <td><code>{rule.query}</code>{rule.lastError && <p class="failure">{rule.lastError}</p>}</td>
      <td class="number">{rule.duration !== undefined && <Value value={rule.duration} unit="s" />}</td></tr>)}</Table>}</Card>;
}

export function Alerts() {
  const { data, error } = useStore((state) => state.alerts);
  const [start, setStart] = useState<Matcher[] | null>(null);
  const silence = (matchers: Matcher[]) => {
    setStart(matchers);
    requestAnimationFrame(() => document.querySelector<HTMLElement>("form.silence input")?.focus());
  };
  return <>
    <Card title="Alerts">
      {data && error && <Failure error={error} />}
      {!data ? <Missing error={error} height={1} /> : !data.length ? <Empty>Nothing is wrong: no alert is pending or firing</Empty> :
        <ul class="alerts">{[...data].sort((a, b) => rank(a) - rank(b)).map((alert) => <One key={alert.fingerprint} alert={alert} silence={silence} />)}</ul>}
    </Card>
    <Silences start={start} setStart={setStart} />
    <Rules />
  </>;
}
