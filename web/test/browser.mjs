// The browser of the tests: Debian's Chromium, driven by Playwright, and what went wrong in it.
// It is STRIATUM_CHROMIUM, or the first of the usual names.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** The page has so long to show something: a guard against waiting for ever, not a measure. */
export const WAIT_MS = 120_000;
const NAMES = [process.env.STRIATUM_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const LOOKS = [
  { name: "light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "telephone", viewport: { width: 360, height: 740 }, colorScheme: "light" },
];

export function launch() {
  const executablePath = NAMES.find((name) => name && existsSync(name));
  if (!executablePath) throw new Error("no Chromium: apt-get install chromium, or set STRIATUM_CHROMIUM");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A page whose `faults` are what should not be: errors, failed requests, requests to elsewhere. `allowed` of them are not counted. */
export async function open(browser, base, look, allowed = []) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  const origin = new URL(base).origin;
  const seen = { page, context, faults: [], requests: new Set(), bytes: 0, underWay: new Set() };
  const fault = (text) => { if (!allowed.some((one) => one.test(text))) seen.faults.push(`${look.name} ${new URL(page.url()).hash}: ${text}`); };
  page.setDefaultTimeout(WAIT_MS);
  page.on("console", (message) => message.type() === "error" && fault(`console: ${message.text()}`));
  page.on("pageerror", (error) => fault(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    const { pathname, searchParams } = new URL(url);
    // The same request for another time is a refresh.
    seen.requests.add(`${pathname} ${searchParams.get("query") ?? ""}`);
    // A stream is always under way.
    if (!url.includes("/v1/live")) seen.underWay.add(request);
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) fault(`request to elsewhere: ${url}`);
  });
  // What the page itself stops, because another view is shown, is no failure.
  page.on("requestfailed", (request) => request.failure()?.errorText !== "net::ERR_ABORTED" && fault(`request: ${request.url()} ${request.failure()?.errorText}`));
  page.on("response", (response) => response.status() >= 400 && fault(`status ${response.status()}: ${response.url()}`));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => seen.underWay.delete(request));
  const wire = await context.newCDPSession(page);
  await wire.send("Network.enable");
  wire.on("Network.loadingFinished", ({ encodedDataLength }) => { seen.bytes += encodedDataLength; });
  return seen;
}

/** Shows a view and waits until nothing of it is on its way. */
export async function show(page, base, view) {
  await page.goto(`${base}/#${view}`);
  await page.waitForFunction((view) => document.querySelector("nav a[aria-current]")?.getAttribute("href") === `#${view.split("/")[0]}`, view);
  await settled(page);
}

export const settled = (page) => page.waitForFunction(() => document.querySelector("main .card") && !document.querySelector(".skeleton"));

/** Stops refreshing and waits for what is under way, so that what is compared stands still. */
export async function pause({ page, underWay }) {
  await page.getByRole("button", { name: "Pause refreshing" }).click();
  while (underWay.size) await page.waitForTimeout(20);
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  await settled(page);
}

export async function resume({ page }) {
  await page.getByRole("button", { name: "Pause refreshing" }).click();
  await settled(page);
}

export const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** Fails with all faults at once. */
export const clean = (faults) => assert.equal(faults.length, 0, `\n${[...new Set(faults)].join("\n")}`);
