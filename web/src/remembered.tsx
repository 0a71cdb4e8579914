// One memory: its text and what is known of it, its neighbourhood as a picture, what happened to it.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { read, useAction, usePoll, write } from "./api";
import type { Happened, Memory } from "./contract";
import { ago, format, moment } from "./format";
import { apart, layout, ring, type Point } from "./layout";
import { near, neighbourhood, type Neighbourhood, type Node } from "./neighbourhood";
import { Card, Chain, Empty, Failure, Missing, Pairs, shortened, State, Strength, Table, Tier, Value, line } from "./parts";
import { now } from "./state";

const HOP_MS = 900;
const HEIGHT_MIN = 360;
const HEIGHT_MAX = 560;
const MARGIN = 46;
/** Radii of vertices (pixels): without activation, and the most active. */
const RADIUS = 4.5;
const RADIUS_MAX = 15;
const LABEL_CHARS = 26;
const LABEL_CHAR_WIDTH = 6.1;
const LABEL_HEIGHT = 14;

interface Box { left: number; right: number; top: number; bottom: number }
interface Placed { node: Node; x: number; y: number; radius: number; label: { x: number; y: number; anchor: "start" | "middle" | "end" } | null }

const over = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Labels where they hide nothing: right, left, below, above, or none. Who comes first has the choice. */
function labelled(nodes: Omit<Placed, "label">[], width: number, height: number): Placed[] {
  const taken: Box[] = nodes.map(({ x, y, radius }) => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  const first = [...nodes].sort((a, b) => rank(a.node) - rank(b.node) || b.radius - a.radius);
  const places = new Map(first.map((one) => {
    const wide = Math.min(LABEL_CHARS, one.node.label.length) * LABEL_CHAR_WIDTH, away = one.radius + 4, half = LABEL_HEIGHT / 2;
    const tries = [
      { anchor: "start" as const, x: one.x + away, y: one.y, left: one.x + away },
      { anchor: "end" as const, x: one.x - away, y: one.y, left: one.x - away - wide },
      { anchor: "middle" as const, x: one.x, y: one.y + away + half, left: one.x - wide / 2 },
      { anchor: "middle" as const, x: one.x, y: one.y - away - half, left: one.x - wide / 2 },
    ];
    for (const { anchor, x, y, left } of tries) {
      const box = { left, right: left + wide, top: y - half, bottom: y + half };
      if (left < 0 || box.right > width || box.top < 0 || box.bottom > height || taken.some((other) => over(box, other))) continue;
      taken.push(box);
      return [one, { x, y, anchor }] as const;
    }
    return [one, null] as const;
  }));
  return nodes.map((one) => ({ ...one, label: places.get(one) ?? null }));
}

const rank = ({ kind, hop }: Node) => ({ self: 0, name: 1, entity: 1, memory: 2 })[kind] * 10 + hop;

/** Vertices in pixels: rings become ellipses that fill the picture. */
function placed({ nodes }: Neighbourhood, at: Point[], width: number, height: number): Placed[] {
  const far = Math.max(1, ...at.map(({ x, y }) => Math.hypot(x, y)));
  const most = Math.max(1e-9, ...nodes.map(({ kind, activation }) => (kind === "self" ? 0 : activation ?? 0)));
  const scale = { x: (width / 2 - MARGIN) / far, y: (height / 2 - MARGIN / 2) / far };
  return labelled(apart(nodes.map((node, i) => ({
    node, x: width / 2 + at[i]!.x * scale.x, y: height / 2 + at[i]!.y * scale.y,
    radius: node.kind === "self" ? RADIUS_MAX : RADIUS + (RADIUS_MAX - RADIUS) * Math.sqrt((node.activation ?? 0) / most) * (node.activation === null ? 0 : 1),
  }))), width, height);
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return { box, width };
}

const WORDS = { self: "this memory", memory: "memory", entity: "entity", name: "name" };
const told = ({ kind, label, activation }: Node) => `${WORDS[kind]}: ${label}${activation === null || kind === "self" ? "" : ` · activation ${format(activation, "short")}`}`;

function Vertex({ one, later, fresh, point }: { one: Placed; later: boolean; fresh: boolean; point: (at: boolean) => void }) {
  const { node, x, y, radius, label } = one;
  const shape = node.kind === "name" || node.kind === "entity"
    ? <rect x={x - radius} y={y - radius} width={radius * 2} height={radius * 2} rx={node.kind === "name" ? 1.5 : radius * 0.45} />
    : <circle cx={x} cy={y} r={radius} />;
  const inner = <>
    <title>{told(node)}</title>{shape}
    {label && <text x={label.x} y={label.y} text-anchor={label.anchor} dominant-baseline="central">{node.kind === "self" ? "this memory" : shortened(node.label, LABEL_CHARS)}</text>}
  </>;
  const mine = `node ${node.kind} ${later ? "later" : ""} ${fresh ? "fresh" : ""}`;
  const seen = { onMouseEnter: () => point(true), onMouseLeave: () => point(false), onFocus: () => point(true), onBlur: () => point(false) };
  return node.memory !== undefined && node.kind !== "self"
    ? <a class={mine} href={`#memory/${encodeURIComponent(node.memory)}`} aria-label={told(node)} tabIndex={later ? -1 : 0} data-hop={node.hop} {...seen}>{inner}</a>
    : <g class={mine} data-hop={node.hop} {...seen}>{inner}</g>;
}

function Rings({ most, far, width, height, shown }: { most: number; far: number; width: number; height: number; shown: number }) {
  return <>{Array.from({ length: most }, (_, i) => i + 1).map((hop) =>
    <ellipse class={`ring ${hop > shown ? "later" : ""}`} cx={width / 2} cy={height / 2} rx={(ring(hop) * (width / 2 - MARGIN)) / far} ry={(ring(hop) * (height / 2 - MARGIN / 2)) / far} />)}</>;
}

function Graph({ of, shown }: { of: Neighbourhood; shown: number }) {
  const { box, width } = useWidth();
  const [pointed, setPointed] = useState(-1);
  const height = Math.round(Math.min(HEIGHT_MAX, Math.max(HEIGHT_MIN, width * 0.5)));
  const at = useMemo(() => layout(of.nodes.map(({ hop }) => hop), of.links), [of]);
  const far = Math.max(1, ...at.map(({ x, y }) => Math.hypot(x, y)));
  const all = useMemo(() => (width ? placed(of, at, width, height) : []), [of, at, width, height]);
  const node = of.nodes[pointed];
  return <div ref={box}>
    {width > 0 && <svg class={`graph ${node ? "pointing" : ""}`} viewBox={`0 0 ${width} ${height}`} height={height} role="group" aria-label={`Neighbourhood: ${of.nodes.length} vertices, ${of.links.length} links`}>
      <Rings most={Math.max(...of.nodes.map(({ hop }) => hop))} far={far} width={width} height={height} shown={shown} />
      {of.links.map(({ a, b, label, strength }) => {
        const from = all[a]!, to = all[b]!, hop = Math.max(from.node.hop, to.node.hop);
        return <line class={`edge ${hop > shown ? "later" : ""} ${hop === shown ? "fresh" : ""} ${a === pointed || b === pointed ? "mine" : ""}`} x1={from.x} y1={from.y} x2={to.x} y2={to.y} stroke-width={1 + 2 * (strength ?? 0)}>
          <title>{strength === null ? label : `${label} ${format(strength, "short")}`}</title></line>;
      })}
      {all.map((one, i) => <Vertex key={one.node.key} one={one} later={one.node.hop > shown} fresh={one.node.hop === shown && shown > 0} point={(on) => setPointed(on ? i : -1)} />)}
    </svg>}
    <p class="under">{node ? told(node) : <Key />}</p>
  </div>;
}

const Key = () => <span class="key-of"><i class="dot self" /> this memory <i class="dot" /> memory <i class="dot square" /> name or entity <span>larger: more active · rings: hops</span></span>;

/** Which hops are shown: all, or one after the other. */
function useHops(most: number) {
  const [shown, setShown] = useState(most);
  const [playing, play] = useState(false);
  useEffect(() => setShown(most), [most]);
  useEffect(() => {
    if (!playing) return;
    if (shown >= most) return play(false);
    const timer = setTimeout(() => setShown(shown + 1), HOP_MS);
    return () => clearTimeout(timer);
  }, [playing, shown, most]);
  return { shown, playing, to: (hop: number) => { play(false); setShown(hop); }, start: () => { setShown(0); play(true); } };
}

function Spreading({ of }: { of: Neighbourhood }) {
  const most = Math.max(...of.nodes.map(({ hop }) => hop));
  const { shown, playing, to, start } = useHops(most);
  const active = of.nodes.filter(({ kind, activation }) => kind !== "self" && activation !== null).sort((a, b) => a.hop - b.hop || b.activation! - a.activation!);
  const highest = Math.max(1e-9, ...active.map(({ activation }) => activation!));
  return <Card title="Neighbourhood" aside={most > 0 && <div class="hops" role="group" aria-label="Hops">
    <button type="button" onClick={start} disabled={playing}>▶ Spread</button>
    {Array.from({ length: most + 1 }, (_, hop) => <button type="button" aria-pressed={hop === shown} aria-label={`Up to hop ${hop}`} onClick={() => to(hop)}>{hop}</button>)}
  </div>}>
    {most === 0 ? <Empty>Nothing is near: it mentions no name and has no relation</Empty> : <>
      <Graph of={of} shown={shown} />
      {of.left_out > 0 && <p class="quiet">and {of.left_out} more that are less active</p>}
      {active.length > 0 && <details class="list"><summary>Activation as a list ({active.length})</summary>
        <Table label="Activation" head={["hop", "what", "activation", "", "from"]}>{active.map((one) => <tr key={one.key} class={one.hop > shown ? "later" : ""}>
          <td class="number">{one.hop}</td><td>{one.memory ? <a href={`#memory/${encodeURIComponent(one.memory)}`}>{shortened(one.label, 90)}</a> : one.label}</td>
          <td class="number"><Value value={one.activation} unit="short" /></td><td class="wide"><span class="bar"><i style={{ width: `${(one.activation! / highest) * 100}%` }} /></span></td>
          <td><Chain of={one.way.map((text) => ({ text }))} /></td></tr>)}</Table></details>}
    </>}
  </Card>;
}

/** A value as short as it can be read; what came as 32 bits has no more than these digits. */
const value = (of: unknown) => (typeof of === "number" ? String(Number(of.toPrecision(6))) : line(of));
/** What a change says; of a new memory the text, as the rest is told above. */
const changes = ({ event, changed }: Happened) => (event === "ADD" ? changed.filter(({ field }) => field === "text") : changed);

function History({ id }: { id: string }) {
  const { data, error } = usePoll((signal) => read<{ results: Happened[] }>(`v1/memories/${encodeURIComponent(id)}/history`, signal), [id], 6);
  return <Card title="History">{data && error && <Failure error={error} />}
    {!data ? <Missing error={error} /> : !data.results.length ? <Empty>Nothing is kept of its past</Empty> :
      <ol class="history">{data.results.map((one) => <li key={`${one.version} ${one.created_at}`}>
        <p><b>{one.what}</b> <span class="quiet">version {one.version} by {one.actor}, <time dateTime={one.created_at}>{moment(one.created_at, now())}</time></span></p>
        {changes(one).map(({ field, before, after }) => <p class="change"><span class="quiet">{field}</span> {before !== null && <><del>{value(before)}</del> </>}{after !== null && <ins>{value(after)}</ins>}</p>)}
      </li>)}</ol>}
  </Card>;
}

const when = (text: string | undefined) => (text ? `${moment(text, now())} (${Date.parse(text) > now() ? "in " : ""}${ago(text, now())}${Date.parse(text) > now() ? "" : " ago"})` : undefined);

/** What is told of a memory, what is absent or of no account left out. */
function facts(one: Memory): Record<string, unknown> {
  const all = {
    collection: one.collection, source: one.source, user: one.user_id, agent: one.agent_id, run: one.run_id,
    created: when(one.created_at), updated: one.updated_at === one.created_at ? undefined : when(one.updated_at), expires: when(one.expires_at), deleted: when(one.deleted_at),
    confidence: format(one.confidence, "percentunit"), importance: format(one.importance, "percentunit"), trust: format(one.trust, "percentunit"),
    version: one.version, accesses: one.accesses, repeats: one.repeats, endorsements: one.endorsements, dismissals: one.dismissals,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== 0));
}

/** What can be done with a memory in a state: the words on the button, the method, what follows its address, the body. */
const ACTIONS: Record<string, [string, string, string, object?][]> = {
  quarantined: [["Let it in", "POST", "/review", { approve: true }], ["Turn it away", "POST", "/review", { approve: false }]],
  active: [["It was useful", "POST", "/feedback", { action: "endorse" }], ["It is true", "POST", "/feedback", { action: "validate" }], ["It is wrong", "POST", "/feedback", { action: "refute" }], ["Forget it", "DELETE", ""]],
  deleted: [["Have it back", "POST", "/restore"]],
};

function Judge({ one, reload }: { one: Memory; reload: () => void }) {
  const [error, run, busy] = useAction(reload);
  const actions = ACTIONS[one.status];
  return actions ? <p class="buttons">{actions.map(([words, method, path, body]) =>
    <button type="button" disabled={busy} onClick={() => run(() => write(method, `v1/memories/${encodeURIComponent(one.id)}${path}`, body))}>{words}</button>)}{error && <Failure error={error} />}</p> : null;
}

function Text({ one, reload }: { one: Memory; reload: () => void }) {
  return <Card title="Memory" aside={<a href="#memory">All memories</a>}>
    <p class="remembered">{one.memory}</p>
    <p class="tags"><State word={one.status} /><Tier of={one.tier} /><span class="tag">{one.class.replaceAll("_", " ")}</span><Strength of={one.strength} />
      {one.tags.map((tag) => <span class="tag">#{tag}</span>)}</p>
    {one.reasons?.map((reason) => <p class="failure">Held back: {reason}</p>)}
    {one.superseded_by && <p>Its place was taken by <a href={`#memory/${encodeURIComponent(one.superseded_by)}`}>{one.superseded_by}</a>.</p>}
    <Judge one={one} reload={reload} />
    <Pairs of={facts(one)} />
    {Object.keys(one.metadata).length > 0 && <><h3>Metadata</h3><Pairs of={one.metadata} /></>}
    <p class="quiet"><code>{one.id}</code></p>
  </Card>;
}

export function Remembered({ id }: { id: string }) {
  const { data, error, reload } = usePoll((signal) => read<Memory>(`v1/memories/${encodeURIComponent(id)}`, signal), [id], 6);
  const around = usePoll(async (signal) => (data ? neighbourhood(data, await near(data, signal)) : null), [data?.id, data?.version], Infinity);
  if (!data) return <Card title="Memory" aside={<a href="#memory">All memories</a>}>{error?.status === 404 ? <Empty>{error.detail}</Empty> : <Missing error={error} height={1} />}</Card>;
  return <>
    <Text one={data} reload={reload} />
    {around.data ? <Spreading key={id} of={around.data} /> : <Card title="Neighbourhood"><Missing error={around.error} height={1} /></Card>}
    <History id={id} />
  </>;
}
