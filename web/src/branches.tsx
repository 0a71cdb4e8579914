// Branches of what is known: how far each has gone from its parent, in what it differs, and merging it.
import { useState } from "preact/hooks";
import { read, useAction, usePoll, write } from "./api";
import type { Branch, Difference } from "./contract";
import { ago } from "./format";
import { Card, Empty, Failure, Missing, State, Table, Value } from "./parts";
import { now } from "./state";

/** Differences that are told. */
const TOLD = 20;
const STRATEGIES: [string, string][] = [["prefer_newer", "what is newer"], ["prefer_child", "the branch"], ["prefer_parent", "its parent"], ["merge_both", "both"]];

const says = (value: unknown) => value !== null && value !== false && (typeof value !== "object" || Object.keys(value!).length > 0);
/** An item as it is kept, without its kind, which stands before it, and without what says nothing. */
const told = (of: object | null) => (of ? JSON.stringify(Object.values(of)[0] ?? of, (_, value) => (says(value) ? value : undefined)) : "nothing");

function Differences({ of }: { of: Branch }) {
  const { data, error } = usePoll((signal) => read<{ results: Difference[] }>(`v1/branches/${of.id}/diff?with=${of.parent}`, signal), [of.id, of.changes], Infinity);
  if (!data) return <Missing error={error} />;
  if (!data.results.length) return <Empty>It does not differ from its parent</Empty>;
  return <ol class="history">{data.results.slice(0, TOLD).map(({ item, first, second }) => <li key={item}><p><b>{item}</b></p><p class="change"><del>{told(second)}</del> <ins>{told(first)}</ins></p></li>)}
    {data.results.length > TOLD && <li class="quiet">and {data.results.length - TOLD} more</li>}</ol>;
}

function Merge({ of, reload }: { of: Branch; reload: () => void }) {
  const [strategy, setStrategy] = useState(STRATEGIES[0]![0]);
  const [error, run, busy] = useAction(reload);
  return <>
    <label>In doubt <select value={strategy} onChange={(event) => setStrategy(event.currentTarget.value)}>{STRATEGIES.map(([name, words]) => <option value={name}>{words}</option>)}</select></label>
    <button type="button" disabled={busy} onClick={() => run(() => write("POST", `v1/branches/${of.id}/merge`, { strategy }))}>Merge</button>
    {error && <Failure error={error} />}
  </>;
}

export function Branches() {
  const [open, setOpen] = useState<number | null>(null);
  const { data, error, reload } = usePoll((signal) => read<{ results: Branch[] }>("v1/branches", signal), [], 6);
  const all = data?.results ?? [];
  const chosen = all.find(({ id }) => id === open);
  return <Card title="Branches" wide={false}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !all.length ? <Empty>All that is known is on one branch</Empty> : <>
      <Table label="Branches" head={["branch", "state", "changes", "gone from its parent", "made"]}>{all.map((one) => <tr key={one.id} aria-current={one.id === open ? "true" : undefined}>
        <td><button type="button" class="plain" aria-pressed={one.id === open} onClick={() => setOpen(one.id === open ? null : one.id)}>{one.name}</button></td>
        <td><State word={one.state.replaceAll("_", " ")} />{one.conflicts > 0 && <span class="failure"> {one.conflicts} conflicts</span>}</td>
        <td class="number"><Value value={one.changes} unit="short" /></td><td class="number"><Value value={one.divergence} unit="percentunit" /></td>
        <td><time dateTime={one.created_at}>{ago(one.created_at, now())} ago</time> <span class="quiet">by {one.by}</span></td></tr>)}</Table>
      {chosen && <><h3>{chosen.name}</h3>{!chosen.merged && <p class="buttons"><Merge of={chosen} reload={reload} /></p>}<Differences key={chosen.id} of={chosen} /></>}</>}
  </Card>;
}
