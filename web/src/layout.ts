// Where the vertices of a neighbourhood stand: rings by hops, turned by forces (Fruchterman and Reingold 1991)
// until neighbours are near each other. No randomness: the same vertices always stand at the same places.

export interface Point { x: number; y: number }
export interface Edge { a: number; b: number }

const ROUNDS = 240;
const GOLDEN = Math.PI * (3 - Math.sqrt(5));
/** How far a vertex may be from its ring, in rings. */
const FREE = 0.16;
const REPULSION = 0.09;
const SPRING = 0.06;
/** Rings come closer to each other outwards: there is more room on them. */
const CLOSER = 0.68;
/** Rounds in which vertices that overlap are moved apart, and the room between them (pixels). */
const APART_ROUNDS = 60;
const APART = 7;
/** The longest move of the first round, in rings; it falls to nothing. */
const STEP = 0.3;

/** The radius of the ring of a hop; the first is 1. */
export const ring = (hop: number): number => hop ** CLOSER;

function start(hops: number[]): Point[] {
  return hops.map((hop, i) => ({ x: ring(hop) * Math.cos(i * GOLDEN), y: ring(hop) * Math.sin(i * GOLDEN) }));
}

function push(at: Point[], force: Point[]) {
  for (let i = 0; i < at.length; i += 1) for (let j = 0; j < i; j += 1) {
    const x = at[i]!.x - at[j]!.x, y = at[i]!.y - at[j]!.y, far = x * x + y * y + 1e-4;
    force[i]!.x += (REPULSION * x) / far; force[i]!.y += (REPULSION * y) / far;
    force[j]!.x -= (REPULSION * x) / far; force[j]!.y -= (REPULSION * y) / far;
  }
}

function pull(at: Point[], edges: Edge[], force: Point[]) {
  for (const { a, b } of edges) {
    const x = (at[b]!.x - at[a]!.x) * SPRING, y = (at[b]!.y - at[a]!.y) * SPRING;
    force[a]!.x += x; force[a]!.y += y;
    force[b]!.x -= x; force[b]!.y -= y;
  }
}

/** Back to the ring, but for the freedom that there is. */
function ringed({ x, y }: Point, hop: number): Point {
  if (!hop) return { x: 0, y: 0 };
  const radius = Math.hypot(x, y) || 1e-6, wanted = Math.min(ring(hop) + FREE, Math.max(ring(hop) - FREE, radius));
  return { x: (x / radius) * wanted, y: (y / radius) * wanted };
}

/** Places around the origin; the unit is the radius of the first ring. */
export function layout(hops: number[], edges: Edge[]): Point[] {
  let at = start(hops);
  for (let round = 0; round < ROUNDS; round += 1) {
    const force = at.map(() => ({ x: 0, y: 0 }));
    push(at, force);
    pull(at, edges, force);
    const most = STEP * (1 - round / ROUNDS);
    at = at.map(({ x, y }, i) => {
      const { x: dx, y: dy } = force[i]!, scale = Math.min(1, most / (Math.hypot(dx, dy) || 1));
      return ringed({ x: x + dx * scale, y: y + dy * scale }, hops[i]!);
    });
  }
  return at;
}

/** Moves vertices apart that overlap; the first stays. */
export function apart<T extends Point & { radius: number }>(all: T[]): T[] {
  const at = all.map((one) => ({ ...one }));
  for (let round = 0; round < APART_ROUNDS; round += 1) for (let i = 1; i < at.length; i += 1) for (let j = 0; j < i; j += 1) {
    const a = at[i]!, b = at[j]!, x = a.x - b.x || 1e-3, y = a.y - b.y, far = Math.hypot(x, y), missing = a.radius + b.radius + APART - far;
    if (missing <= 0) continue;
    const part = j ? missing / 2 : missing;
    a.x += (x / far) * part; a.y += (y / far) * part;
    if (j) { b.x -= (x / far) * part; b.y -= (y / far) * part; }
  }
  return at;
}
