// A server that is lost and returns while the page is open. Whoever runs this stops and starts it when
// told so: each `stop` or `start` on standard output waits for a line on standard input.
//
//   node test/lost.mjs URL
import assert from "node:assert/strict";
import { createInterface } from "node:readline/promises";
import { clean, launch, LOOKS, open, settled, show } from "./browser.mjs";

const base = process.argv[2]?.replace(/\/$/, "");
if (!base) throw new Error("usage: node test/lost.mjs URL");
const input = createInterface({ input: process.stdin });
const lines = input[Symbol.asyncIterator]();
async function tell(what) {
  console.log(what);
  assert.equal((await lines.next()).done, false, `nobody did ${what}`);
}

const browser = await launch();
const seen = await open(browser, base, LOOKS[0], [/ERR_/]);
const { page } = seen;
await show(page, base, "overview");
await page.evaluate(() => { window.same = true; });
const models = page.locator('[data-panel="models"] .value');
const before = await models.getAttribute("data-value");
await tell("stop");
await page.locator(".banner.bad").getByText("The server has not answered since").waitFor();
assert.match(await page.locator(".pill").textContent(), /unavailable/);
assert.equal(await models.getAttribute("data-value"), before, "what was shown stays");
await tell("start");
await page.locator(".banner").waitFor({ state: "detached" });
await page.waitForFunction(() => !document.querySelector(".pill")?.textContent.includes("unavailable"));
await page.waitForFunction(() => !document.querySelector('[data-stale="true"]'));
await settled(page);
assert.equal(await page.evaluate(() => window.same), true, "the page was not loaded again");
clean(seen.faults);
input.close();
await browser.close();
console.log("the loss was shown, and so was the return");
