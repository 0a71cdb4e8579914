// The network at work: spikes of the last steps on a canvas, rates of its populations, weights of its projections.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { events, read, usePoll, ApiError } from "./api";
import { Chart, colour, seriesColour } from "./chart";
import type { Live, Projection } from "./contract";
import { format } from "./format";
import { Card, Empty, Failure, Missing, Value } from "./parts";
import { useStore } from "./state";

/** The raster shows so many steps. */
export const WINDOW_STEPS = 1000;
/** The oldest spikes go when there are more than these, whatever the window. */
const MAX_SPIKES = 60_000;
const RASTER_HEIGHT = 300;
const RATES_HEIGHT = 120;
const AXIS = 58;
const GAP = 6;
const BAND_MIN = 24;
const RETRY_MS = 2_000;

/** Windows that belong together, oldest first: one model and version, steps that only grow. */
function joined(windows: Live[], next: Live): Live[] {
  const last = windows.at(-1);
  const follows = last && last.model === next.model && last.version === next.version && next.step0 > last.step0;
  const from = next.step0 + next.steps - WINDOW_STEPS;
  const kept = [...(follows ? windows : []), next].filter((one) => one.step0 + one.steps > from);
  const count = (one: Live) => one.populations.reduce((sum, { spikes }) => sum + spikes.length, 0);
  let total = kept.reduce((sum, one) => sum + count(one), 0);
  while (kept.length > 1 && total > MAX_SPIKES) total -= count(kept.shift()!);
  return kept;
}

/** Where each population is drawn: heights follow the root of the size, so that small ones can be seen. */
function bands(populations: Live["populations"], height: number): { top: number; height: number }[] {
  const free = Math.max(0, height - GAP * (populations.length - 1) - BAND_MIN * populations.length);
  const sum = populations.reduce((all, { size }) => all + Math.sqrt(size), 0) || 1;
  let top = 0;
  return populations.map(({ size }) => {
    const band = { top, height: BAND_MIN + (free * Math.sqrt(size)) / sum };
    top += band.height + GAP;
    return band;
  });
}

function draw(canvas: HTMLCanvasElement, windows: Live[]) {
  const last = windows.at(-1);
  const ctx = canvas.getContext("2d");
  if (!last || !ctx) return;
  const width = canvas.clientWidth, height = RASTER_HEIGHT;
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  ctx.scale(devicePixelRatio, devicePixelRatio);
  const end = last.step0 + last.steps, scale = (width - AXIS - 8) / WINDOW_STEPS, all = bands(last.populations, height);
  const band = colour("--band"), ink = colour("--quiet");
  ctx.font = "11px Inter, system-ui, sans-serif";
  last.populations.forEach(({ name, size }, i) => {
    const { top, height: tall } = all[i]!;
    ctx.fillStyle = band;
    ctx.fillRect(AXIS, top, width - AXIS - 8, tall);
    ctx.fillStyle = ink;
    ctx.textAlign = "right";
    ctx.fillText(name, AXIS - 6, top + 11, AXIS - 8);
    if (tall > 26) ctx.fillText(format(size, "short"), AXIS - 6, top + 24, AXIS - 8);
    ctx.fillStyle = colour(seriesColour(i));
    const dot = Math.min(3, Math.max(1.25, tall / size));
    for (const one of windows) {
      for (const [step, neuron] of one.populations[i]?.spikes ?? []) {
        const x = AXIS + (one.step0 + step - end + WINDOW_STEPS) * scale;
        if (x >= AXIS) ctx.fillRect(x, top + ((neuron + 0.5) / size) * (tall - dot), 1.5, dot);
      }
    }
  });
}

/** Windows of a model as they come; connects again when the stream ends. */
function useWindows(model: string, stopped: boolean): { windows: Live[]; error: ApiError | null } {
  const [windows, setWindows] = useState<Live[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    if (stopped || !model) return;
    const abort = new AbortController();
    let timer = 0;
    const connect = async () => {
      try {
        await events(`v1/live?model=${encodeURIComponent(model)}`, abort.signal, (data) => {
          setError(null);
          setWindows((old) => joined(old, data as Live));
        });
      } catch (cause) {
        if (abort.signal.aborted) return;
        setError(cause instanceof ApiError ? cause : new ApiError(0, "Stream broke", "connecting again"));
      }
      if (!abort.signal.aborted) timer = window.setTimeout(connect, RETRY_MS);
    };
    void connect();
    return () => { abort.abort(); clearTimeout(timer); };
  }, [model, stopped]);
  return { windows, error };
}

/** The spike nearest to the pointer, in words. */
function pointed(event: MouseEvent, windows: Live[]): string {
  const canvas = event.currentTarget as HTMLCanvasElement;
  const box = canvas.getBoundingClientRect(), last = windows.at(-1);
  if (!last) return "";
  const step = last.step0 + last.steps - WINDOW_STEPS + Math.round((event.clientX - box.left - AXIS) / ((box.width - AXIS - 8) / WINDOW_STEPS));
  const y = event.clientY - box.top;
  const at = bands(last.populations, RASTER_HEIGHT).findIndex(({ top, height }) => y >= top && y < top + height);
  const population = last.populations[at];
  if (!population || step < 0) return "";
  const { top, height } = bands(last.populations, RASTER_HEIGHT)[at]!;
  return `step ${step} · ${population.name} · neuron ${Math.min(population.size - 1, Math.floor(((y - top) / height) * population.size))}`;
}

function Raster({ windows }: { windows: Live[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [under, setUnder] = useState("");
  const theme = useStore((state) => state.theme);
  useEffect(() => {
    const paint = () => { if (canvas.current) draw(canvas.current, windows); };
    paint();
    addEventListener("resize", paint);
    return () => removeEventListener("resize", paint);
  }, [windows, theme]);
  const last = windows.at(-1);
  return <>
    <canvas ref={canvas} class="raster" role="img" height={RASTER_HEIGHT} onMouseMove={(event) => setUnder(pointed(event, windows))} onMouseLeave={() => setUnder("")}
      aria-label={last ? `Spikes of ${last.populations.map(({ name }) => name).join(", ")} up to step ${last.step0 + last.steps}` : "Spikes"} />
    <p class="at">{under || (last && `up to step ${last.step0 + last.steps}, newest at the right`)}</p>
  </>;
}

function Rates({ windows }: { windows: Live[] }) {
  const last = windows.at(-1)!;
  const series = last.populations.map(({ name }, i) => ({ name, values: windows.map((one) => one.rates[i] ?? null) }));
  return <>
    <Chart kind="steps" times={windows.map((one) => one.step0 + one.steps)} series={series} unit="percentunit" label="Rates" height={RATES_HEIGHT} window={WINDOW_STEPS} />
    <ul class="legend" aria-label="Rates: share of the neurons that spike in a step">{last.populations.map(({ name }, i) => <li key={name}>
      <span class="key"><i class={`swatch c${(i % 6) + 1}`} aria-hidden="true" /><span>{name}</span></span><Value value={last.rates[i]} unit="percentunit" /></li>)}
      <li class="quiet">share of the neurons that spike in a step</li></ul>
  </>;
}

function Histogram({ of }: { of: Projection }) {
  const { counts, edges } = of.histogram;
  const most = Math.max(1, ...counts), width = 100 / Math.max(1, counts.length);
  const zero = edges.length > 1 ? ((0 - edges[0]!) / (edges.at(-1)! - edges[0]!)) * 100 : -1;
  return <figure class="histogram">
    <figcaption><b>{of.name}</b> <span class="quiet">{of.from} → {of.to}</span></figcaption>
    <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={`Weights of ${of.name}`}>
      {counts.map((n, i) => <rect x={i * width} y={40 - (n / most) * 39} width={width * 0.86} height={(n / most) * 39}>
        <title>{`${format(edges[i], "short")} to ${format(edges[i + 1], "short")}: ${n}`}</title></rect>)}
      {zero > 0 && zero < 100 && <line x1={zero} x2={zero} y1="0" y2="40" />}
    </svg>
    <div class="ends"><span>min <Value value={of.min} unit="short" /></span><span>mean <Value value={of.mean} unit="short" /></span><span>max <Value value={of.max} unit="short" /></span></div>
  </figure>;
}

function Weights({ model }: { model: string }) {
  const { data, error } = usePoll((signal) => read<{ projections: Projection[] }>(`v1/models/${encodeURIComponent(model)}/weights`, signal), [model], 6);
  return <Card title="Weights">
    {!data ? <Missing error={error} /> : !data.projections.length ? <Empty>No projections</Empty> :
      <div class="histograms">{data.projections.map((one) => <Histogram key={one.name} of={one} />)}</div>}
  </Card>;
}

/** The raster of a model, then `children`, then its weights. */
export function Network({ models, children }: { models: string[]; children: ComponentChildren }) {
  const [chosen, choose] = useState("");
  const [stopped, stop] = useState(false);
  const model = models.includes(chosen) ? chosen : models[0] ?? "";
  const { windows, error } = useWindows(model, stopped);
  const shown = windows.filter((one) => one.model === model);
  if (!model) return <><Card title="Spikes"><Empty>No model is served</Empty></Card>{children}</>;
  return <>
    <Card title="Spikes" aside={<>
      <label>Model <select value={model} onChange={(event) => choose(event.currentTarget.value)}>{models.map((name) => <option value={name}>{name}</option>)}</select></label>
      <button type="button" aria-pressed={stopped} onClick={() => stop(!stopped)}>{stopped ? "Go on" : "Hold"}</button></>}>
      {error && <Failure error={error} />}
      {shown.length ? <><Raster windows={shown} /><Rates windows={shown} /></> : !error && <Empty>No spikes yet: they appear when {model} is asked something</Empty>}
    </Card>
    {children}
    <Weights key={model} model={model} />
  </>;
}
