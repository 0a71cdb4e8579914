// What is near a memory, put together from what the API tells: the names that it mentions, its relations,
// memories that mention the same names, and where activation goes from it. Nothing here touches the page.
import { read, write } from "./api";
import type { Activated, Entity, Found, Hit, Memory, Relation, Vertex } from "./contract";

/** Vertices that are drawn: the nearest, and of those at one distance the most active. */
export const MAX_NODES = 60;
const HOPS = 3;
const KEPT = 64;
/** Names whose other memories are asked for. */
const NAMES = 20;
const SHARING = 20;
/** Vertices that only a relation tells of, and whose names are asked for one by one. */
const LOOKUPS = 24;

export interface Node {
  key: string; kind: "self" | "memory" | "entity" | "name"; label: string; hop: number;
  /** None where nothing tells it: names carry activation and do not keep it. */
  activation: number | null;
  /** The memory to go to. */
  memory?: string;
  /** How activation came to it. */
  way: string[];
}
export interface Link { a: number; b: number; label: string; strength: number | null }
export interface Neighbourhood { nodes: Node[]; links: Link[]; left_out: number }
export interface Near { relations: Relation[]; active: Activated[]; sharing: Hit[]; names: Map<string, string> }

const vertexKey = ({ memory, entity }: Vertex) => (memory !== undefined ? `m:${memory}` : `e:${entity}`);
const folded = (name: string) => name.normalize("NFKC").toLowerCase();

/** What relations point to and nobody has named yet. */
async function lookUp(relations: Relation[], known: Set<string>, signal: AbortSignal): Promise<Map<string, string>> {
  const wanted = new Map(relations.flatMap(({ from, to }) => [from, to]).map((vertex) => [vertexKey(vertex), vertex]));
  const asked = [...wanted].filter(([key]) => !known.has(key)).slice(0, LOOKUPS);
  const told = await Promise.allSettled(asked.map(async ([key, { memory, entity }]): Promise<[string, string]> => memory !== undefined
    ? [key, (await read<Memory>(`v1/memories/${encodeURIComponent(memory)}`, signal)).memory]
    : [key, (await read<Entity>(`v1/entities/${entity}`, signal)).name]));
  return new Map(told.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
}

/** Asks for all that is near a memory. */
export async function near(memory: Memory, signal: AbortSignal): Promise<Near> {
  const names = memory.mentions.slice(0, NAMES);
  const [{ results: relations }, active, sharing] = await Promise.all([
    read<{ results: Relation[] }>(`v1/relations?memory=${encodeURIComponent(memory.id)}`, signal),
    write<{ results: Activated[] }>("POST", "v1/activate", { seeds: [{ memory: memory.id }], names, hops: HOPS, keep: KEPT }),
    names.length ? write<Found>("POST", "v1/search", { query: names.join(", "), collection: memory.collection, limit: SHARING, explain: true, reinforce: false, weights: { text: 0, vector: 0, graph: 1 } }) : null,
  ]);
  const known = new Set([`m:${memory.id}`, ...(active?.results ?? []).map(({ vertex }) => vertexKey(vertex)), ...(sharing?.results ?? []).map(({ id }) => `m:${id}`)]);
  return { relations, active: active?.results ?? [], sharing: sharing?.results ?? [], names: await lookUp(relations, known, signal) };
}

/** Nodes and links as they are told, each once. */
class Picture {
  readonly nodes: Node[] = [];
  readonly links: Link[] = [];
  private readonly at = new Map<string, number>();
  private readonly linked = new Set<string>();

  add(key: string, kind: Node["kind"], label: string, hop: number, more: Partial<Node> = {}): number {
    const found = this.at.get(key);
    if (found === undefined) {
      this.at.set(key, this.nodes.length);
      return this.nodes.push({ key, kind, label, hop, activation: null, way: [], ...more }) - 1;
    }
    const node = this.nodes[found]!;
    node.activation ??= more.activation ?? null;
    if (!node.way.length) node.way = more.way ?? [];
    return found;
  }

  /** The same vertex under another name. */
  call(key: string, node: number) {
    if (!this.at.has(key)) this.at.set(key, node);
  }

  find = (key: string) => this.at.get(key);

  link(a: number, b: number, label: string, strength: number | null) {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    if (a === b || this.linked.has(key)) return;
    this.linked.add(key);
    this.links.push({ a, b, label, strength });
  }
}

const NUMBERED = /^memory \d+$/;

/** The neighbourhood of a memory as a picture has it. */
export function neighbourhood(memory: Memory, { relations, active, sharing, names }: Near): Neighbourhood {
  const picture = new Picture();
  const self = picture.add(`m:${memory.id}`, "self", memory.memory, 0, { activation: 1, memory: memory.id });
  for (const name of memory.mentions) picture.link(self, picture.add(`n:${folded(name)}`, "name", name, 1, { way: ["this", name] }), "mentions", null);
  const byKey = new Map(active.map((one) => [vertexKey(one.vertex), one.name]));
  const vertex = (one: Vertex, hop: number, more: Partial<Node> = {}): number => {
    const key = vertexKey(one), label = byKey.get(key) ?? names.get(key) ?? sharing.find(({ id }) => id === one.memory)?.memory ?? (one.memory ?? `entity ${one.entity}`);
    const same = one.entity === undefined ? undefined : picture.find(`n:${folded(label)}`);
    if (same !== undefined && picture.find(key) === undefined) {
      picture.call(key, same);
      picture.nodes[same]!.kind = "entity";
    }
    const at = picture.add(key, one.entity === undefined ? "memory" : "entity", label, hop, { ...more, ...(one.memory === undefined ? {} : { memory: one.memory }) });
    if (one.entity !== undefined) picture.call(`n:${folded(label)}`, at);
    return at;
  };
  for (const { from, kind, to, strength } of relations) picture.link(vertex(from, 1), vertex(to, 1), kind, strength);

  // Paths call memories by numbers; the last of each path is its vertex, which tells who a number is.
  const called = new Map<string, number>();
  const ordered = [...active].sort((a, b) => a.path.length - b.path.length);
  for (const { vertex: one, activation, path } of ordered) {
    const first = path[0], seeded = first && !NUMBERED.test(first.from) ? 1 : 0;
    const seed = !path.length && one.memory !== memory.id ? 1 : 0;
    const way = [...(seeded ? ["this"] : []), ...path.map(({ from }, i) => (i === 0 && !seeded ? "this" : from))];
    const at = vertex(one, path.length + seeded + seed, { activation, way: path.length ? way : [] });
    if (path.length) called.set(path.at(-1)!.to, at);
  }
  const named = (text: string, first: boolean): number =>
    (first && NUMBERED.test(text) ? self : called.get(text) ?? picture.find(`n:${folded(text)}`) ?? -1);
  for (const { path } of ordered) path.forEach(({ from, to, contribution }, i) => {
    const a = named(from, i === 0), b = named(to, false);
    if (a >= 0 && b >= 0) picture.link(a, b, "activates", contribution);
  });

  for (const node of picture.nodes) node.way = node.way.map((text) => picture.nodes[called.get(text) ?? -1]?.label ?? text);

  for (const hit of sharing) {
    if (hit.id === memory.id) continue;
    const shared = hit.mentions.map((name) => picture.find(`n:${folded(name)}`)).filter((one) => one !== undefined && picture.nodes[one]!.hop === 1) as number[];
    if (!shared.length) continue;
    const at = picture.add(`m:${hit.id}`, "memory", hit.memory, 2, { memory: hit.id, activation: hit.explain?.graph?.score ?? null, way: ["this", picture.nodes[shared[0]!]!.label] });
    for (const name of shared) picture.link(name, at, "mentions", null);
  }
  return cut(picture);
}

/** The nearest and most active, with the links between them. */
function cut({ nodes, links }: { nodes: Node[]; links: Link[] }): Neighbourhood {
  const kept = nodes.map((node, i) => ({ node, i })).sort((a, b) => a.node.hop - b.node.hop || (b.node.activation ?? 0) - (a.node.activation ?? 0)).slice(0, MAX_NODES);
  const to = new Map(kept.map(({ i }, at) => [i, at]));
  const between = links.filter(({ a, b }) => to.has(a) && to.has(b)).map((link) => ({ ...link, a: to.get(link.a)!, b: to.get(link.b)! }));
  return { nodes: kept.map(({ node }) => node), links: between, left_out: nodes.length - kept.length };
}
