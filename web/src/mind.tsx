// What is meant to be done, and which ways of thinking came again: intentions, patterns.
import { useState } from "preact/hooks";
import { read, useAction, usePoll, write } from "./api";
import type { Memory } from "./contract";
import { ago, moment } from "./format";
import { Card, Empty, Failure, Missing, State, Value } from "./parts";
import { now } from "./state";

/** Those of a list that are shown. */
const SHOWN = 8;
const STATES = ["open", "completed", "abandoned"];

interface Listed { results: Memory[]; total: number }

const Rest = ({ of }: { of: Listed }) => (of.total > of.results.length ? <p class="quiet">and {of.total - of.results.length} more</p> : null);
const Text = ({ of }: { of: Memory }) => <a class="text" href={`#memory/${encodeURIComponent(of.id)}`}>{of.memory}</a>;

/** Ends an intention, with what came of it if somebody says so. */
function End({ of, reload }: { of: Memory; reload: () => void }) {
  const [outcome, setOutcome] = useState("");
  const [error, run] = useAction(reload);
  const end = (how: string) => run(() => write("POST", `v1/intentions/${encodeURIComponent(of.id)}/${how}`, outcome ? { outcome } : {}));
  return <details class="act"><summary>End …</summary><form onSubmit={(event) => { event.preventDefault(); void end("complete"); }}>
    <label>What came of it <input value={outcome} onInput={(event) => setOutcome(event.currentTarget.value)} /></label>
    <button type="submit">Done</button><button type="button" onClick={() => end("abandon")}>Given up</button>
    {error && <Failure error={error} />}
  </form></details>;
}

function Intention({ one, reload }: { one: Memory; reload: () => void }) {
  const { state, due_at: due, ended_at: ended, outcome } = one.intention!;
  const late = state === "open" && due !== undefined && Date.parse(due) < now();
  return <li><div class="body">
    <Text of={one} />
    <p class="tags"><State word={late ? "overdue" : state} />{due && <span class="quiet">by <time dateTime={due}>{moment(due, now())}</time></span>}
      {ended && <span class="quiet">ended <time dateTime={ended}>{ago(ended, now())} ago</time></span>}{outcome && <span>{outcome}</span>}</p>
    {state === "open" && <End of={one} reload={reload} />}
  </div></li>;
}

export function Intentions() {
  const [state, setState] = useState("open");
  const { data, error, reload } = usePoll((signal) => read<Listed>(`v1/intentions?state=${state}&limit=${SHOWN}`, signal), [state], 6);
  return <Card title="Intentions" wide={false} aside={<label>State <select value={state} onChange={(event) => setState(event.currentTarget.value)}>{STATES.map((one) => <option>{one}</option>)}</select></label>}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !data.results.length ? <Empty>No intention is {state}</Empty> : <>
      <ol class="hits">{data.results.map((one) => <Intention key={one.id} one={one} reload={reload} />)}</ol><Rest of={data} /></>}
  </Card>;
}

export function Patterns() {
  const { data, error } = usePoll((signal) => read<Listed>(`v1/cognitive/patterns?limit=${SHOWN}`, signal), [], 6);
  return <Card title="Patterns of thinking" wide={false}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : !data.results.length ? <Empty>No pattern was recorded</Empty> : <>
      <ol class="hits">{data.results.map((one) => <li key={one.id}><div class="body"><Text of={one} />
        <p class="tags"><span class="tag">{one.pattern!.kind.replaceAll("_", " ")}</span><span>seen <Value value={one.pattern!.seen} unit="short" />×</span>
          {one.pattern!.trigger && <span class="quiet">when {one.pattern!.trigger}</span>}{one.pattern!.instances[0] && <time class="quiet" dateTime={one.pattern!.instances[0].at}>last {ago(one.pattern!.instances[0].at, now())} ago</time>}</p></div></li>)}</ol><Rest of={data} /></>}
  </Card>;
}
