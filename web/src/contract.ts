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

export interface Stats {
  active: number; quarantined: number; superseded: number; expired: number; deleted: number;
  working: number; short_term: number; long_term: number; bytes: number; collections: number; columns: number;
  entities: number; relations: number; facts: number; contradictions: number;
}
export interface Memory {
  id: string; memory: string; collection: string; class: string; tier: string; status: string;
  user_id?: string; agent_id?: string; run_id?: string; tags: string[]; metadata: Record<string, unknown>; source?: string;
  confidence: number; importance: number; trust: number; strength: number; mentions: string[]; reasons?: string[];
  created_at: string; updated_at: string; expires_at?: string; deleted_at?: string; superseded_by?: string;
  version: number; accesses: number; endorsements: number; dismissals: number; repeats: number;
  intention?: { state: string; due_at?: string; ended_at?: string; outcome?: string };
  pattern?: { kind: string; trigger?: string; seen: number; instances: { at: string }[] };
}
export interface Rank { rank: number; score: number }
/** What each way of looking adds to a memory's place in the order; an exception takes away. */
export interface Votes { semantic: number; structural: number; temporal: number; exception: number }
/** Why a memory was found. A path goes from the question or a memory's id over names to the memory's id. */
export interface Why { text?: Rank; terms: { term: string; score: number }[]; vector?: Rank; graph?: Rank; path: string[]; strength: number; votes: Votes }
export interface Hit extends Memory { score: number; explain?: Why }
export interface Found { results: Hit[]; more: boolean; took: { columns_visited: number; rows_scanned: number; reranked: number; candidates: number } }
export interface Happened {
  version: number; event: string; what: string; actor: string; created_at: string;
  changed: { field: string; before: unknown; after: unknown }[];
}
export interface Column { load: number; state: string; updates: number; age: number; position: number[]; neighbours: number[] }
export interface Survey {
  items: number; rows: number; load_variation: number; splits: number; merges: number;
  /** Competitions by iterations: 0, 1, 2 ...; the last counts all that took more, too. */
  iterations: number[];
  unsettled: number; exact_duplicates: number; near_duplicates: number; columns: Column[];
}
export interface Vertex { memory?: string; entity?: number }
export interface Relation { id: number; from: Vertex; kind: string; to: Vertex; strength: number; source: string }
/** In a path, a memory is called by a number of its own, an entity by its name. */
export interface Activated { vertex: Vertex; name: string; activation: number; path: { from: string; to: string; contribution: number }[] }
export interface Entity { id: number; name: string; kind: string; aliases: string[]; properties: Record<string, unknown>; parents: number[]; source: string; learned_at: string }
export interface Fact {
  id: number; subject: number; subject_name: string; predicate: string; object_entity?: number; object_name?: string; object?: unknown; negated: boolean;
  valid_at?: string; invalid_at?: string; learned_at: string; retracted_at?: string; confidence: number; sources: string[];
}
export interface Contradiction { id: number; kind: string; first: number; second: number; state: string }
export interface Named { vertex: Vertex; name: string }
/** What an analysis tells: vertices with a value, ties, groups, or numbers of the whole. */
export interface Analysis {
  graph: { vertices: number; links: number }; values?: Record<string, number>; more: boolean;
  vertices?: (Named & { value: number })[]; ties?: { from: Named; kind: string; to: Named; value: number }[]; groups?: { size: number; vertices: Named[] }[];
}
/** A branch, how it stands to its parent, and where it is in its life. */
export interface Branch { id: number; name: string; parent: number; merged: boolean; state: string; created_at: string; by: string; changes: number; divergence: number; conflicts: number }
export interface Difference { item: string; first: object | null; second: object | null }
