// Values as people read them: three significant digits, and a unit with its prefix.
// Unit names are those of Grafana. Nothing here touches the page.

/** A number as shown, its unit apart so that it can be set smaller. */
export interface Parts { text: string; unit: string }

const NOTHING = "–";
const SI_LARGE = ["", "k", "M", "G", "T", "P"];
const SI_SMALL = ["", "m", "µ", "n", "p", "f"];
const IEC = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
const TIMES: [number, string][] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];

const UNITS = TIMES.slice(0, 4);

/** What stands behind the prefix. Units that are not here are shown as they are. */
const SYMBOL: Record<string, string> = {
  short: "", none: "", reqps: "req/s", ops: "op/s", bytes: "B", Bps: "B/s", joule: "J", watt: "W",
  hertz: "Hz", celsius: "°C",
};
/** Units for which parts of a thousand are usual. */
const SMALL = new Set(["joule", "watt"]);

const rounded = (value: number) => Number(value.toPrecision(3));

/** Three significant digits; whole numbers below 1000 keep no decimals. */
function digits(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value);
  const size = Math.abs(rounded(value));
  if (size < 1e-3) return value.toExponential(2);
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(decimals);
}

function prefixed(value: number, base: number, prefixes: string[], symbol: string): Parts {
  let step = 0;
  while (step < prefixes.length - 1 && Math.abs(rounded(value)) >= 1000) {
    value /= base;
    step += 1;
  }
  return { text: digits(value), unit: prefixes[step] + symbol };
}

function small(value: number, symbol: string): Parts {
  let step = 0;
  while (step < SI_SMALL.length - 1 && Math.abs(rounded(value)) < 1) {
    value *= 1000;
    step += 1;
  }
  return { text: digits(value), unit: SI_SMALL[step] + symbol };
}

function duration(seconds: number): Parts {
  const size = Math.abs(rounded(seconds));
  const [scale, unit] = TIMES.find(([scale]) => size >= scale) ?? [1e-9, "ns"];
  return { text: digits(rounded(seconds) / scale), unit };
}

/** A value of a unit, for instance 12345 `reqps`: "12.3" and "k req/s". */
export function parts(value: number | null | undefined, unit: string): Parts {
  if (value === null || value === undefined) return { text: NOTHING, unit: "" };
  if (Number.isNaN(value)) return { text: "NaN", unit: "" };
  const symbol = SYMBOL[unit] ?? unit;
  if (!Number.isFinite(value)) return { text: value > 0 ? "∞" : "−∞", unit: symbol };
  if (unit === "percentunit") return { text: digits(value * 100), unit: "%" };
  if (unit === "percent") return { text: digits(value), unit: "%" };
  if (value === 0) return { text: "0", unit: symbol.includes("/") ? ` ${symbol}` : symbol };
  if (unit === "s") return duration(value);
  if (unit === "ms") return duration(value / 1000);
  if (unit === "bytes" || unit === "Bps") return prefixed(value, 1024, IEC, symbol);
  if (SMALL.has(unit) && Math.abs(value) < 1) return small(value, symbol);
  return prefixed(value, 1000, SI_LARGE, symbol.includes("/") ? ` ${symbol}` : symbol);
}

function joined({ text, unit }: Parts): string {
  const tail = unit.trim();
  return tail ? `${text}\u202f${tail}` : text;
}

/** A value with its unit as one text. */
export const format = (value: number | null | undefined, unit: string): string => joined(parts(value, unit));

/** As `format`, without zeros at the end and without "req/s" and its like: for axes. */
export function tick(value: number, unit: string): string {
  const { text, unit: whole } = parts(value, unit);
  const tail = whole.replace(/ .*|\/s$/, "");
  const bare = text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
  return joined({ text: bare, unit: tail });
}

const two = (value: number) => String(value).padStart(2, "0");

/** The local time of day of a time in ms since 1970. */
export function clock(ms: number, seconds = true): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return NOTHING;
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return seconds ? `${minutes}:${two(at.getSeconds())}` : minutes;
}

/** The time of day of an RFC 3339 time, with its day unless that is `now`'s. */
export function moment(text: string, now: number): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const time = clock(at.getTime());
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`;
}

/** Seconds as its two largest units: "1 d 2 h". */
export function lasting(seconds: number): string {
  const at = UNITS.findIndex(([scale]) => seconds >= scale);
  const [scale, unit] = UNITS[at < 0 ? UNITS.length - 1 : at]!;
  const whole = Math.floor(seconds / scale), next = UNITS[at + 1];
  const rest = at >= 0 && next ? Math.floor((seconds - whole * scale) / next[0]) : 0;
  return `${whole} ${unit}${rest ? ` ${rest} ${next![1]}` : ""}`;
}

/** How long ago an RFC 3339 time is, or how long until it. */
export function ago(text: string, now: number): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return NOTHING;
  const seconds = Math.max(1, Math.round(Math.abs(now - at) / 1000));
  return lasting(seconds);
}

/** Fills `{{label}}` in a legend; without one, the labels themselves. */
export function legend(template: string | undefined, labels: Record<string, string>): string {
  if (template) return template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => labels[name] ?? "");
  const { __name__: name = "", ...rest } = labels;
  const inner = Object.entries(rest).map(([key, value]) => `${key}="${value}"`).join(", ");
  return inner ? `${name}{${inner}}` : name || "value";
}

/** One cell of CSV (RFC 4180). Text that a spreadsheet would run as a formula is led by a quote. */
function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows as CSV (RFC 4180). */
export const csv = (rows: (string | number | null)[][]): string =>
  rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** An address that may be a link: http or https, or none. A `javascript:` address is none. */
export function link(text: string | null | undefined, base: string): string | null {
  if (!text) return null;
  try {
    const url = new URL(text, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
