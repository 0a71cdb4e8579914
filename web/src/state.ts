// What the whole page shares: range, refresh, theme, and how the server is. A value and its listeners.
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "./api";
import type { Alert, Health } from "./contract";

/** What a request brought, or why it brought nothing. Old data stays when a later request fails. */
export interface Loaded<T> { data?: T; error?: ApiError }

export type Theme = "auto" | "light" | "dark";

export interface State {
  /** Counts refreshes. */
  tick: number;
  paused: boolean;
  /** The time that charts show, in seconds. */
  range: number;
  theme: Theme;
  /** Since when the server has not answered (ms since 1970). */
  downSince: number | null;
  /** The key that was asked for was not given. */
  refused: boolean;
  /** Whether the dialog for the key is open, and whether a key was just turned down. */
  asking: "no" | "first" | "again";
  /** The server's clock less ours, in ms. */
  skew: number;
  /** The first time that any chart has a value for (s since 1970): a young server's charts begin there. */
  since: number;
  health: Loaded<Health>;
  alerts: Loaded<Alert[]>;
}

export const RANGES: [number, string][] = [[300, "5 min"], [900, "15 min"], [3600, "1 h"], [21600, "6 h"]];

function kept(name: string): string | null {
  try { return localStorage.getItem(`striatum.${name}`); } catch { return null; }
}

function keep(name: string, value: string) {
  try { localStorage.setItem(`striatum.${name}`, value); } catch { /* Private windows may refuse; the choice then lasts as long as the page. */ }
}

const range = Number(kept("range"));
const theme = kept("theme");

let state: State = {
  tick: 0,
  paused: false,
  range: RANGES.some(([seconds]) => seconds === range) ? range : 900,
  theme: theme === "light" || theme === "dark" ? theme : "auto",
  downSince: null,
  refused: false,
  asking: "no",
  skew: 0,
  since: Infinity,
  health: {},
  alerts: {},
};
const listeners = new Set<() => void>();

export const get = (): State => state;

export function set(patch: Partial<State>) {
  if (patch.range) keep("range", String(patch.range));
  if (patch.theme) keep("theme", patch.theme);
  state = { ...state, ...patch };
  listeners.forEach((listener) => listener());
}

/** The server's time in ms since 1970. */
export const now = (): number => Date.now() + state.skew;

/** A part of the state; the component is drawn again when it changes. */
export function useStore<T>(select: (state: State) => T): T {
  const [value, setValue] = useState(() => select(state));
  useEffect(() => {
    const listener = () => setValue(() => select(state));
    listener();
    listeners.add(listener);
    return () => { listeners.delete(listener); };
  }, []);
  return value;
}
