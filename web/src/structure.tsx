// How knowledge hangs together: which entities matter, what belongs together, what all of it hangs on.
import { useState } from "preact/hooks";
import { usePoll, write } from "./api";
import type { Analysis, Named } from "./contract";
import { format } from "./format";
import { Card, Empty, Failure, Missing, shortened, Table, Value } from "./parts";

/** Vertices, ties or groups that are told. */
const TOLD = 12;
/** Names of a group that are told. */
const NAMED = 12;
const NAME_CHARS = 60;
const ANALYSES: [string, string][] = [
  ["page_rank", "What a walk meets most"], ["betweenness", "What most ways lead over"], ["degree", "Neighbours"], ["closeness", "What is near to all"], ["eigenvector", "Important neighbours"],
  ["communities", "What holds together"], ["components", "What is connected"], ["bridges", "Ties that hold parts together"], ["articulation_points", "Vertices that hold parts together"], ["triangles", "Triangles"],
];

const href = ({ vertex }: Named) => (vertex.memory ? `#memory/${encodeURIComponent(vertex.memory)}` : undefined);
const Name = ({ of }: { of: Named }) => {
  const text = shortened(of.name, NAME_CHARS), to = href(of);
  return to ? <a href={to} title={of.name}>{text}</a> : <span title={of.name}>{text}</span>;
};

function Told({ of }: { of: Analysis }) {
  const { vertices = [], ties = [], groups = [] } = of;
  const most = Math.max(1e-12, ...vertices.map(({ value }) => value));
  if (!vertices.length && !ties.length && !groups.length) return <Empty>{of.graph.vertices ? "There is none" : "Nothing is related yet"}</Empty>;
  return <>
    {vertices.length > 0 && <Table label="Vertices" head={["what", "", ""]}>{vertices.map((one) => <tr><td><Name of={one} /></td><td class="number"><Value value={one.value} unit="short" /></td><td class="wide"><span class="bar"><i style={{ width: `${(one.value / most) * 100}%` }} /></span></td></tr>)}</Table>}
    {ties.length > 0 && <Table label="Ties" head={["from", "", "to", "strength"]}>{ties.map(({ from, kind, to, value }) => <tr><td><Name of={from} /></td><td class="quiet">{kind.replaceAll("_", " ")}</td><td><Name of={to} /></td><td class="number"><Value value={value} unit="short" /></td></tr>)}</Table>}
    {groups.length > 0 && <Table label="Groups" head={["size", "members"]}>{groups.map(({ size, vertices: all }) => <tr><td class="number"><Value value={size} unit="short" /></td><td>{all.slice(0, NAMED).map((one, i) => <>{i > 0 && ", "}<Name of={one} /></>)}{size > Math.min(NAMED, all.length) && <span class="quiet"> and {size - Math.min(NAMED, all.length)} more</span>}</td></tr>)}</Table>}
    <p class="quiet">{of.graph.vertices} vertices, {of.graph.links} links{Object.entries(of.values ?? {}).map(([name, value]) => `, ${name.replaceAll("_", " ")} ${format(value, "short")}`)}{of.more && "; the first are shown"}</p>
  </>;
}

export function Structure() {
  const [analysis, setAnalysis] = useState(ANALYSES[0]![0]);
  const { data, error } = usePoll(() => write<Analysis>("POST", "v1/graph/analyze", { analysis, limit: TOLD }), [analysis], 12);
  return <Card title="How it hangs together" wide={false} aside={<label>Show <select value={analysis} onChange={(event) => setAnalysis(event.currentTarget.value)}>{ANALYSES.map(([name, words]) => <option value={name}>{words}</option>)}</select></label>}>
    {data && error && <Failure error={error} />}
    {!data ? <Missing error={error} height={1} /> : <Told of={data} />}
  </Card>;
}
