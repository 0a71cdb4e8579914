// Lines over time (or steps): uPlot, its colours from the style sheet, one cursor for all charts of a view.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import type { Threshold } from "./contract";
import { clock, format, tick } from "./format";
import type { Series } from "./prometheus";
import { get, useStore } from "./state";

/** How many colours there are; further series repeat them, dashed. */
const COLOURS = 6;
const DASHES = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];
const AXIS_WIDTH = 58;
/** Prefixes of bytes are powers of 1024, and so are the lines of the grid. */
const BINARY = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** A colour of the style sheet as the canvas wants it, in the theme that is on. */
export function colour(name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

export const seriesColour = (index: number): string => `--c${(index % COLOURS) + 1}`;

/** The colours that a threshold may name; any other is a warning. */
export const thresholdColour = (name: string): string =>
  ({ green: "--good", blue: "--c1", red: "--bad", purple: "--c4" })[name] ?? "--warn";

/** Thresholds come from mild to severe; where the severe one is the smaller, small values are bad. */
export const falling = (thresholds: Threshold[] = []): boolean => thresholds.length > 1 && thresholds.at(-1)!.value < thresholds[0]!.value;

/** The most severe threshold that a value has reached. */
export const reached = (value: number | null, thresholds: Threshold[] = []): Threshold | undefined =>
  value === null ? undefined : thresholds.findLast((one) => falling(thresholds) ? value <= one.value : value >= one.value);

interface Props {
  times: number[]; series: Series[]; unit: string; label: string;
  kind?: "time" | "steps" | "spark"; thresholds?: Threshold[] | undefined; hidden?: Set<string>; sync?: string; height: number;
  /** How much of x is shown, up to its last value; all of it where this is absent. */
  window?: number;
  onCursor?: (index: number | null) => void;
}

/** A chart shows at least so much of time (s). */
const TIME_MIN = 60;

/** The range of x: up to its last value, from where there is something to see. */
function across({ kind = "time", window }: Props): uPlot.Scale {
  if (window) return { time: false, range: (_, __, max) => [max - window, max] };
  const from = (min: number, max: number) => Math.max(min, Math.min(get().since, max - TIME_MIN));
  return { time: kind === "time", range: (_, min, max) => [from(min, max), max] };
}

/** The range of y: from 0 where nothing is below, and never empty. */
function bounds(_: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const high = max > 0 ? max * 1.08 : 0;
  const low = min < 0 ? min * 1.08 : 0;
  return high === low ? [0, 1] : [low, high];
}

function limits(chart: uPlot, thresholds: Threshold[]) {
  const { ctx, bbox } = chart;
  const { min = 0, max = 0 } = chart.scales.y!;
  for (const one of thresholds.filter(({ value }) => value > min! && value < max!)) {
    const y = Math.round(chart.valToPos(one.value, "y", true));
    ctx.save();
    ctx.strokeStyle = colour(thresholdColour(one.color));
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

function axes({ unit, kind = "time" }: Props): uPlot.Axis[] {
  if (kind === "spark") return [{ show: false }, { show: false }];
  const look = {
    stroke: colour("--quiet"), font: "11px Inter, system-ui, sans-serif",
    grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false },
  };
  const xLabels: uPlot.Axis.DynamicValues = (_, splits, __, ___, step) =>
    splits.map((at) => kind === "time" ? clock(at * 1000, step < 60) : at < 0 ? "" : String(at));
  return [
    { ...look, values: xLabels, space: 72, size: 26, gap: 4 },
    { ...look, values: (_, splits) => splits.map((v) => tick(v, unit)), size: AXIS_WIDTH, space: 28, gap: 6, ...(unit === "bytes" || unit === "Bps" ? { incrs: BINARY } : {}) },
  ];
}

function lines({ series, hidden, kind }: Props): uPlot.Series[] {
  const alone = series.length === 1;
  return series.map((one, i) => {
    const stroke = colour(seriesColour(i));
    const fill = stroke.replace(/^rgb\((.*)\)$/, "rgba($1, 0.14)");
    const dash = DASHES[Math.floor(i / COLOURS) % DASHES.length];
    return {
      label: one.name, stroke, width: 1.5, show: !hidden?.has(one.name),
      points: { show: false }, spanGaps: false,
      ...(dash ? { dash } : {}), ...(alone || kind === "spark" ? { fill } : {}),
    };
  });
}

function options(props: Props, width: number): uPlot.Options {
  const { kind = "time", thresholds = [], sync, height } = props;
  return {
    width, height, legend: { show: false }, scales: { x: across(props), y: { range: bounds } },
    padding: kind === "spark" ? [2, 0, 2, 0] : [8, 18, 0, 0],
    cursor: kind === "spark" ? { show: false } : { y: false, drag: { x: false, y: false }, points: { size: 7 }, ...(sync ? { sync: { key: sync, setSeries: false } } : {}) },
    axes: axes(props), series: [{}, ...lines(props)],
    hooks: { draw: [(chart) => limits(chart, thresholds)], setCursor: [(chart) => props.onCursor?.(chart.cursor.idx ?? null)] },
  };
}

/** Moves the cursor by keys, as the mouse would. */
function steer(chart: uPlot, event: KeyboardEvent) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const last = chart.data[0].length - 1;
  const at = Math.min(last, Math.max(0, (chart.cursor.idx ?? last + (by < 0 ? 1 : 0)) + by));
  chart.setCursor({ left: chart.valToPos(chart.data[0][at]!, "x"), top: 1 });
}

export function Chart(props: Props) {
  const { times, series, kind, hidden, unit, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const theme = useStore((state) => state.theme);
  const since = useStore((state) => state.since);
  const shape = JSON.stringify([series.map(({ name }) => name), [...(hidden ?? [])], unit, props.thresholds, theme]);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const make = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(props, box.current!.clientWidth || 300), [times, ...series.map(({ values }) => values)], box.current!);
    };
    make();
    const resize = new ResizeObserver(() => {
      if (box.current?.clientWidth) chart.current?.setSize({ width: box.current.clientWidth, height: props.height });
    });
    resize.observe(box.current!);
    dark.addEventListener("change", make);
    return () => {
      resize.disconnect();
      dark.removeEventListener("change", make);
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape]);
  useEffect(() => { chart.current?.setData([times, ...series.map(({ values }) => values)]); }, [times, series, since]);
  const now = series.slice(0, 4).map(({ name, values }) => `${name} ${format(values.at(-1), unit)}`).join(", ");
  if (kind === "spark") return <div class="spark" ref={box} aria-hidden="true" />;
  return <div class="chart" ref={box} role="img" tabIndex={0} aria-label={`${label}: ${now}. Arrow keys move the cursor.`}
    onKeyDown={(event) => chart.current && steer(chart.current, event)}
    onBlur={() => chart.current?.setCursor({ left: -10, top: -10 })} />;
}
