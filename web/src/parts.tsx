// Small pieces that views share: states of a thing, failures, tables, and a download.
import type { ComponentChildren } from "preact";
import type { ApiError } from "./api";
import { parts } from "./format";

/** Kind of state, by the words that the server uses; each has a sign of its own, not only a colour. */
const MOODS: Record<string, string> = {
  healthy: "good", ok: "good", ready: "good", up: "good", pass: "good", inactive: "good", active: "good",
  degraded: "warn", warning: "warn", warn: "warn", pending: "warn", medium: "warn", loading: "warn", slow: "warn", quarantined: "warn", expired: "warn", overdue: "warn", conflicted: "warn", merged: "good",
  unhealthy: "bad", critical: "bad", error: "bad", high: "bad", firing: "bad", fail: "bad", failed: "bad", unavailable: "bad", err: "bad", deleted: "bad",
};
export const mood = (word: string): string => MOODS[word.toLowerCase()] ?? "info";

export function State({ word }: { word: string }) {
  const kind = mood(word);
  const sign = { good: "●", warn: "▲", bad: "■" }[kind] ?? "○";
  return <span class={`state ${kind}`}><i aria-hidden="true">{sign}</i> {word}</span>;
}

/** A number set large with its unit small, and as it came in `data-value`. */
export function Value({ value, unit }: { value: number | null | undefined; unit: string }) {
  const { text, unit: tail } = parts(value, unit);
  return <span class="value" data-value={value ?? ""} data-unit={unit}>{text}{tail && <small>{"\u202f" + tail.trim()}</small>}</span>;
}

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

/** A panel that has this is small and comes last. */
export const NoData = () => <p class="empty none">No data</p>;

export function Failure({ error }: { error: ApiError }) {
  const head = { 401: "A key is needed", 403: "Not allowed with this key", 404: "Not offered by this server" }[error.status] ?? error.title;
  return <p class="empty failure" role="status"><b>{head}.</b> {error.detail}</p>;
}

/** What stands where data would, while there is none: why, or that it is on its way. */
export const Missing = ({ error, height }: { error: ApiError | undefined; height?: number }) =>
  error ? <Failure error={error} /> : <div class={`skeleton ${height ? "tall" : ""}`} aria-label="Loading" role="status" />;

export function Table({ label, head, children }: { label: string; head: ComponentChildren[]; children: ComponentChildren }) {
  return <div class="scroll" role="region" aria-label={label} tabIndex={0}>
    <table><thead><tr>{head.map((one) => <th scope="col">{one}</th>)}</tr></thead><tbody>{children}</tbody></table>
  </div>;
}

/** A box with a heading: how views other than panels are made up. */
export function Card({ title, aside, children, wide = true }: { title: string; aside?: ComponentChildren; children: ComponentChildren; wide?: boolean }) {
  return <section class={`card ${wide ? "span-4" : "span-2"}`} aria-label={title}>
    <header><h2>{title}</h2>{aside && <div class="aside">{aside}</div>}</header>{children}
  </section>;
}

export function download(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = `${name.replace(/[^\w.-]+/g, "-")}.csv`;
  anchor.click();
  URL.revokeObjectURL(url);
}

/** Anything as one line of text. */
export const line = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export const Pairs = ({ of }: { of: Record<string, unknown> | undefined }) =>
  <dl class="pairs">{Object.entries(of ?? {}).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{line(value)}</dd></div>)}</dl>;

/** The beginning of a text, on one line. */
export function shortened(text: string, chars: number): string {
  const flat = text.replace(/\s+/g, " ").trim(), signs = [...flat];
  return signs.length <= chars ? flat : `${signs.slice(0, chars - 1).join("").trimEnd()}…`;
}

const CHAIN_CHARS = 40;

/** A way over several vertices, those that can be shown as links. */
export const Chain = ({ of }: { of: { text: string; href?: string }[] }) =>
  <span class="chain">{of.map(({ text, href }, i) => <>{i > 0 && <i aria-hidden="true">→</i>}
    {href ? <a href={href} title={text}>{shortened(text, CHAIN_CHARS)}</a> : <span title={text}>{shortened(text, CHAIN_CHARS)}</span>}</>)}</span>;

const TIERS: Record<string, string> = { working: "c2", short_term: "c5", long_term: "c3" };

export const Tier = ({ of }: { of: string }) => <span class="tag tier"><i class={TIERS[of] ?? "c6"} aria-hidden="true" /> {of.replaceAll("_", " ")}</span>;

/** How strong a memory still is, 0 to 1. */
export const Strength = ({ of }: { of: number }) => <span class="strength" title="How strong it still is"><span class="bar" aria-hidden="true"><i style={{ width: `${of * 100}%` }} /></span> strength <Value value={of} unit="percentunit" /></span>;
