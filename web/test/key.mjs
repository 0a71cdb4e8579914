// A server that asks for a key: the dialog, a wrong key, none, the right one, and forgetting it.
//
//   node test/key.mjs URL KEY
import assert from "node:assert/strict";
import { clean, launch, LOOKS, open, settled, tooWide } from "./browser.mjs";

const [address, key] = process.argv.slice(2);
if (!key) throw new Error("usage: node test/key.mjs URL KEY");
const base = address.replace(/\/$/, "");
const browser = await launch();
for (const look of LOOKS) {
  const seen = await open(browser, base, look, [/status of 401/, /^status 401/]);
  const { page } = seen, dialog = page.locator("dialog");
  const give = async (text) => {
    await dialog.locator("input").fill(text);
    await page.getByRole("button", { name: "Use key" }).click();
  };
  await page.goto(`${base}/`);
  await dialog.waitFor();
  assert.match(await dialog.textContent(), /This server asks for a key/);
  await give("sk_0123456789abcdef_00");
  await dialog.getByText("That key was not accepted.").waitFor();
  await page.getByRole("button", { name: "Not now" }).click();
  const banner = page.locator(".banner");
  await banner.getByRole("button", { name: "Enter a key" }).click();
  await dialog.waitFor();
  await give(key);
  await page.locator(".summary dd").first().waitFor();
  await settled(page);
  assert.equal(await banner.count(), 0);
  assert.equal(await tooWide(page), 0, `${look.name}: too wide with a key`);
  await page.getByRole("button", { name: "Forget key" }).click();
  await dialog.waitFor();
  assert.equal(await page.evaluate((key) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(key), key), false);
  clean(seen.faults);
  await seen.context.close();
}
await browser.close();
console.log("the key is asked for, turned down, taken and forgotten");
