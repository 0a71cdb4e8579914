// Prometheus' query API: a panel's targets to series on one grid of times, or to samples.
import { read } from "./api";
import type { Panel, Target } from "./contract";
import { legend } from "./format";

/** A chart asks for at most so many points. */
export const MAX_POINTS = 240;
/** A panel shows at most so many series. */
export const MAX_SERIES = 24;

export interface Series { name: string; values: (number | null)[] }
export interface Grid { times: number[]; series: Series[]; left_out: number }
export interface Sample { name: string; labels: Record<string, string>; value: number }

interface Metric { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }
interface Answer { status: string; data: { resultType: string; result: Metric[] | [number, string] } }

/** Prometheus writes numbers as text, with its own words for those that are not finite. */
export function number(text: string): number {
  if (text === "+Inf" || text === "Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

/** The times of a chart in seconds: whole multiples of the step, so that a refresh asks for the same ones. */
export function grid(range: number, interval: number, nowMs: number): { start: number; end: number; step: number } {
  const step = Math.ceil(Math.max(interval, range / MAX_POINTS) / interval) * interval;
  const end = Math.floor(nowMs / 1000 / step) * step;
  return { start: end - Math.floor(range / step) * step, end, step };
}

export const rangePath = (expr: string, g: { start: number; end: number; step: number }) =>
  `api/v1/query_range?query=${encodeURIComponent(expr)}&start=${g.start}&end=${g.end}&step=${g.step}`;

async function matrix(target: Target, g: ReturnType<typeof grid>, n: number, signal: AbortSignal): Promise<Series[]> {
  const answer = await read<Answer>(rangePath(target.expr, g), signal);
  return (answer.data.result as Metric[]).map(({ metric, values = [] }) => {
    const line: (number | null)[] = Array(n).fill(null);
    for (const [time, text] of values) {
      const value = number(text);
      line[Math.round((time - g.start) / g.step)] = Number.isFinite(value) ? value : null;
    }
    return { name: legend(target.legend, metric), values: line };
  });
}

/** All targets over time; a series without a single number is left out, one that is 0 throughout comes last. */
export async function overTime(panel: Panel, range: number, interval: number, nowMs: number, signal: AbortSignal): Promise<Grid> {
  const g = grid(range, interval, nowMs);
  const times = Array.from({ length: Math.round((g.end - g.start) / g.step) + 1 }, (_, i) => g.start + i * g.step);
  const every = (await Promise.all(panel.targets.map((target) => matrix(target, g, times.length, signal)))).flat();
  const nought = ({ values }: Series) => values.every((value) => !value);
  const told = every.filter(({ values }) => values.some((value) => value !== null));
  const all = [...told.filter((one) => !nought(one)), ...told.filter(nought)];
  return { times, series: all.slice(0, MAX_SERIES), left_out: Math.max(0, all.length - MAX_SERIES) };
}

async function vector(target: Target, signal: AbortSignal): Promise<Sample[]> {
  const { data } = await read<Answer>(`api/v1/query?query=${encodeURIComponent(target.expr)}`, signal);
  if (data.resultType === "scalar") {
    return [{ name: legend(target.legend ?? target.expr, {}), labels: {}, value: number((data.result as [number, string])[1]) }];
  }
  return (data.result as Metric[]).map(({ metric, value }) =>
    ({ name: legend(target.legend, metric), labels: metric, value: number(value?.[1] ?? "NaN") })).filter(({ value }) => !Number.isNaN(value));
}

/** All targets now; what is no number, as a share of nothing, is left out. */
export const rightNow = async (panel: Panel, signal: AbortSignal): Promise<Sample[]> =>
  (await Promise.all(panel.targets.map((target) => vector(target, signal)))).flat();
