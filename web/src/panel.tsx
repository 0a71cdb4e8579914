// A panel of the server's list: a chart, one number, bars or a table, with its numbers as CSV.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { usePoll, type ApiError } from "./api";
import { Chart, colour, falling, reached, thresholdColour } from "./chart";
import type { Panel } from "./contract";
import { clock, csv, format } from "./format";
import { download, Failure, Missing, NoData, Table, Value } from "./parts";
import { overTime, rightNow, type Grid, type Sample } from "./prometheus";
import { get, now, set, useStore } from "./state";

const CHART_HEIGHT = 168;
const SPARK_HEIGHT = 34;

const overTimeRows = ({ times, series }: Grid) =>
  [["time", ...series.map(({ name }) => name)], ...times.map((time, i) => [new Date(time * 1000).toISOString(), ...series.map(({ values }) => values[i] ?? null)])];
const labelNames = (samples: Sample[]) => [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))].filter((name) => name !== "__name__").sort();
/** Labels that say who was asked, and not of what a sample is. */
const ORIGIN = new Set(["instance", "job"]);
/** The labels to show: those of the origin only where they differ. */
const shownNames = (samples: Sample[]) => labelNames(samples).filter((name) => !ORIGIN.has(name) || new Set(samples.map(({ labels }) => labels[name])).size > 1);
function sampleRows(samples: Sample[]) {
  const names = labelNames(samples);
  return [["series", ...names, "value"], ...samples.map((one) => [one.name, ...names.map((name) => one.labels[name] ?? ""), one.value])];
}

interface FrameProps { panel: Panel; rows: (() => (string | number | null)[][]) | null; error: ApiError | undefined; stale: boolean; children: ComponentChildren }

function Frame({ panel, rows, error, stale, children }: FrameProps) {
  const [open, setOpen] = useState(false);
  const span = Math.min(4, Math.max(1, Math.round(panel.span ?? (panel.kind === "stat" ? 1 : 2))));
  return <section class={`card panel span-${span} kind-${panel.kind}`} aria-label={panel.title} data-panel={panel.id} data-stale={stale}>
    <header>
      <h2>{panel.title}</h2>
      <div class="tools">
        <button type="button" aria-expanded={open} aria-label={`About ${panel.title}`} onClick={() => setOpen(!open)}>?</button>
        <button type="button" aria-label={`Download ${panel.title} as CSV`} disabled={!rows} onClick={() => rows && download(panel.id, csv(rows()))}>CSV</button>
      </div>
    </header>
    {open && <div class="about"><p>{panel.description}</p>{panel.targets.map(({ expr }) => <code>{expr}</code>)}</div>}
    {stale && error && <Failure error={error} />}
    {children}
  </section>;
}

function Legend({ grid, unit, at, hidden, toggle }: { grid: Grid; unit: string; at: number | null; hidden: Set<string>; toggle: (name: string) => void }) {
  return <ul class="legend" aria-label="Series">
    {grid.series.map(({ name, values }, i) => <li key={name} class={values.every((value) => !value) ? "nought" : ""}>
      <button type="button" aria-pressed={!hidden.has(name)} onClick={() => toggle(name)} title={name}>
        <i class={`swatch c${(i % 6) + 1}`} aria-hidden="true" /><span>{name}</span></button>
      <Value value={values[at ?? values.length - 1]} unit={unit} />
    </li>)}
    {grid.left_out > 0 && <li class="quiet">and {grid.left_out} more</li>}
  </ul>;
}

function useOverTime(panel: Panel, interval: number) {
  const range = useStore((state) => state.range);
  const loaded = usePoll((signal) => overTime(panel, range, interval, now(), signal), [range, panel]);
  useEffect(() => {
    // What has a value whenever it is asked for does not say when there was a first one.
    if (panel.targets.some(({ expr }) => expr.includes("vector("))) return;
    const first = loaded.data?.times.find((_, i) => loaded.data!.series.some(({ values }) => values[i] !== null));
    if (first !== undefined && first < get().since) set({ since: first });
  }, [loaded.data]);
  return loaded;
}

interface Props { panel: Panel; interval: number; view: string }

function TimeSeries({ panel, interval, view }: Props) {
  const { data, error } = useOverTime(panel, interval);
  const [at, setAt] = useState<number | null>(null);
  const [hidden, setHidden] = useState(new Set<string>());
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  const time = data && at !== null ? data.times[at] : undefined;
  return <Frame panel={panel} rows={data ? () => overTimeRows(data) : null} error={error} stale={Boolean(data && error)}>
    {!data ? <Missing error={error} height={CHART_HEIGHT} /> : !data.series.length ? <NoData /> : <>
      <Chart times={data.times} series={data.series} unit={panel.unit} label={panel.title} thresholds={panel.thresholds}
        hidden={hidden} sync={view} height={CHART_HEIGHT} onCursor={setAt} />
      {time !== undefined && <time class="at">{clock(time * 1000)}</time>}
      <Legend grid={data} unit={panel.unit} at={at} hidden={hidden} toggle={toggle} />
    </>}
  </Frame>;
}

function Stat({ panel, interval }: Props) {
  const { data, error } = usePoll((signal) => rightNow(panel, signal), [panel]);
  const past = useOverTime(panel, interval).data;
  return <Frame panel={panel} rows={data ? () => sampleRows(data) : null} error={error} stale={Boolean(data && error)}>
    {!data ? <Missing error={error} /> : !data.length ? <NoData /> : <>
      <div class="numbers">{data.slice(0, 4).map(({ name, value }) => {
        const over = reached(value, panel.thresholds);
        return <div key={name} class={over ? `over t${thresholdColour(over.color)}` : ""}>
          <Value value={value} unit={panel.unit} />
          {over && <span class="tag">{falling(panel.thresholds) ? "≤" : "≥"} {format(over.value, panel.unit)}</span>}
          {data.length > 1 && <span class="quiet">{name}</span>}
        </div>;
      })}</div>
      {past && past.series.length > 0 && <Chart kind="spark" times={past.times} series={past.series.slice(0, 1)} unit={panel.unit} label={panel.title} height={SPARK_HEIGHT} />}
    </>}
  </Frame>;
}

function Bars({ panel }: Props) {
  const { data, error } = usePoll((signal) => rightNow(panel, signal), [panel]);
  const sorted = useMemo(() => [...(data ?? [])].sort((a, b) => b.value - a.value), [data]);
  const most = Math.max(...sorted.map(({ value }) => value).filter(Number.isFinite), panel.unit === "percentunit" ? 1 : Number.MIN_VALUE);
  return <Frame panel={panel} rows={data ? () => sampleRows(sorted) : null} error={error} stale={Boolean(data && error)}>
    {!data ? <Missing error={error} height={CHART_HEIGHT} /> : !sorted.length ? <NoData /> :
      <ul class="bars">{sorted.map(({ name, value }) => {
        const over = reached(value, panel.thresholds);
        return <li key={name}>
          <span class="name" title={name}>{name}</span>
          <span class="bar"><i style={{ width: `${Math.min(100, Math.max(0, (value / most) * 100 || 0))}%`, ...(over ? { background: colour(thresholdColour(over.color)) } : {}) }} /></span>
          <Value value={value} unit={panel.unit} />
        </li>;
      })}</ul>}
  </Frame>;
}

function Samples({ panel }: Props) {
  const { data, error } = usePoll((signal) => rightNow(panel, signal), [panel]);
  const names = shownNames(data ?? []);
  return <Frame panel={panel} rows={data ? () => sampleRows(data) : null} error={error} stale={Boolean(data && error)}>
    {!data ? <Missing error={error} height={CHART_HEIGHT} /> : !data.length ? <NoData /> :
      <Table label={panel.title} head={[...names, "value"]}>
        {data.map((one, i) => <tr key={i}>{names.map((name) => <td>{one.labels[name] ?? ""}</td>)}<td class="number"><Value value={one.value} unit={panel.unit} /></td></tr>)}
      </Table>}
  </Frame>;
}

const KINDS = { timeseries: TimeSeries, stat: Stat, bars: Bars, table: Samples };

export function Panels({ panels, interval, view }: { panels: Panel[]; interval: number; view: string }) {
  return <>{panels.map((panel) => {
    const Kind = KINDS[panel.kind] ?? Samples;
    return <Kind key={`${view}/${panel.id}`} panel={panel} interval={interval} view={view} />;
  })}</>;
}

