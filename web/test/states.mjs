// What no server in order shows: markup in every text, nothing to show, nothing allowed; and the memory as the mock has it. Against `mock.mjs`.
//
//   node test/states.mjs
import assert from "node:assert/strict";
import { ask, memoryAgrees } from "./memory.mjs";
import { clean, launch, LOOKS, open, settled, show, tooWide } from "./browser.mjs";
import { mock, XSS } from "./mock.mjs";

const VIEWS = ["overview", "engine", "serving", "memory", "memory/0199aaaa-0000-7000-8000-000000000004", "alerts", "traces", "traces/trace0", "logs", "health", "resources"];
const browser = await launch();

async function withServer(options, allowed, work) {
  const server = await mock(options);
  try {
    for (const look of LOOKS) {
      const base = server.url.replace(/\/$/, "");
      const seen = await open(browser, base, look, allowed);
      await work(seen.page, base, look);
      clean(seen.faults);
      await seen.context.close();
    }
  } finally {
    await server.close();
  }
}

await withServer({ xss: true }, [], async (page, base, look) => {
  for (const view of VIEWS) {
    await show(page, base, view);
    await page.locator(".alerts summary, .waterfall summary, button[aria-expanded=false]").evaluateAll((all) => all.forEach((one) => one.click()));
    if (view === "memory") await ask(page, "Ada letter");
    const { text, made, hurt, links } = await page.evaluate(() => ({
      text: document.body.innerText,
      made: document.querySelectorAll("#app img, #app script, #app iframe").length,
      hurt: window.hurt,
      links: [...document.links].map((one) => one.protocol),
    }));
    assert.ok(text.includes(XSS) || view === "overview" || text.includes("<b>"), `#${view} shows the text as it is`);
    assert.equal(made, 0, `#${view}: markup became elements`);
    assert.equal(hurt, undefined, `#${view}: a script ran`);
    assert.ok(links.every((one) => one === "http:"), `#${view}: ${links}`);
    assert.ok(await tooWide(page) <= 0, `${look.name} #${view}: long texts make it ${await tooWide(page)} pixels too wide`);
  }
});

await withServer({}, [], async (page, base) => {
  const api = async (path, body) => (await fetch(`${base}/${path}`, body ? { method: "POST", body: JSON.stringify(body) } : {})).json();
  await show(page, base, "memory");
  await memoryAgrees(page, api);
});

await withServer({ empty: true }, [], async (page, base) => {
  for (const [view, said] of [["alerts", "Nothing is wrong"], ["traces", "No traces"], ["logs", "No log line"], ["health", "No checks"], ["memory", "This stores the first memory"], ["memory", "No columns yet"], ["memory", "No entities"], ["memory", "No facts"]]) {
    await show(page, base, view);
    await page.getByText(said).first().waitFor();
  }
});

await withServer({}, [/404/], async (page, base) => {
  await show(page, base, "memory/nothing");
  await page.getByText("no such memory").waitFor();
});

await withServer({ forbidden: /^\/(v1\/(logs|traces|alerts|silences|memor|search|collections|entities|facts|contradictions)|api)/ }, [/403/], async (page, base) => {
  for (const view of ["overview", "memory", "memory/0199aaaa-0000-7000-8000-000000000004", "alerts", "traces", "logs"]) {
    await page.goto(`${base}/#${view}`);
    await page.getByText("Not allowed with this key").first().waitFor();
    await settled(page);
  }
});

await browser.close();
console.log("markup stays text, emptiness and refusals are told, the memory is what the API says");
