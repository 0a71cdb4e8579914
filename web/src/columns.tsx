// The cortical columns: where they stand, how much each holds and does, and how the competition for memories goes.
import { useState } from "preact/hooks";
import { read, usePoll } from "./api";
import type { Column, Survey } from "./contract";
import { format } from "./format";
import { Card, Empty, Failure, Missing, Value } from "./parts";

/** Columns that are drawn. */
const MAX_DRAWN = 4096;
/** The side of a cell (rem) where there are few columns, and where there are many. */
const CELLS = [1.5, 1.3, 0.8] as const;
/** So many columns are few, and more than so many are many. */
const FEW = 48, MANY = 400;
const DEFAULT = "default";
/** A column of no load still has a little colour, to be told from an empty cell. */
const SHARE_MIN = 8;

interface Layer { depth: number; left: number; top: number; wide: number; tall: number; cells: { column: Column; at: number }[] }

const place = ({ position: [x = 0, y = 0, z = 0] }: Column) => ({ x, y, z });

/** The grid has three dimensions: its layers, each as wide as the widest. */
function layers(columns: Column[]): Layer[] {
  const all = columns.slice(0, MAX_DRAWN).map((column, at) => ({ column, at }));
  const xs = all.map(({ column }) => place(column).x), ys = all.map(({ column }) => place(column).y);
  const range = (list: number[]) => list.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)] as [number, number], [Infinity, -Infinity] as [number, number]);
  const [left, right] = range(xs), [top, bottom] = range(ys);
  return [...Map.groupBy(all, ({ column }) => place(column).z)].sort(([a], [b]) => a - b)
    .map(([depth, cells]) => ({ depth, left, top, wide: right - left + 1, tall: bottom - top + 1, cells }));
}

const shade = (load: number, most: number) => ({ fill: `color-mix(in oklab, var(--c1) ${SHARE_MIN + ((100 - SHARE_MIN) * load) / most}%, var(--band))` });

function Mark({ state, x, y }: { state: string; x: number; y: number }) {
  if (state === "available") return null;
  return <circle class={`mark ${state}`} cx={x + 0.5} cy={y + 0.5} r={state === "allocated" ? 0.2 : 0.17} />;
}

function Picture({ columns }: { columns: Column[] }) {
  const [at, setAt] = useState(-1);
  const cell = CELLS[columns.length <= FEW ? 0 : columns.length <= MANY ? 1 : 2];
  const most = Math.max(1, ...columns.map(({ load }) => load));
  const chosen = columns[at], near = new Set(chosen?.neighbours);
  const states = [...Map.groupBy(columns, ({ state }) => state)].map(([state, all]) => ({ state, n: all.length }));
  const point = (event: Event) => {
    const found = (event.target as Element).closest?.("[data-column]");
    setAt(found ? Number((found as SVGElement).dataset.column) : -1);
  };
  return <>
    <div class="layers" onMouseOver={point} onClick={point} onMouseLeave={() => setAt(-1)}>{layers(columns).map(({ depth, left, top, wide, tall, cells }) =>
      <figure key={depth} style={{ width: `${wide * cell}rem` }}>
        <svg viewBox={`-0.1 -0.1 ${wide + 0.2} ${tall + 0.2}`} role="img" aria-label={`Layer ${depth}: ${cells.length} columns`}><rect class="floor" width={wide} height={tall} rx="0.2" />{cells.map(({ column, at: number }) => {
          const x = place(column).x - left, y = place(column).y - top;
          return <g key={number} data-column={number} data-load={column.load} class={number === at ? "chosen" : near.has(number) ? "near" : ""}>
            <rect x={x + 0.06} y={y + 0.06} width="0.88" height="0.88" rx="0.14" style={shade(column.load, most)}><title>{words(number, column)}</title></rect><Mark state={column.state} x={x} y={y} /></g>;
        })}</svg><figcaption>layer {depth}</figcaption></figure>)}</div>
    <p class="under" role="status">{chosen ? words(at, chosen) : <span class="key-of"><span>0</span><i class="scale" /><span>{most} memories</span>
      {states.map(({ state, n }) => <span key={state} data-state={state}><svg viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" rx="0.16" style={shade(most / 2, most)} /><Mark state={state} x={0} y={0} /></svg> {n} {state}</span>)}</span>}</p>
    {columns.length > MAX_DRAWN && <p class="quiet">and {columns.length - MAX_DRAWN} more</p>}
  </>;
}

const words = (at: number, { load, state, updates, age, neighbours }: Column) =>
  `Column ${at}: ${load} memories, ${state}; learned ${updates} times, ${age} memories old, ${neighbours.length} neighbours`;

function Competition({ of }: { of: Survey }) {
  const { iterations } = of;
  const all = iterations.reduce((sum, n) => sum + n, 0);
  const end = iterations.findLastIndex((n) => n > 0) + 1, counts = iterations.slice(0, Math.max(1, end));
  const most = Math.max(1, ...counts), width = 100 / counts.length;
  const name = (i: number) => (i === iterations.length - 1 ? `${i} or more` : String(i));
  let below = 0;
  const half = iterations.findIndex((n) => (below += n) * 2 >= all);
  return <>
    <dl class="summary"><div><dt>Spread of the load (CV)</dt><dd><Value value={of.load_variation} unit="short" /></dd></div>
      <div><dt>Repeated word for word</dt><dd><Value value={all ? of.exact_duplicates / all : null} unit="percentunit" /></dd></div>
      <div><dt>Nearly the same</dt><dd><Value value={all ? of.near_duplicates / all : null} unit="percentunit" /></dd></div>
      <div><dt>Without a winner</dt><dd><Value value={of.unsettled} unit="short" /></dd></div>
      <div><dt>Splits, merges</dt><dd><Value value={of.splits} unit="short" />, <Value value={of.merges} unit="short" /></dd></div></dl>
    {!all ? <Empty>No memory was placed since the start</Empty> : <figure class="histogram iterations">
      <figcaption>Iterations until one column was left <span class="quiet">{format(all, "short")} competitions, half of them within {half}</span></figcaption>
      <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Iterations of winner-take-all">{counts.map((n, i) =>
        <rect data-count={n} x={i * width + width * 0.07} y={40 - (n / most) * 39} width={width * 0.86} height={(n / most) * 39}><title>{`${name(i)} iterations: ${n}`}</title></rect>)}</svg>
      <div class="ends">{counts.length > 1 ? <><span>0</span><span>{name(counts.length - 1)} iterations</span></> : <span>0 iterations</span>}</div>
    </figure>}
  </>;
}

export function Columns() {
  const [chosen, choose] = useState(DEFAULT);
  const list = usePoll((signal) => read<{ results: { name: string; items: number }[] }>("v1/collections", signal), [], 12);
  const { data, error } = usePoll((signal) => read<Survey>(`v1/memory/columns?collection=${encodeURIComponent(chosen)}`, signal), [chosen], 2);
  const names = list.data?.results.map(({ name }) => name) ?? [];
  const aside = names.length > 1 && <label>Collection <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>{names.map((name) => <option value={name}>{name}</option>)}</select></label>;
  return <>
    <Card title="Columns" wide={false} aside={aside}>
      {data && error && <Failure error={error} />}
      {!data ? <Missing error={error} height={1} /> : !data.columns.length ? <Empty>No columns yet: the first memory makes one</Empty> : <Picture columns={data.columns} />}
    </Card>
    <Card title="Competition" wide={false}>{data ? <Competition of={data} /> : <Missing error={error} height={1} />}</Card>
  </>;
}
