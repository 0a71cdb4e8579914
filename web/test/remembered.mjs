// The mock's memory: what a small tenant remembers and knows, the same each time. Answers are what the server's
// shapes are; search and activation are simple ways to the same shapes.
import { noise } from "./panels.mjs";

const NAMES = ["Ada Lovelace", "Charles Babbage", "Analytical Engine", "London", "Grace Hopper", "COBOL", "Alan Turing", "Bletchley Park", "Enigma", "Kurt Gödel"];
const SAID = [
  ([a, b]) => `${a} wrote to ${b} about the notes of the summer.`, ([a, b]) => `${a} and ${b} are named in the same letter.`,
  ([a]) => `We decided to keep the drawings of ${a} in the archive.`, ([a, b]) => `The report on ${a} mentions ${b} twice and gives no date.`,
];
const TIERS = ["working", "short_term", "long_term"];
const CLASSES = ["episodic", "semantic", "procedural"];
const MEMORIES = 42;
const START = Date.parse("2026-11-20T08:00:00Z");
const time = (minutes) => new Date(START + minutes * 60_000).toISOString();
const id = (n) => `0199aaaa-0000-7000-8000-${String(n).padStart(12, "0")}`;
const share = (n, salt) => Math.round(((noise(n, salt) + 1) / 2) * 1000) / 1000;

const mentioned = (n) => [NAMES[n % NAMES.length], NAMES[(n * 3 + 1) % NAMES.length]];
const memories = (x) => Array.from({ length: MEMORIES }, (_, n) => ({
  id: id(n), memory: x(SAID[n % SAID.length](mentioned(n))), collection: "default", class: CLASSES[n % 3], tier: TIERS[n % 3], status: "active",
  tags: n % 5 ? [] : [x("archive")], metadata: n % 4 ? {} : { role: x("user"), page: n }, source: x("letters"), confidence: 1, importance: share(n, 2), trust: 0.5, strength: share(n, 3),
  mentions: mentioned(n).map(x), created_at: time(n), updated_at: time(n), version: 1 + (n % 2), accesses: n % 7, endorsements: 0, dismissals: 0, repeats: n % 3,
}));

const entities = (x) => NAMES.map((name, n) => ({ id: n + 1, name: x(name), kind: n % 4 === 2 ? "thing" : "person", aliases: n ? [] : [x("Countess of Lovelace")], properties: n % 3 ? {} : { born: 1800 + n }, exceptions: {}, parents: [], source: x("letters"), learned_at: time(n), by: "local" }));

const fact = (x, number, subject, predicate, more) => ({ id: number, subject, subject_name: x(NAMES[subject - 1]), predicate: x(predicate), negated: false, learned_at: time(number), confidence: 0.9, sources: [x("letters")], by: "local", ...more });
const facts = (x) => [
  fact(x, 1, 1, "lives_in", { object_entity: 4, object_name: x("London"), valid_at: "1835-07-08T00:00:00Z", invalid_at: "1852-11-27T00:00:00Z" }),
  fact(x, 2, 1, "born_in", { object: 1815 }), fact(x, 3, 1, "born_in", { object: 1816, confidence: 0.4, learned_at: time(2000) }),
  fact(x, 4, 7, "works_at", { object_entity: 8, object_name: x("Bletchley Park"), valid_at: "1939-09-04T00:00:00Z" }), fact(x, 5, 2, "finished", { object_entity: 3, object_name: x("Analytical Engine"), negated: true }),
];

const LOADS = [9, 4, 0, 7, 3, 12, 1, 5, 2, 6, 8, 0, 3];
const STATES = ["available", "refractory", "available", "allocated"];
const columns = LOADS.map((load, n) => ({ load, state: STATES[n % STATES.length], updates: load * 2, age: 60 - n, position: [n % 3 - 1, Math.floor(n / 3) % 3 - 1, Math.floor(n / 9)], neighbours: [(n + 1) % LOADS.length, (n + 2) % LOADS.length] }));
const survey = { items: 60, rows: 64, load_variation: 0.742, splits: 12, merges: 1, iterations: [6, 11, 21, 14, 5, 2, 0, 1, ...Array(56).fill(0)], unsettled: 1, exact_duplicates: 3, near_duplicates: 9, columns };

const words = (text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

function search(all, { query, limit = 10, explain }) {
  const asked = words(query);
  const found = all.map((memory) => ({ memory, terms: [...words(memory.memory)].filter((word) => asked.has(word)), named: memory.mentions.find((name) => query.includes(name)) }))
    .filter(({ terms, named }) => terms.length || named).sort((a, b) => b.terms.length - a.terms.length);
  const results = found.slice(0, limit).map(({ memory, terms, named }, n) => ({
    ...memory, score: 0.96 / (1 + n / 8), ...(explain ? { explain: {
      ...(terms.length ? { text: { rank: n + 1, score: 6.1 / (n + 1) } } : {}), terms: terms.map((term) => ({ term, score: 1.3 })), ...(n % 3 ? {} : { vector: { rank: n + 2, score: 0.71 } }),
      ...(named ? { graph: { rank: n + 1, score: 0.4 / (n + 1) } } : {}), path: named ? ["question", named, memory.id] : [], strength: memory.strength, votes: { semantic: 1 / (n + 1), structural: named ? 0.07 : 0, temporal: 0, exception: n % 4 === 3 ? -0.1 : 0 } } } : {}) }));
  return { results, more: found.length > limit, took: { columns_visited: 7, rows_scanned: 41, reranked: 10, candidates: found.length } };
}

/** From the memory to its entities, to what they are related to, to memories. */
function activate(all, known, { seeds, names }) {
  const at = all.findIndex((one) => one.id === seeds[0].memory), own = `memory ${at}`;
  const seeded = known.filter(({ name }) => names.includes(name));
  const next = seeded.map(({ id }) => known[(id + 4) % known.length]).filter(({ name }) => !names.includes(name));
  const far = all[(at + 1) % all.length];
  const hop = (from, to, contribution) => ({ from, to, contribution });
  const results = [
    { vertex: { memory: all[at].id }, name: all[at].memory.slice(0, 120), activation: 1, path: [] },
    ...seeded.map(({ id, name }) => ({ vertex: { entity: id }, name, activation: 1, path: [] })),
    ...next.map(({ id, name }, n) => ({ vertex: { entity: id }, name, activation: 0.4 / (n + 1), path: [hop(seeded[n].name, name, 0.4)] })),
    { vertex: { memory: far.id }, name: far.memory.slice(0, 120), activation: 0.22, path: [hop(own, `memory ${(at + 1) % all.length}`, 0.22)] },
  ];
  return { results };
}

const happened = (memory) => [
  { memory_id: memory.id, version: 1, event: "ADD", what: "added", old_memory: null, new_memory: memory.memory, changed: [{ field: "text", before: null, after: memory.memory }], actor: "local", created_at: memory.created_at },
  ...(memory.version > 1 ? [{ memory_id: memory.id, version: 2, event: "UPDATE", what: "updated", old_memory: null, new_memory: null, changed: [{ field: "importance", before: 0.5, after: memory.importance }], actor: "local", created_at: memory.updated_at }] : []),
];

/** The first memories as intentions and as patterns, the newest first. */
const intentions = (all) => all.slice(0, 3).map((memory, n) => ({ ...memory, intention: { state: "open", ...(n ? {} : { due_at: time(-600) }) } })).reverse();
const patterns = (x, all) => all.slice(3, 5).map((memory, n) => ({ ...memory, pattern: { kind: x("critical"), trigger: x("a date is missing"), seen: 4 - n, instances: [{ at: time(30 - n) }] } })).reverse();

function analyze(known, { analysis, limit }) {
  const named = ({ id, name }) => ({ vertex: { entity: id }, name });
  const graph = { vertices: known.length, links: known.length ? known.length - 1 : 0, ties: 0, directed: false };
  if (analysis === "communities") return { analysis, graph, values: { modularity: 0.41 }, groups: known.length ? [{ size: known.length, vertices: known.slice(0, limit).map(named) }] : [], more: false };
  if (analysis === "bridges") return { analysis, graph, values: {}, ties: known.slice(1).map((one, n) => ({ from: named(known[n]), kind: "wrote_to", to: named(one), value: 0.5 })), more: false };
  return { analysis, graph, values: {}, vertices: known.slice(0, limit).map((one, n) => ({ ...named(one), value: 0.3 / (n + 1) })), more: known.length > limit };
}

/** `markup` is what `xss` puts into every text. The answer to a request for memory or knowledge: a body, `null` where there is no such thing, nothing where it is none of these. */
export function remembered(options, markup, method, url, body) {
  const x = (text) => (options.xss ? `${text} ${markup}` : text);
  const all = options.empty ? [] : memories(x), known = options.empty ? [] : entities(x), held = options.empty ? [] : facts(x);
  const part = url.pathname.split("/").slice(1).map(decodeURIComponent), value = (name) => url.searchParams.get(name);
  const one = all.find((memory) => memory.id === part[2]);
  const then = held.filter((one) => (!value("known_at") || one.learned_at <= new Date(value("known_at")).toISOString()) && (!value("valid_at") || (!one.valid_at || Date.parse(one.valid_at) <= Date.parse(value("valid_at"))) && (!one.invalid_at || Date.parse(one.invalid_at) > Date.parse(value("valid_at")))));
  switch (`${method} /${part[0]}/${part[1]}`) {
    case "GET /v1/memories": {
      if (part.length === 2) { const shown = value("status") && value("status") !== "active" ? [] : [...all].reverse(); return { results: shown.slice(0, Number(value("limit") ?? 100)), next: null, total: shown.length }; }
      return !one ? null : part[3] === "history" ? { results: happened(one) } : one;
    }
    case "POST /v1/search": return search(all, body);
    case "POST /v1/graph": return analyze(known, body);
    case "GET /v1/branches": {
      if (part[3] === "diff") return { results: [{ item: "fact 6", base: null, first: { Fact: { subject: 1, predicate: x("met"), object: { Literal: { Text: x("Faraday") } }, negated: false, evidence: [] } }, second: null }] };
      return { results: options.empty ? [] : [{ id: 1, name: x("what if"), parent: 0, fork: 9, merged: false, state: "short_term", created_at: time(20), by: x("local"), changed_at: time(30), changes: 1, divergence: 0.04, conflicts: 0, score: 0.6 }] };
    }
    case "GET /v1/intentions": { const listed = value("state") === "open" ? intentions(all) : []; return { results: listed, next: null, total: listed.length }; }
    case "GET /v1/cognitive": { const listed = patterns(x, all); return { results: listed, next: null, total: listed.length }; }
    case "POST /v1/memories": return one && part[3] === "review" ? { ...one, status: body.approve ? "active" : "deleted" } : one ?? null;
    case "POST /v1/activate": return activate(all, known, body);
    case "GET /v1/collections": return { results: options.empty ? [] : [{ name: "default", dimension: 256, encoder: "built_in", items: 60 }] };
    case "GET /v1/memory": {
      const tier = (name) => all.filter((memory) => memory.tier === name).length;
      if (part[2] === "stats") return { active: all.length, quarantined: 0, superseded: 0, expired: 0, deleted: 0, working: tier("working"), short_term: tier("short_term"), long_term: tier("long_term"), bytes: all.length * 612, column_bytes: 81_920, posting_bytes: 40_960, collections: 1, columns: options.empty ? 0 : columns.length, entities: known.length, relations: known.length ? 2 : 0, facts: held.length, contradictions: held.length ? 1 : 0 };
      return part[2] === "columns" ? (options.empty ? { ...survey, items: 0, rows: 0, load_variation: 0, iterations: Array(64).fill(0), columns: [] } : survey) : undefined;
    }
    case "GET /v1/entities": {
      if (part[2]) return known.find((entity) => entity.id === Number(part[2])) ?? null;
      return { results: known.filter(({ name, aliases }) => !value("name") || [name, ...aliases].includes(value("name"))), next: null };
    }
    case "GET /v1/relations": {
      const at = all.findIndex((memory) => memory.id === value("memory"));
      return at < 0 ? null : { results: [{ id: 1, from: { memory: id(at) }, kind: x("follows"), to: { memory: id((at + 1) % MEMORIES) }, strength: 0.5, source: x("letters"), confidence: 1, learned_at: time(1), by: "local" }, { id: 2, from: { memory: id(at) }, kind: "mentions", to: { entity: (at + 5) % NAMES.length + 1 }, strength: 0.3, source: "letters", confidence: 1, learned_at: time(1), by: "local" }] };
    }
    case "GET /v1/facts": return { results: then.filter((one) => (!value("subject") || one.subject === Number(value("subject"))) && (!value("after") || one.id > Number(value("after")))), next: null };
    case "GET /v1/contradictions": return { results: held.length ? [{ id: 1, kind: x("functional"), first: 2, second: 3, state: "open" }] : [] };
    default: return undefined;
  }
}
