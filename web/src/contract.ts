// What the server answers. Every text in it is shown as text, whatever it holds.

export interface Target { expr: string; legend?: string }
export interface Threshold { value: number; color: string }
export interface Panel {
  id: string; title: string; description?: string; unit: string; span?: number;
  kind: "timeseries" | "stat" | "bars" | "table"; targets: Target[]; thresholds?: Threshold[];
}
export interface Page { id: string; title: string; panels: Panel[] }
export interface Panels { pages: Page[]; interval_seconds?: number }

export interface Alert {
  fingerprint: string; name: string; state: "pending" | "firing"; severity: string; summary: string;
  description?: string; runbook?: string; labels: Record<string, string>; since: string; value: number;
  acknowledged?: { by: string; comment: string } | null; silenced: boolean; inhibited: boolean;
}
export interface Matcher { name: string; op: string; value: string }
export interface Silence { id: string; matchers: Matcher[]; ends: string; comment: string; by?: string }
export interface RuleGroup { name: string; rules: { name: string; query: string; state?: string; duration?: number; health?: string; lastError?: string; labels?: Record<string, string> }[] }

export interface Log { time: string; level: string; target: string; message: string; fields?: Record<string, unknown>; trace_id?: string | null }
export interface Trace { trace_id: string; name: string; start: string; duration_ms: number; status: string; spans: number }
export interface Span { span_id: string; parent_id?: string | null; name: string; start_ms: number; duration_ms: number; attributes?: Record<string, unknown> }

export interface Health {
  status: string; score: number; version: string; uptime_seconds: number;
  checks: { name: string; status: string; detail?: string; took_ms: number }[];
  errors: { time: string; message: string }[];
}

/** A window of steps. The step of a spike counts from `step0`; a rate is spikes per neuron and step. */
export interface Live {
  model: string; version: string; step0: number; steps: number;
  populations: { name: string; size: number; spikes: [number, number][] }[];
  rates: number[];
}
export interface Model { name: string; version: string; state: string; reason?: string }
export interface Projection { name: string; from: string; to: string; histogram: { edges: number[]; counts: number[] }; min: number; max: number; mean: number }
