// The page in a real browser, against a server that runs: every view opens, in light, dark and on a
// telephone, with no error in the console; numbers are those of the API; a script in a name stays text.
//
//   node test/page.mjs http://127.0.0.1:8080 [FOLDER of screenshots]
//
// The browser is CHROMIUM, or the first of the usual names.
import { existsSync, mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [base, folder] = process.argv.slice(2);
if (!base) throw new Error("usage: node test/page.mjs URL [FOLDER]");
const names = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = names.find((name) => name && existsSync(name));
if (!executablePath) throw new Error("no Chromium: apt-get install chromium, or set CHROMIUM");
if (folder) mkdirSync(folder, { recursive: true });

const views = ["overview", "serving", "engine", "security", "resilience", "resources", "health", "alerts", "traces", "logs"];
const looks = [
  { name: "light", width: 1280, height: 900, colorScheme: "light" },
  { name: "dark", width: 1280, height: 900, colorScheme: "dark" },
  { name: "telephone", width: 360, height: 740, colorScheme: "light" },
];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const problems = [];
let paint = 0;
for (const { name, width, height, colorScheme } of looks) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  page.on("console", (m) => m.type() === "error" && problems.push(`${name}: ${m.text()}`));
  page.on("pageerror", (e) => problems.push(`${name}: ${e.message}`));
  await page.goto(`${base}/`);
  await page.waitForTimeout(1500);
  const first = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  paint = Math.max(paint, first);
  for (const view of views) {
    await page.goto(`${base}/#${view}`);
    await page.waitForTimeout(1800);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 1) problems.push(`${name}/${view}: ${wide} pixels too wide`);
    const text = await page.evaluate(() => document.body.innerText);
    if (text.trim().length < 40) problems.push(`${name}/${view}: empty`);
    if (folder) await page.screenshot({ path: `${folder}/${view}-${name}.png`, fullPage: name !== "telephone" });
  }
  await context.close();
}
await browser.close();
if (paint > 1000) problems.push(`first paint after ${paint.toFixed(0)} ms`);
console.log(`first paint after ${paint.toFixed(0)} ms, ${views.length} views in ${looks.length} looks`);
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
