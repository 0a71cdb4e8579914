// Requests to the server: the key, problems as errors, whether it answers at all, and event streams.
import { useEffect, useRef, useState } from "preact/hooks";
import { get, set, useStore, type Loaded } from "./state";

export const REQUEST_TIMEOUT_MS = 15_000;
/** The clocks of browser and server are taken as equal below this. */
const SKEW_MIN_MS = 2_000;
const KEY = "striatum.key";

/** An answer that is no success. `status` is 0 where there was no answer. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly title: string, readonly detail: string) {
    super(`${title}: ${detail}`);
  }
}

export const key = (): string | null => sessionStorage.getItem(KEY);

let waiting: Promise<boolean> | null = null;
let decide: (given: boolean) => void = () => {};

/** Asks for a key, once for all who need it. False where none was given. */
function askForKey(used: string | null): Promise<boolean> {
  if (key() !== used) return Promise.resolve(true);
  if (get().refused) return Promise.resolve(false);
  waiting ??= new Promise<boolean>((resolve) => { decide = resolve; }).finally(() => { waiting = null; });
  if (get().asking === "no") set({ asking: used ? "again" : "first" });
  return waiting;
}

/** What the dialog calls: with a key, or with null where it was closed. */
export function giveKey(value: string | null) {
  if (value) sessionStorage.setItem(KEY, value);
  set({ asking: "no", refused: !value });
  decide(Boolean(value));
}

export function forgetKey() {
  sessionStorage.removeItem(KEY);
  set({ refused: false, tick: get().tick + 1 });
}

function wentDown() {
  if (get().downSince === null) set({ downSince: Date.now() });
}

function answered(response: Response) {
  const date = Date.parse(response.headers.get("date") ?? "");
  const skew = Number.isNaN(date) ? 0 : date - Date.now();
  if (Math.abs(skew - get().skew) > SKEW_MIN_MS) set({ skew: Math.abs(skew) > SKEW_MIN_MS ? skew : 0 });
  if (get().downSince !== null) set({ downSince: null, tick: get().tick + 1 });
}

async function reach(path: string, init: RequestInit, used: string | null): Promise<Response> {
  const headers = new Headers(init.headers);
  if (used) headers.set("authorization", `Bearer ${used}`);
  try {
    const response = await fetch(path, { ...init, headers, cache: "no-store" });
    answered(response);
    return response;
  } catch (cause) {
    if (init.signal?.aborted && init.signal.reason?.name !== "TimeoutError") throw cause;
    wentDown();
    throw new ApiError(0, "No answer", "the server cannot be reached");
  }
}

async function problem(response: Response): Promise<ApiError> {
  const body = await response.json().catch(() => ({}));
  const text = (value: unknown) => (typeof value === "string" && value ? value : null);
  const title = text(body.title) ?? text(body.errorType) ?? `Status ${response.status}`;
  return new ApiError(response.status, title, text(body.detail) ?? text(body.error) ?? response.statusText);
}

/** A response that is a success; asks for a key where one is needed. */
export async function request(path: string, init: RequestInit = {}, accept: number[] = []): Promise<Response> {
  for (;;) {
    const used = key();
    const response = await reach(path, init, used);
    if (response.ok || accept.includes(response.status)) return response;
    if (response.status !== 401 || !(await askForKey(used))) throw await problem(response);
  }
}

const limited = (signal?: AbortSignal) =>
  AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...(signal ? [signal] : [])]);

async function parsed<T>(response: Response): Promise<T> {
  try {
    return await response.json() as T;
  } catch {
    throw new ApiError(response.status, "Unreadable answer", "expected JSON");
  }
}

export const read = async <T>(path: string, signal?: AbortSignal, accept?: number[]): Promise<T> =>
  parsed<T>(await request(path, { signal: limited(signal) }, accept));

export async function write<T>(method: string, path: string, body?: unknown): Promise<T | null> {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await request(path, { method, ...init });
  return response.status === 204 || response.headers.get("content-length") === "0" ? null : parsed<T>(response);
}

/**
 * Server-sent events until the signal or the server ends them.
 * `EventSource` is not used because it cannot send a key.
 */
export async function events(path: string, signal: AbortSignal, take: (data: unknown) => void): Promise<void> {
  const response = await request(path, { signal, headers: { accept: "text/event-stream" } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5)).join("\n");
      if (data) take(JSON.parse(data));
    }
  }
}

const asError = (cause: unknown): ApiError =>
  cause instanceof ApiError ? cause : new ApiError(0, "Unexpected answer", cause instanceof Error ? cause.message : String(cause));

/** Loads at once, at every `every`th refresh, and when `deps` change. A slow answer is waited for. */
export function usePoll<T>(load: (signal: AbortSignal) => Promise<T>, deps: unknown[], every = 1): Loaded<T> & { reload: () => void } {
  const tick = useStore((state) => state.tick);
  const [loaded, setLoaded] = useState<Loaded<T>>({});
  const busy = useRef<AbortController | null>(null);
  const run = () => {
    const abort = new AbortController();
    busy.current?.abort();
    busy.current = abort;
    const done = (next: (old: Loaded<T>) => Loaded<T>) => {
      if (busy.current !== abort) return;
      busy.current = null;
      setLoaded(next);
    };
    load(abort.signal).then((data) => done(() => ({ data })), (cause) => done((old) => ({ data: old.data, error: asError(cause) })));
  };
  useEffect(run, deps);
  useEffect(() => {
    if (tick && !busy.current && (tick % every === 0 || loaded.error)) run();
  }, [tick]);
  useEffect(() => () => { busy.current?.abort(); busy.current = null; }, []);
  return { ...loaded, reload: run };
}

/** Runs what a form or a button asks for, then `done`; the failure, if any, stays beside it. Last: whether it runs, when it is not begun again. */
export function useAction(done?: () => void): [ApiError | null, (work: () => Promise<unknown>) => Promise<boolean>, boolean] {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  return [error, async (work) => {
    if (busy) return false;
    setBusy(true);
    try {
      await work();
      setError(null);
      set({ tick: get().tick + 1 });
      done?.();
      return true;
    } catch (cause) {
      setError(asError(cause));
      return false;
    } finally {
      setBusy(false);
    }
  }, busy];
}
