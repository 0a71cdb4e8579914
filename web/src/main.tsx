// The page: its views by hash route, its head with range and refresh, the dialog for a key.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import "./app.css";
import { Alerts } from "./alerts";
import { forgetKey, giveKey, key, read, usePoll, write } from "./api";
import type { Alert, Health, Model, Page, Panels as List } from "./contract";
import { clock } from "./format";
import { Network } from "./live";
import { MemoryView } from "./memory";
import { Panels } from "./panel";
import { Missing, State } from "./parts";
import { HealthView, Logs, Models, Summary, Traces } from "./records";
import { get, RANGES, set, useStore, type Theme } from "./state";

const INTERVAL_SECONDS = 5;
const MODEL_EVERY = 3;
const PANELS_EVERY = 12;
/** The server tells how unhealthy it is with this status. */
const UNHEALTHY = 503;

/** Views that have something of their own besides panels, and so are always shown. */
const OWN = new Set(["memory", "alerts", "traces", "logs", "health"]);
const VIEWS: [string, string][] = [
  ["overview", "Overview"], ["engine", "Engine"], ["serving", "Serving"], ["memory", "Memory"], ["agents", "Agents"], ["learners", "Learners"],
  ["alerts", "Alerts"], ["traces", "Traces"], ["logs", "Logs"], ["health", "Health"], ["resources", "Resources"], ["security", "Security"], ["resilience", "Resilience"],
];

function route(): { view: string; id: string } {
  const [view = "", ...rest] = location.hash.slice(1).split("/");
  try { return { view: view || "overview", id: decodeURIComponent(rest.join("/")) }; } catch { return { view, id: "" }; }
}

function useRoute() {
  const [at, setAt] = useState(route);
  useEffect(() => {
    const change = () => { setAt(route()); scrollTo(0, 0); };
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return at;
}

/** The views to show, in their order; pages that the server has beyond these come last. */
function shown(pages: Page[]): Page[] {
  const known = VIEWS.map(([id, title]) => pages.find((page) => page.id === id) ?? { id, title, panels: [] });
  const more = pages.filter((page) => !VIEWS.some(([id]) => id === page.id));
  return [...known, ...more].filter((page) => page.panels.length || OWN.has(page.id));
}

/** Refreshes while the page is seen; while the server is down it asks only whether it is back. */
function useTicks(seconds: number) {
  useEffect(() => {
    const beat = () => {
      const { paused, downSince, tick } = get();
      if (downSince !== null) void read("health", undefined, [UNHEALTHY]).catch(() => {});
      else if (!paused && !document.hidden) set({ tick: tick + 1 });
    };
    const timer = setInterval(beat, seconds * 1000);
    const seen = () => { if (!document.hidden) beat(); };
    document.addEventListener("visibilitychange", seen);
    return () => { clearInterval(timer); document.removeEventListener("visibilitychange", seen); };
  }, [seconds]);
}

function KeyDialog() {
  const asking = useStore((state) => state.asking);
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (asking === "no") return dialog.current?.close();
    if (input.current) input.current.value = "";
    dialog.current?.showModal();
  }, [asking]);
  return <dialog ref={dialog} aria-labelledby="key-title" onCancel={() => giveKey(null)}>
    <form onSubmit={(event) => { event.preventDefault(); giveKey(input.current?.value.trim() || null); }}>
      <h2 id="key-title">This server asks for a key</h2>
      {asking === "again" && <p class="failure" role="alert">That key was not accepted.</p>}
      <label>Key or token <input ref={input} type="password" autocomplete="off" autofocus required /></label>
      <p class="quiet">It is kept until this tab is closed, and sent to this server alone.</p>
      <div class="buttons"><button type="button" onClick={() => giveKey(null)}>Not now</button><button type="submit" class="main">Use key</button></div>
    </form>
  </dialog>;
}

function Banner() {
  const down = useStore((state) => state.downSince);
  const refused = useStore((state) => state.refused);
  if (down !== null) return <p class="banner bad" role="alert">The server has not answered since {clock(down)}. What is shown is from before; it is asked again every few seconds.</p>;
  if (refused) return <p class="banner warn" role="status">This server asks for a key. <button type="button" onClick={forgetKey}>Enter a key</button></p>;
  return null;
}

const THEMES: Record<Theme, [Theme, string, string]> = { auto: ["light", "◐", "as the system"], light: ["dark", "☀", "light"], dark: ["auto", "☾", "dark"] };

function Head() {
  const { range, paused, theme, health, downSince } = useStore((state) => state);
  const [next, sign, name] = THEMES[theme];
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return <header class="top">
    <a class="brand" href="#overview"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 3v10M5 6v7M8 2v11M11 8v5M14 4v9" /></svg><span>Striatum</span></a>
    <a class="pill" href="#health" aria-label="Health">{downSince !== null ? <State word="unavailable" /> : health.data && <State word={health.data.status} />}</a>
    <div class="controls">
      <label class="range"><span>Last</span><select aria-label="Time range" value={range} onChange={(event) => set({ range: Number(event.currentTarget.value) })}>
        {RANGES.map(([seconds, text]) => <option value={seconds}>{text}</option>)}</select></label>
      <button type="button" class={paused ? "held" : ""} aria-pressed={paused} aria-label="Pause refreshing" title={paused ? "Go on refreshing" : "Pause refreshing"} onClick={() => set({ paused: !paused })}>{paused ? "▶" : "❚❚"}</button>
      <button type="button" aria-label={`Colours: ${name}`} title={`Colours: ${name}`} onClick={() => set({ theme: next })}>{sign}</button>
      {key() && <button type="button" onClick={() => { sessionStorage.clear(); location.reload(); }}>Forget key</button>}
      <a href="docs">API</a>
    </div>
  </header>;
}

function Nav({ pages, view }: { pages: Page[]; view: string }) {
  const firing = useStore((state) => state.alerts).data?.filter((one) => one.state === "firing" && !one.silenced && !one.inhibited).length;
  return <nav aria-label="Views">{pages.map(({ id, title }) =>
    <a key={id} href={`#${id}`} aria-current={id === view ? "page" : undefined}>{title}{id === "alerts" && firing ? <b class="badge" aria-label={`${firing} firing`}>{firing}</b> : null}</a>)}</nav>;
}

function App() {
  const { view, id } = useRoute();
  const list = usePoll((signal) => read<List>("v1/panels", signal), [], PANELS_EVERY);
  const health = usePoll((signal) => read<Health>("health", signal, [UNHEALTHY]), []);
  const alerts = usePoll((signal) => read<{ alerts: Alert[] }>("v1/alerts", signal).then((answer) => answer.alerts), []);
  const models = usePoll(() => write<Model[]>("POST", "v2/repository/index", {}), [], MODEL_EVERY);
  useEffect(() => set({ health: { ...health } }), [health.data, health.error]);
  useEffect(() => set({ alerts: { ...alerts } }), [alerts.data, alerts.error]);
  const interval = list.data?.interval_seconds || INTERVAL_SECONDS;
  useTicks(interval);
  const pages = shown(list.data?.pages ?? []);
  const page = pages.find((one) => one.id === view) ?? pages[0]!;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => { document.title = `${page.title} · Striatum`; }, [page.title]);
  const names = [...new Set((models.data ?? []).filter((one) => one.state.toLowerCase() === "ready").map(({ name }) => name))];
  const panels = <Panels panels={page.panels} interval={interval} view={page.id} />;
  const wait = !list.data && !OWN.has(view);
  return <>
    <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); title.current?.focus(); }}>Skip to content</a>
    <Head /><Banner />
    <Nav pages={list.data ? pages : VIEWS.map(([id, title]) => ({ id, title, panels: [] }))} view={list.data ? page.id : view} />
    <main><h1 ref={title} tabIndex={-1}>{wait ? VIEWS.find(([id]) => id === view)?.[1] ?? "Overview" : page.title}</h1>
      <div class="grid">
        {wait ? <div class="card span-4"><Missing error={list.error} height={1} /></div> : <>
          {page.id === "overview" && <Summary models={models.data ?? undefined} />}
          {page.id === "alerts" && <Alerts />}
          {page.id === "traces" && <Traces id={id} />}
          {page.id === "logs" && <Logs />}
          {page.id === "health" && <HealthView />}
          {page.id === "engine" ? <Network models={names}>{panels}</Network> : page.id === "memory" ? <MemoryView id={id}>{panels}</MemoryView> : panels}
          {page.id === "serving" && <Models models={models.data ?? undefined} error={models.error} />}
        </>}
      </div>
    </main>
    <KeyDialog />
  </>;
}

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);
