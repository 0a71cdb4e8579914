// The memory: how much it holds, search with the reasons for each result, its columns, what it knows.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { key, read, usePoll, write } from "./api";
import { Branches } from "./branches";
import { Columns } from "./columns";
import type { Found, Hit, Memory, Rank, Stats } from "./contract";
import { ago, format } from "./format";
import { Known } from "./knowledge";
import { Intentions, Patterns } from "./mind";
import { ground, Marked, most, type Term } from "./marked";
import { Card, Chain, Empty, Failure, Missing, State, Strength, Tier, Value } from "./parts";
import { Remembered } from "./remembered";
import { now } from "./state";
import { Structure } from "./structure";

const SHOWN = 10;
const NEWEST = 5;
const SHOWN_MAX = 100;
const STATUSES = ["active", "quarantined", "superseded", "expired", "deleted"];

/** What was asked for last, so that it is there again after a look at one memory. */
const last = { query: "", limit: SHOWN };

const page = (id: string) => `#memory/${encodeURIComponent(id)}`;

function Numbers({ of }: { of: Stats }) {
  const all: [string, number, string][] = [
    ["Memories", of.active, "short"], ["Working", of.working, "short"], ["Short term", of.short_term, "short"], ["Long term", of.long_term, "short"],
    ["Held back", of.quarantined, "short"], ["Columns", of.columns, "short"], ["Entities", of.entities, "short"], ["Relations", of.relations, "short"],
    ["Facts", of.facts, "short"], ["Contradictions", of.contradictions, "short"], ["Size", of.bytes, "bytes"],
  ];
  return <dl class="summary span-4" aria-label="What is held">{all.map(([name, value, unit]) => <div key={name}><dt>{name}</dt><dd><Value value={value} unit={unit} /></dd></div>)}</dl>;
}

/** How the first memory gets in. */
function First() {
  const bearer = key() ? `  -H 'authorization: Bearer YOUR-KEY' \\\n` : "";
  return <div class="first"><p>Nothing is remembered yet. This stores the first memory:</p>
    <pre tabIndex={0}><code>{`curl ${location.origin}/v1/memories \\\n${bearer}  -H 'content-type: application/json' \\\n  -d '{"text": "Ada Lovelace wrote the first program, for the Analytical Engine."}'`}</code></pre></div>;
}

const Place = ({ name, of }: { name: string; of: Rank | undefined }) =>
  <span class={`place ${of ? "" : "none"}`}>{name} {of ? <><b>{of.rank}</b><small> {format(of.score, "short")}</small></> : <small>–</small>}</span>;

/** Why a memory was found: its places in three rankings, its votes, its words, and how activation came to it. */
function Because({ hit, texts }: { hit: Hit; texts: Map<string, string> }) {
  const why = hit.explain;
  if (!why) return null;
  const step = (id: string) => (id === hit.id ? { text: "this" } : texts.has(id) ? { text: texts.get(id)!, href: page(id) } : /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(id) ? { text: `memory ${id.slice(-6)}`, href: page(id) } : { text: id });
  return <div class="why">
    <Place name="words" of={why.text} /><Place name="vector" of={why.vector} /><Place name="activation" of={why.graph} />
    <span class="votes" title="Their sum orders">{Object.entries(why.votes).map(([kind, vote]) => vote !== 0 && <span key={kind} data-vote={vote}>{kind} {format(vote, "short")} </span>)}</span>
    {why.terms.length > 0 && <span class="terms">{why.terms.map(({ term, score }) => <span key={term} style={ground(score, most(why.terms))} title={`adds ${format(score, "short")}`}>{term}</span>)}</span>}
    {why.path.length > 0 && <Chain of={why.path.map(step)} />}
  </div>;
}

function Item({ one, score, children, terms = [] }: { one: Memory; score?: number; children?: ComponentChildren; terms?: Term[] }) {
  return <li>
    {score !== undefined && <span class="fit" title="How well it fits"><Value value={score} unit="percentunit" /><span class="bar" aria-hidden="true"><i style={{ width: `${score * 100}%` }} /></span></span>}
    <div class="body">
      <a class="text" href={page(one.id)}><Marked text={one.memory} terms={terms} /></a>
      {children}
      <p class="tags">{one.status !== "active" && <State word={one.status} />}<Tier of={one.tier} /><span class="tag">{one.class.replaceAll("_", " ")}</span><Strength of={one.strength} />
        {one.reasons?.map((reason) => <span class="failure">{reason}</span>)}
        <time class="quiet" dateTime={one.created_at}>{ago(one.created_at, now())} ago</time></p>
    </div>
  </li>;
}

function Newest({ empty, status }: { empty: boolean; status: string }) {
  const { data, error } = usePoll((signal) => read<{ results: Memory[]; total: number }>(`v1/memories?limit=${NEWEST}&status=${status}`, signal), [status], 2);
  if (!data) return <Missing error={error} height={1} />;
  return <>
    {error && <Failure error={error} />}
    {data.results.length ? <ol class="hits" aria-label="Newest memories">{data.results.map((one) => <Item key={one.id} one={one} />)}</ol> : empty ? <First /> : <Empty>No memory is {status}</Empty>}
  </>;
}

function Hits({ query }: { query: string }) {
  const [limit, setLimit] = useState(last.limit);
  last.limit = limit;
  // What is looked at here must not grow stronger for it.
  const { data, error } = usePoll(() => write<Found>("POST", "v1/search", { query, limit, explain: true, reinforce: false }), [query, limit], Infinity);
  if (!data) return <Missing error={error} height={1} />;
  const texts = new Map(data.results.map(({ id, memory }) => [id, memory]));
  return <>
    {error && <Failure error={error} />}
    {!data.results.length ? <Empty>No memory is like this</Empty> : <>
      <p class="took quiet">{data.results.length} of {data.took.candidates} candidates; {data.took.columns_visited} columns read, {data.took.rows_scanned} vectors compared. Numbers are places in each ranking.</p>
      <ol class="hits" aria-label="Results">{data.results.map((hit) => <Item key={hit.id} one={hit} score={hit.score} terms={hit.explain?.terms ?? []}><Because hit={hit} texts={texts} /></Item>)}</ol>
      {data.more && limit < SHOWN_MAX && <p><button type="button" onClick={() => setLimit(Math.min(SHOWN_MAX, limit + 2 * SHOWN))}>Show more</button></p>}</>}
  </>;
}

function Search({ empty }: { empty: boolean }) {
  const [text, setText] = useState(last.query);
  const [query, setQuery] = useState(last.query);
  const [status, setStatus] = useState("active");
  const ask = (wanted: string) => { Object.assign(last, { query: wanted, limit: SHOWN }); setQuery(wanted); };
  return <Card title={query ? "Found" : "Newest"} aside={query ? <button type="button" onClick={() => { setText(""); ask(""); }}>Show the newest</button> :
    <label>Status <select value={status} onChange={(event) => setStatus(event.currentTarget.value)}>{STATUSES.map((one) => <option>{one}</option>)}</select></label>}>
    <form class="search" role="search" onSubmit={(event) => { event.preventDefault(); ask(text.trim()); }}>
      <input type="search" aria-label="Search memories" placeholder="Search by words, meaning and what is related" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <button type="submit" class="main">Search</button>
    </form>
    {query ? <Hits key={query} query={query} /> : <Newest empty={empty && status === "active"} status={status} />}
  </Card>;
}

/** The memory, or one of its memories; `children` are the panels. */
export function MemoryView({ id, children }: { id: string; children: ComponentChildren }) {
  const stats = usePoll((signal) => read<Stats>("v1/memory/stats", signal), []);
  if (id) return <Remembered key={id} id={id} />;
  return <>
    {stats.data ? <Numbers of={stats.data} /> : <Card title="What is held"><Missing error={stats.error} /></Card>}
    <Search empty={stats.data?.active === 0} />
    <Columns />
    <Known />
    <Structure />
    <Branches />
    <Intentions />
    <Patterns />
    {children}
  </>;
}
