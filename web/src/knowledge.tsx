// What is known: entities, facts with the times when they were true and when they were known, contradictions.
import { useState } from "preact/hooks";
import { read, useAction, usePoll, write } from "./api";
import type { Contradiction, Entity, Fact } from "./contract";
import { format, moment } from "./format";
import { Card, Empty, Failure, Missing, Table, line } from "./parts";
import { now } from "./state";

/** Contradictions whose facts are shown. */
const DISPUTED = 20;
/** Rules by which a contradiction is settled. */
const STRATEGIES: [string, string][] = [["newest", "what was learned last"], ["most_confident", "what is surest"], ["most_evidence", "the most evidence"], ["entrenchment", "what most rests on"], ["voting", "a vote of the sources"]];

interface At { known: string; valid: string }

/** What a field for a time holds, as RFC 3339; nothing where it is empty. */
function instant(local: string): string | null {
  const at = local ? new Date(local) : null;
  return at && !Number.isNaN(at.getTime()) ? at.toISOString() : null;
}

function query(values: Record<string, string | number | null>): string {
  const given = Object.entries(values).filter(([, value]) => value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}

const asOf = ({ known, valid }: At) => ({ known_at: instant(known), valid_at: instant(valid) });
const object = (fact: Fact) => fact.object_name ?? (fact.object_entity !== undefined ? `entity ${fact.object_entity}` : line(fact.object ?? null));
const said = (fact: Fact) => `${fact.subject_name} ${fact.negated ? "not " : ""}${fact.predicate} ${object(fact)}`;
/** A time that is a day's first moment stands for the day. */
const DAY = /T00:00:00(\.0+)?(Z|\+00:00)$/;
const Time = ({ at }: { at: string | undefined }) => (at ? <time dateTime={at}>{DAY.test(at) ? at.slice(0, 10) : moment(at, now())}</time> : null);

/** From when until when; a side that is open is left out. */
const Span = ({ from, to }: { from: string | undefined; to: string | undefined }) =>
  from || to ? <>{from && <Time at={from} />}{to && <> until <Time at={to} /></>}</> : <span class="quiet">always</span>;

function Entities({ at, subject, choose }: { at: At; subject: number | null; choose: (id: number | null) => void }) {
  const [name, setName] = useState("");
  const [after, setAfter] = useState<number | null>(null);
  const asked = query({ name: name.trim(), after: name.trim() ? null : after, ...asOf(at) });
  const { data, error } = usePoll((signal) => read<{ results: Entity[]; next: number | null }>(`v1/entities${asked}`, signal), [asked], 6);
  return <Card title="Entities" wide={false} aside={<label>Name <input type="search" value={name} onChange={(event) => { setName(event.currentTarget.value); setAfter(null); }} /></label>}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !data.results.length ? <Empty>{name ? "No entity has this name" : "No entities"}</Empty> : <div class="tall-list">
      <Table label="Entities" head={["entity", "kind", "also called", "properties"]}>{data.results.map((one) => <tr key={one.id} aria-current={one.id === subject ? "true" : undefined}>
        <td><button type="button" class="plain" aria-pressed={one.id === subject} onClick={() => choose(one.id === subject ? null : one.id)}>{one.name}</button></td><td>{one.kind}</td><td>{one.aliases.join(", ")}</td>
        <td>{Object.entries(one.properties).map(([property, value]) => `${property}: ${line(value)}`).join(", ")}</td></tr>)}</Table></div>}
    <More next={data?.next ?? null} after={after} to={setAfter} />
  </Card>;
}

const More = ({ next, after, to }: { next: number | null; after: number | null; to: (after: number | null) => void }) =>
  next === null && after === null ? null : <p class="buttons">{after !== null && <button type="button" onClick={() => to(null)}>From the start</button>}{next !== null && <button type="button" onClick={() => to(next)}>Next</button>}</p>;

function Facts({ at, subject, clear }: { at: At; subject: number | null; clear: () => void }) {
  const [after, setAfter] = useState<number | null>(null);
  const asked = query({ subject, after, ...asOf(at) });
  const { data, error } = usePoll((signal) => read<{ results: Fact[]; next: number | null }>(`v1/facts${asked}`, signal), [asked], 6);
  return <Card title="Facts" wide={false} aside={subject !== null && <button type="button" onClick={clear}>Facts of all</button>}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !data.results.length ? <Empty>{at.known || at.valid ? "No facts as of then" : "No facts"}</Empty> : <div class="tall-list">
      <Table label="Facts" head={["fact", "true at", "known since", "sure", "said by"]}>{data.results.map((fact) => <tr key={fact.id}>
        <td><b>{fact.subject_name}</b> {fact.negated && <span class="failure">not </span>}<span class="quiet">{fact.predicate.replaceAll("_", " ")}</span> {object(fact)}</td>
        <td><Span from={fact.valid_at} to={fact.invalid_at} /></td><td><Time at={fact.learned_at} />{fact.retracted_at && <> taken back <Time at={fact.retracted_at} /></>}</td>
        <td class="number">{format(fact.confidence, "percentunit")}</td><td>{fact.sources.join(", ")}</td></tr>)}</Table></div>}
    <More next={data?.next ?? null} after={after} to={setAfter} />
  </Card>;
}

/** Facts by their numbers; pages of facts are asked for until all are found, or passed by. */
async function factsOf(ids: number[], signal: AbortSignal): Promise<Map<number, Fact>> {
  const found = new Map<number, Fact>();
  for (const id of [...new Set(ids)].sort((a, b) => a - b)) {
    if (found.has(id)) continue;
    const { results } = await read<{ results: Fact[] }>(`v1/facts${query({ after: id > 0 ? id - 1 : null })}`, signal);
    for (const fact of results) found.set(fact.id, fact);
  }
  return found;
}

async function disputes(signal: AbortSignal) {
  const { results } = await read<{ results: Contradiction[] }>("v1/contradictions", signal);
  const shown = results.slice(0, DISPUTED);
  return { all: results.length, shown, facts: await factsOf(shown.flatMap(({ first, second }) => [first, second]), signal) };
}

function Side({ fact, id, keep }: { fact: Fact | undefined; id: number; keep: () => void }) {
  if (!fact) return <p class="quiet">fact {id}, no longer held</p>;
  const words = said(fact).replaceAll("_", " ");
  return <p><b>{words}</b><span class="quiet">true <Span from={fact.valid_at} to={fact.invalid_at} />; {format(fact.confidence, "percentunit")} sure; said by {fact.sources.join(", ")}</span>
    <span class="buttons"><button type="button" aria-label={`Keep: ${words}`} onClick={keep}>This one is right</button></span></p>;
}

/** Two facts that cannot both be true, until somebody or a rule says which stands; the other is taken back, and can be had again. */
function Dispute({ one, facts, reload }: { one: Contradiction; facts: Map<number, Fact>; reload: () => void }) {
  const [strategy, setStrategy] = useState(STRATEGIES[0]![0]);
  const [error, run, busy] = useAction(reload);
  const resolve = (how: object) => run(() => write("POST", `v1/contradictions/${one.id}/resolve`, how));
  const side = (id: number) => <Side fact={facts.get(id)} id={id} keep={() => resolve({ strategy: "manual", fact: id })} />;
  return <li>{side(one.first)}
    <div class="rule"><span class="tag">{one.kind}</span><label>Or by <select value={strategy} onChange={(event) => setStrategy(event.currentTarget.value)}>{STRATEGIES.map(([name, words]) => <option value={name}>{words}</option>)}</select></label>
      <button type="button" disabled={busy} onClick={() => resolve({ strategy })}>Settle</button>{error && <Failure error={error} />}</div>
    {side(one.second)}</li>;
}

function Contradictions() {
  const { data, error, reload } = usePoll(disputes, [], 6);
  return <Card title="Open contradictions">{data && error && <Failure error={error} />}
    {!data ? <Missing error={error} /> : !data.all ? <Empty>Nothing that is known contradicts itself</Empty> : <>
      <ol class="disputes">{data.shown.map((one) => <Dispute key={one.id} one={one} facts={data.facts} reload={reload} />)}</ol>
      {data.all > data.shown.length && <p class="quiet">and {data.all - data.shown.length} more</p>}</>}
  </Card>;
}

export function Known() {
  const [at, setAt] = useState<At>({ known: "", valid: "" });
  const [subject, setSubject] = useState<number | null>(null);
  const asked = JSON.stringify([at, subject]);
  return <>
    <section class="as-of span-4" role="group" aria-label="As of">
      <h2>What is known</h2>
      <label>True at <input type="datetime-local" value={at.valid} onChange={(event) => setAt({ ...at, valid: event.currentTarget.value })} /></label>
      <label>As known at <input type="datetime-local" value={at.known} onChange={(event) => setAt({ ...at, known: event.currentTarget.value })} /></label>
      {(at.known || at.valid) && <button type="button" onClick={() => setAt({ known: "", valid: "" })}>Now</button>}
    </section>
    <Entities at={at} subject={subject} choose={setSubject} />
    <Facts key={asked} at={at} subject={subject} clear={() => setSubject(null)} />
    <Contradictions />
  </>;
}
