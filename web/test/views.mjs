// Every view of a server that runs, in light, dark and on a telephone: its numbers are those of the API,
// nothing fails, nothing is asked elsewhere, nothing is too wide. Folder: where screenshots are put.
//
//   node test/views.mjs http://127.0.0.1:8080 [FOLDER]
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { memoryAgrees } from "./memory.mjs";
import { clean, launch, LOOKS, open, pause, resume, show, tooWide } from "./browser.mjs";

const [address, folder] = process.argv.slice(2);
if (!address) throw new Error("usage: node test/views.mjs URL [FOLDER]");
const base = address.replace(/\/$/, "");
if (folder) mkdirSync(folder, { recursive: true });

/** What the page may weigh (bytes): its three files as they are sent. */
const FILES_MAX = 176_000;
/** What it may ask for before the first view is whole, refreshes aside. */
const REQUESTS_MAX = 50;
const OWN = ["alerts", "traces", "logs"];

async function api(path, body) {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await fetch(`${base}/${path}`, init);
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return response.json();
}

const PREFIXES = { "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, m: 1e-3, µ: 1e-6, n: 1e-9, p: 1e-12, f: 1e-15 };
const BINARY = { "": 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 };
const TIMES = { d: 86_400, h: 3600, min: 60, s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 };
const SYMBOLS = { short: "", none: "", reqps: "req/s", ops: "op/s", bytes: "B", Bps: "B/s", joule: "J", watt: "W", hertz: "Hz", celsius: "°C" };

/** What a shown text is worth, by how people read it; written apart from the page's own way there. */
function worth(text, unit) {
  const [, digits, tail] = /^(-?[\d.]+(?:e[+-]\d+)?)[\s\u202f]*(.*)$/.exec(text.trim()) ?? [];
  if (digits === undefined) return null;
  if (unit === "percentunit") return Number(digits) / 100;
  if (unit === "s" || unit === "ms") return (Number(digits) * (tail === "" ? 1 : TIMES[tail])) / (unit === "ms" ? TIMES.ms : 1);
  const prefix = tail.slice(0, tail.length - (SYMBOLS[unit] ?? unit).length).trim();
  return Number(digits) * (unit === "bytes" || unit === "Bps" ? BINARY : PREFIXES)[prefix];
}

const close = (a, b, share) => Math.abs(a - b) <= share * Math.max(Math.abs(a), Math.abs(b)) + 1e-12;

/** Every number in sight says what it is worth to three digits. */
async function numbersReadRight(page) {
  const shown = await page.locator(".value").evaluateAll((all) => all.map((one) => ({ text: one.textContent, unit: one.dataset.unit, value: one.dataset.value })));
  for (const { text, unit, value } of shown) {
    if (value === "" || !Number.isFinite(Number(value))) continue;
    const read = worth(text, unit);
    assert.ok(read !== null && close(read, Number(value), 0.006), `${text} (${unit}) stands for ${value}`);
  }
  return shown.length;
}

const filled = (legend, labels) => legend.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name) => labels[name] ?? "");

/** When the page asked for an expression last: the time of its answer. */
function watchQueries(seen) {
  const asked = new Map();
  seen.page.on("response", async (response) => {
    const url = new URL(response.url());
    if (response.status() !== 200 || !/^\/api\/v1\/query(_range)?$/.test(url.pathname)) return;
    const expr = url.searchParams.get("query");
    if (url.pathname.endsWith("_range")) return asked.set(`${expr} over time`, Number(url.searchParams.get("end")));
    const found = await response.json().catch(() => null);
    const first = found?.data.resultType === "scalar" ? found.data.result : found?.data.result[0]?.value;
    if (first) asked.set(expr, first[0]);
  });
  return asked;
}

/** What the API says of an expression at a time: values by series. */
async function told(target, time) {
  const { data } = await api(`api/v1/query?query=${encodeURIComponent(target.expr)}&time=${time}`);
  if (data.resultType === "scalar") return new Map([[target.legend, Number(data.result[1])]]);
  return new Map(data.result.map(({ metric, value }) => [filled(target.legend, metric), Number(value[1])]));
}

/** The panels of a view against the API, asked for the same times again. Gives how many numbers were compared. */
async function panelsAgree(page, panels, asked) {
  let compared = 0;
  for (const panel of panels) {
    const card = page.locator(`[data-panel="${panel.id}"]`);
    assert.equal(await card.locator("h2").textContent(), panel.title);
    const rows = await card.locator(panel.kind === "bars" ? ".bars li" : panel.kind === "stat" ? ".numbers > div" : panel.kind === "table" ? "tbody tr" : ".legend li")
      .evaluateAll((all) => all.map((one) => ({ name: one.querySelector("button span, .name, .quiet")?.textContent ?? "", value: one.querySelector(".value")?.dataset.value })));
    const over = panel.kind === "timeseries" ? " over time" : "";
    for (const target of panel.targets) {
      const time = asked.get(target.expr + over);
      if (time === undefined) continue;
      for (const [name, value] of await told(target, time)) {
        if (!Number.isFinite(value)) continue;
        const row = panel.kind === "table" ? rows.find((one) => Number(one.value) === value) : rows.length === 1 ? rows[0] : rows.find((one) => one.name === name);
        // Beyond the first 24 series a chart only counts, and above its first four numbers a stat shows none.
        if (!row && (rows.length >= 24 || panel.kind === "stat")) continue;
        assert.ok(row && close(Number(row.value), value, 1e-9), `${panel.id} ${name}: ${row?.value} is shown, ${value} is true`);
        compared += 1;
      }
    }
  }
  return compared;
}

/**
 * The same, up to three times: samples carry the time at which they began to be gathered, so an answer of just then
 * lacks one that a later answer for the same time has.
 */
async function agreeing(seen, panels, asked, times = 3) {
  try {
    return await panelsAgree(seen.page, panels, asked);
  } catch (error) {
    if (times === 1) throw error;
    await resume(seen);
    await seen.page.waitForResponse((response) => response.url().includes("/api/v1/query"));
    await pause(seen);
    return agreeing(seen, panels, asked, times - 1);
  }
}

const texts = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((one) => one.textContent.trim()));
const card = (title) => `section.card[aria-label="${title}"]`;

/** What views show besides panels, against `/v1` and `/v2`. */
const OTHERS = {
  async overview(page) {
    const health = await api("health");
    const models = await api("v2/repository/index", {});
    const summary = Object.fromEntries(await page.locator(".summary > div").evaluateAll((all) => all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent])));
    assert.equal(summary.Version, health.version);
    assert.equal(summary["Models ready"], `${models.filter(({ state }) => state === "READY").length} of ${models.length}`);
  },
  async engine(page) {
    const model = await page.locator(`${card("Spikes")} select`).inputValue();
    await page.locator("canvas.raster").waitFor();
    assert.match(await page.locator("canvas.raster").getAttribute("aria-label"), /^Spikes of .+ up to step \d+$/);
    const inked = await page.locator("canvas.raster").evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    assert.ok(inked > 3, "the raster has the colours of spikes");
    const { projections } = await api(`v1/models/${model}/weights`);
    const shown = await page.locator(".histogram").evaluateAll((all) => all.map((one) => [...one.querySelectorAll(".value")].map((value) => Number(value.dataset.value))));
    assert.deepEqual(shown, projections.map(({ min, mean, max }) => [min, mean, max]));
  },
  memory: (page) => memoryAgrees(page, api),
  async serving(page) {
    const models = await api("v2/repository/index", {});
    assert.deepEqual(await texts(page, `${card("Models")} tbody tr td:first-child`), models.map(({ name }) => name));
  },
  async alerts(page) {
    const { alerts } = await api("v1/alerts");
    // Whether the machine is slow may have changed since the page asked.
    const steady = (names) => names.filter((name) => name !== "RuntimeDelayed").sort();
    assert.deepEqual(steady(await texts(page, ".alerts summary b")), steady(alerts.map(({ name }) => name)));
    const { data } = await api("api/v1/rules");
    assert.deepEqual((await texts(page, `${card("Rules")} tbody tr td:first-child`)).sort(), data.groups.flatMap(({ rules }) => rules.map(({ name }) => name)).sort());
    const { silences } = await api("v1/silences");
    assert.deepEqual(await texts(page, `${card("Silences")} tbody tr td:nth-child(3)`), silences.map(({ comment }) => comment));
  },
  async traces(page) {
    const { traces } = await api("v1/traces?limit=500");
    const links = await page.locator(`${card("Traces")} tbody a`).evaluateAll((all) => all.map((one) => one.hash.split("/")[1]));
    assert.ok(links.length > 0 && links.every((id) => traces.some(({ trace_id }) => trace_id === id)), "the traces are those of the API");
    const { spans } = await api(`v1/traces/${links[0]}`);
    await page.locator(`${card("Traces")} tbody a`).first().click();
    await page.locator(".waterfall li").first().waitFor();
    assert.deepEqual((await texts(page, ".waterfall .name")).sort(), spans.map(({ name }) => name).sort());
  },
  async logs(page) {
    const { logs } = await api("v1/logs?level=info&limit=200");
    const shown = await texts(page, ".logs p");
    if (!logs.length) return page.getByText("No log line is like this").waitFor();
    assert.ok(shown.length > 0 && logs.length >= shown.length, `${shown.length} of ${logs.length} log lines`);
    assert.ok(logs.slice(-shown.length).every(({ message }, i) => shown[i].includes(message)), "the log lines are those of the API");
  },
  async health(page) {
    const { checks } = await api("health");
    const shown = await page.locator(`${card("Checks")} table`).first().locator("tbody tr").evaluateAll((all) => all.map((row) => row.children[0].textContent));
    assert.deepEqual(shown, checks.map(({ name }) => name));
  },
};

const browser = await launch();
const faults = [];
const { pages } = await api("v1/panels");
const panelsOf = (view) => pages.find(({ id }) => id === view)?.panels ?? [];
const views = [...pages.map(({ id }) => id), ...OWN];
let compared = 0, read = 0;

for (const look of LOOKS) {
  const seen = await open(browser, base, look);
  const { page } = seen, asked = watchQueries(seen);
  const files = new Map();
  page.on("response", (response) => files.set(new URL(response.url()).pathname, response));
  await show(page, base, "overview");
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  let weight = 0;
  for (const path of ["/", "/app.js", "/app.css"]) weight += (await files.get(path).body()).length;
  console.log(`${look.name}: first paint after ${paint.toFixed(0)} ms; ${seen.requests.size} requests and ${seen.bytes} bytes until the overview is whole, ${weight} of them the page`);
  assert.ok(weight < FILES_MAX, `the page is ${weight} bytes`);
  assert.ok(seen.requests.size < REQUESTS_MAX, `${seen.requests.size} requests for the overview`);
  const nav = await page.locator("nav a").evaluateAll((all) => all.map((one) => one.hash.slice(1)));
  assert.deepEqual([...nav].sort(), [...views].sort());

  for (const view of views) {
    await show(page, base, view);
    if (view === "engine") await page.locator("canvas.raster").waitFor();
    await pause(seen);
    if (look.name === "light") {
      compared += await agreeing(seen, panelsOf(view), asked);
      await OTHERS[view]?.(page);
    }
    read += await numbersReadRight(page);
    const wide = await tooWide(page);
    if (wide > 0) faults.push(`${look.name} #${view}: ${wide} pixels too wide`);
    assert.equal(await page.evaluate(() => window.hurt), undefined, "no script of a text runs");
    await resume(seen);
    // A raster is whole only after some time, which screenshots have.
    if (folder) await page.waitForTimeout(view === "engine" ? 8000 : 500);
    if (folder) await page.screenshot({ path: `${folder}/${view}-${look.name}.png`, fullPage: look.name !== "telephone" });
  }
  faults.push(...seen.faults);
  await seen.context.close();
}
await browser.close();
clean(faults);
assert.ok(compared > 50, `only ${compared} numbers were compared`);
console.log(`${views.length} views in ${LOOKS.length} looks: ${compared} numbers are those of the API, ${read} read as what they are worth`);
