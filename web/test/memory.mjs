// The memory's view against the API: numbers, results and their reasons, columns, facts as of a time, one memory.
// The same for a server that runs (`views.mjs`) and for the mock (`states.mjs`).
import assert from "node:assert/strict";

const texts = (page, selector) => page.locator(selector).evaluateAll((all) => all.map((one) => one.textContent.trim()));
const worth = (page, selector) => page.locator(`${selector} .value`).evaluateAll((all) => all.map((one) => (one.dataset.value === "" ? null : Number(one.dataset.value))));
const card = (title) => `section.card[aria-label="${title}"]`;
const shown = (page, selector, n) => page.waitForFunction(([selector, n]) => document.querySelectorAll(selector).length === n, [selector, n]);

const HELD = ["active", "working", "short_term", "long_term", "quarantined", "columns", "entities", "relations", "facts", "contradictions", "bytes"];
/** Vertices that a picture has at most. */
const MAX_NODES = 60;

/** `#memory` is shown; `api` asks the server (path, body). Ends at the page of a memory. */
export async function memoryAgrees(page, api) {
  const stats = await api("v1/memory/stats");
  assert.deepEqual(await worth(page, 'dl[aria-label="What is held"]'), HELD.map((name) => stats[name]));
  if (!stats.active) return page.getByText("This stores the first memory").waitFor();
  const newest = await api("v1/memories?limit=5");
  assert.deepEqual(await texts(page, `${card("Newest")} .text`), newest.results.map(({ memory }) => memory.trim()));
  await columnsAgree(page, api);
  await knowledgeAgrees(page, api);
  await structureAgrees(page, api);
  await branchesAgree(page, api);
  await mindAgrees(page, api);
  const found = await searchAgrees(page, api, newest.results[0].memory);
  await page.locator(`${card("Found")} .text`).first().click();
  await oneAgrees(page, api, found);
}

export async function ask(page, query) {
  await page.getByLabel("Search memories").fill(query);
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await page.locator(".hits .why").first().waitFor();
}

/** Results in their order, with their scores, places and words. */
async function searchAgrees(page, api, query) {
  await ask(page, query);
  const { results } = await api("v1/search", { query: query.trim(), limit: 10, explain: true, reinforce: false });
  assert.deepEqual(await page.locator(`${card("Found")} .text`).evaluateAll((all) => all.map(({ hash }) => decodeURIComponent(hash.split("/")[1]))), results.map(({ id }) => id));
  assert.deepEqual(await texts(page, `${card("Found")} .text`), results.map(({ memory }) => memory.trim()), "marks change no text");
  assert.deepEqual((await worth(page, ".hits .fit")).map((one) => one.toFixed(3)), results.map(({ score }) => score.toFixed(3)));
  const places = await page.locator(".hits .why").evaluateAll((all) => all.map((one) => [...one.querySelectorAll(".place")].map((place) => Number(place.querySelector("b")?.textContent ?? 0))));
  assert.deepEqual(places, results.map(({ explain: { text, vector, graph } }) => [text, vector, graph].map((one) => one?.rank ?? 0)));
  const votes = await page.locator(".hits .why").evaluateAll((all) => all.map((one) => [...one.querySelectorAll("[data-vote]")].map((vote) => Number(vote.dataset.vote).toFixed(3))));
  assert.deepEqual(votes, results.map(({ explain }) => Object.values(explain.votes).filter((vote) => vote !== 0).map((vote) => vote.toFixed(3))));
  const { terms } = results[0].explain;
  assert.deepEqual(await texts(page, ".hits > li:first-child .terms span"), terms.map(({ term }) => term));
  if (terms.length) assert.ok(await page.locator(".hits > li:first-child mark").count() > 0, "words that were found are marked");
  return results[0].id;
}

/** Columns, their loads, and the competition. */
async function columnsAgree(page, api) {
  const survey = await api("v1/memory/columns");
  const loads = await page.locator(".layers g").evaluateAll((all) => all.map(({ dataset }) => [Number(dataset.column), Number(dataset.load)]));
  assert.deepEqual(loads.sort(([a], [b]) => a - b), survey.columns.map(({ load }, i) => [i, load]));
  const insertions = survey.iterations.reduce((sum, n) => sum + n, 0), share = (n) => (insertions ? n / insertions : null);
  assert.deepEqual(await worth(page, `${card("Competition")} .summary`), [survey.load_variation, share(survey.exact_duplicates), share(survey.near_duplicates), survey.unsettled, survey.splits, survey.merges]);
  const counts = await page.locator(".iterations rect").evaluateAll((all) => all.map(({ dataset }) => Number(dataset.count)));
  assert.deepEqual(counts, survey.iterations.slice(0, survey.iterations.findLastIndex((n) => n > 0) + 1));
  const busiest = survey.columns.reduce((most, { load }, i) => (load > survey.columns[most].load ? i : most), 0);
  await page.locator(`.layers g[data-column="${busiest}"] rect`).hover();
  await page.locator(".under").getByText(`Column ${busiest}: ${survey.columns[busiest].load} memories`).waitFor();
}

/** Entities, facts, contradictions, and facts as of a time that is past. */
async function knowledgeAgrees(page, api) {
  const { results: entities } = await api("v1/entities");
  assert.deepEqual(await texts(page, `${card("Entities")} tbody button`), entities.map(({ name }) => name.trim()));
  const { results: facts } = await api("v1/facts");
  const rows = `${card("Facts")} tbody tr`;
  assert.deepEqual(await texts(page, `${rows} b`), facts.map(({ subject_name }) => subject_name.trim()));
  const { results: open } = await api("v1/contradictions");
  assert.equal(await page.locator(".disputes li").count(), Math.min(20, open.length));
  if (!facts.length) return;
  const middle = facts[Math.floor(facts.length / 2)].learned_at;
  const { iso, local } = await page.evaluate((text) => {
    const at = new Date(text);
    at.setSeconds(0, 0);
    return { iso: at.toISOString(), local: new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16) };
  }, middle);
  const then = (await api(`v1/facts?known_at=${encodeURIComponent(iso)}`)).results;
  await page.getByLabel("As known at").fill(local);
  await shown(page, rows, then.length);
  await page.getByRole("button", { name: "Now", exact: true }).click();
  await shown(page, rows, facts.length);
  if (!entities.length) return;
  await page.locator(`${card("Entities")} tbody button`).first().click();
  await shown(page, rows, (await api(`v1/facts?subject=${entities[0].id}`)).results.length);
  await page.locator(`${card("Entities")} tbody button`).first().click();
}

/** Analyses: vertices with their values, groups, ties, as the API tells them. */
async function structureAgrees(page, api) {
  const own = card("How it hangs together");
  for (const analysis of ["page_rank", "communities", "bridges"]) {
    await page.locator(`${own} select`).selectOption(analysis);
    const { vertices = [], groups = [], ties = [], graph } = await api("v1/graph/analyze", { analysis, limit: 12 });
    if (!vertices.length && !groups.length && !ties.length) { await page.locator(`${own} .empty`).waitFor(); continue; }
    await page.locator(own).getByText(`${graph.vertices} vertices, ${graph.links} links`).waitFor();
    await shown(page, `${own} tbody tr`, vertices.length + groups.length + ties.length);
    const values = [...vertices.map(({ value }) => value), ...ties.map(({ value }) => value), ...groups.map(({ size }) => size)];
    assert.deepEqual((await worth(page, `${own} tbody`)).map((one) => one.toPrecision(5)), values.map((one) => one.toPrecision(5)), analysis);
  }
}

/** Branches with their changes, and in what the first differs from its parent. */
async function branchesAgree(page, api) {
  const { results: branches } = await api("v1/branches");
  await shown(page, `${card("Branches")} tbody tr`, branches.length);
  assert.deepEqual(await texts(page, `${card("Branches")} tbody button`), branches.map(({ name }) => name.trim()));
  if (!branches.length) return;
  assert.deepEqual((await worth(page, `${card("Branches")} tbody`)).filter((_, i) => i % 2 === 0), branches.map(({ changes }) => changes));
  await page.locator(`${card("Branches")} tbody button`).first().click();
  const { results } = await api(`v1/branches/${branches[0].id}/diff?with=${branches[0].parent}`);
  if (results.length) await page.locator(`${card("Branches")} .history b`).first().getByText(results[0].item).waitFor();
}

/** Intentions by their state, and patterns. */
async function mindAgrees(page, api) {
  for (const state of ["completed", "open"]) {
    await page.locator(`${card("Intentions")} select`).selectOption(state);
    const { results } = await api(`v1/intentions?state=${state}&limit=8`);
    await shown(page, `${card("Intentions")} .hits > li`, results.length);
    assert.deepEqual(await texts(page, `${card("Intentions")} .text`), results.map(({ memory }) => memory.trim()));
    assert.equal(await page.locator(`${card("Intentions")} .act`).count(), state === "open" ? results.length : 0);
  }
  const { results } = await api("v1/cognitive/patterns?limit=8");
  assert.deepEqual(await worth(page, card("Patterns of thinking")), results.map(({ pattern }) => pattern.seen));
}

/** One memory: its text, past and neighbourhood, hop by hop. */
async function oneAgrees(page, api, id) {
  const memory = await api(`v1/memories/${id}`);
  await page.locator(".history li").first().waitFor();
  assert.deepEqual(await texts(page, ".remembered"), [memory.memory.trim()]);
  const { results: past } = await api(`v1/memories/${id}/history`);
  assert.deepEqual(await texts(page, ".history li p b"), past.map(({ what }) => what));
  const { results: relations } = await api(`v1/relations?memory=${id}`);
  const { results: active } = await api("v1/activate", { seeds: [{ memory: id }], names: memory.mentions.slice(0, 20), hops: 3, keep: 64 });
  if (!relations.length && !memory.mentions.length) return page.getByText("Nothing is near").waitFor();
  await page.locator(".graph .node").first().waitFor();
  const near = await page.locator(".graph .node").evaluateAll((all) => all.map((one) => one.querySelector("title").textContent));
  const told = near.join("\n").toLowerCase(), whole = near.length < MAX_NODES;
  for (const name of whole ? memory.mentions : []) assert.ok(told.includes(name.toLowerCase()), `${name} is in the picture`);
  for (const { vertex, name } of whole ? active : []) assert.ok(vertex.memory === id || told.includes(name.toLowerCase()), `${name} is in the picture`);
  const hops = () => page.locator(".graph .node:not(.later)").evaluateAll((all) => all.map(({ dataset }) => Number(dataset.hop)));
  const all = await hops(), most = Math.max(...all);
  assert.equal(all.length, near.length);
  for (let hop = 0; hop <= most; hop += 1) {
    await page.getByRole("button", { name: `Up to hop ${hop}` }).click();
    await page.waitForFunction((hop) => document.querySelector(`.hops button[aria-label="Up to hop ${hop}"][aria-pressed="true"]`), hop);
    assert.deepEqual(await hops(), all.filter((one) => one <= hop), `up to hop ${hop}`);
  }
  await page.getByRole("button", { name: "Spread" }).click();
  await page.waitForFunction((most) => document.querySelector(`.hops button[aria-label="Up to hop ${most}"][aria-pressed="true"]`), most);
  assert.deepEqual(await hops(), all);
}
