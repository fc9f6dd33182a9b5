// The shell: who is here, where to go, how the connection is, and one view. Starts the page.

import { render } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { createApi, getPlain } from "./api.js";
import { connect, groups, isLocal } from "./live.js";
import { problemBehind } from "./problems.js";
import { useStore } from "./store.js";
import { Problem, Title, dressed, html } from "./ui.js";

/** @type {Record<string, () => Promise<{View: any}>>} each view is fetched, with a style sheet of its own if it has one, when it is first wanted */
const VIEWS = {
  new: () => import("./views/new-order.js"),
  orders: () => import("./views/orders.js"),
  order: () => dressed("order", import("./views/order.js")),
  history: () => import("./views/history.js"),
  inbox: () => import("./views/inbox.js"),
  picking: () => import("./views/picking.js"),
  attention: () => import("./views/attention.js"),
  outbox: () => dressed("local", import("./local/outbox.js")),
};

/** @type {{view: string, href: string, word: string, group?: string[]}[]} where one can go; some places only with a role */
const PLACES = [
  { view: "orders", href: "#/orders", word: "Orders" },
  { view: "inbox", href: "#/inbox", word: "Inbox", group: ["managers", "directors", "finance"] },
  { view: "picking", href: "#/picking", word: "Picking", group: ["warehouse"] },
  { view: "attention", href: "#/attention", word: "Attention", group: ["operators"] },
  { view: "new", href: "#/new", word: "New order", group: ["requesters"] },
  { view: "outbox", href: "#/outbox", word: "Outbox" },
];

const THEME = "countersign.theme";

function Navigation() {
  const view = useStore((state) => state.route.view);
  const here = view === "order" || view === "history" ? "orders" : view;
  useStore((state) => state.who);
  const mine = groups();
  const open = PLACES.filter(({ view: place, group }) => (place !== "outbox" || isLocal()) && (!group || group.some((each) => mine.includes(each))));
  return html`<nav aria-label="Main">
    ${open.map(
      ({ view: place, href, word }) => html`<a href=${href} aria-current=${place === here ? "page" : undefined}>${word}</a>`,
    )}
  </nav>`;
}

function Theme() {
  const [theme, setTheme] = useState(() => localStorage.getItem(THEME) ?? "auto");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(THEME, theme);
  }, [theme]);
  return html`<label class="inline">
    <span>Theme</span>
    <select value=${theme} onChange=${(/** @type {any} */ event) => setTheme(event.currentTarget.value)}>
      <option value="auto">auto</option>
      <option value="light">light</option>
      <option value="dark">dark</option>
    </select>
  </label>`;
}

const CONNECTIONS = {
  live: { icon: "●", word: "Live" },
  paused: { icon: "❙❙", word: "Paused" },
  reconnecting: { icon: "↻", word: "Reconnecting" },
  offline: { icon: "○", word: "Offline" },
};

function Connection() {
  const connection = useStore((state) => state.connection);
  const { icon, word } = CONNECTIONS[connection];
  return html`<p class="connection" data-connection=${connection}>
    <span class="icon" aria-hidden="true">${icon}</span>${word}
  </p>`;
}

/** The one live region: says what just happened, to the eye for a while and to a screen reader once. */
function Notice() {
  const { text, serial } = useStore((state) => state.notice);
  const [gone, setGone] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => setGone(serial), 6000);
    return () => clearTimeout(timer);
  }, [serial]);
  return html`<div class="notice" role="status" data-shown=${Boolean(text) && gone !== serial}>
    ${gone !== serial && html`<p key=${serial}>${text}</p>`}
  </div>`;
}

function Place() {
  const route = useStore((state) => state.route);
  const [loaded, setLoaded] = useState(/** @type {Record<string, any>} */ ({}));
  const load = route.view === "outbox" && !isLocal() ? undefined : VIEWS[route.view];
  useEffect(() => {
    load?.().then(({ View }) => setLoaded((before) => ({ ...before, [route.view]: View })));
  }, [route.view]);
  if (!load) return html`<${Missing} />`;
  const View = loaded[route.view];
  return View && html`<${View} key=${`${route.view}/${route.orderId}`} route=${route} />`;
}

const Missing = () => html`<${Title} title="Nothing here" />
  <p>This address leads nowhere. <a href="#/orders">See the orders</a> or <a href="#/new">place one</a>.</p>`;

/** @param {{Tools: Page.Session["Tools"]}} props what the way of signing in adds to the header */
const Shell = ({ Tools }) => html`
  <a class="skip" href="#main" onClick=${skipToMain}>Skip to the content</a>
  <header>
    <a class="brand" href="#/orders"><span class="mark" aria-hidden="true"></span>Countersign</a>
    <${Navigation} />
    <div class="tools"><${Tools} /><${Theme} /><${Connection} /></div>
  </header>
  <main id="main" tabindex="-1"><${Place} /></main>
  <${Notice} />
`;

/** The fragment belongs to the routes, so the link moves the focus itself. @param {Event} event */
function skipToMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

async function start() {
  const root = /** @type {HTMLElement} */ (document.getElementById("page"));
  document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? "auto";
  try {
    const config = await getPlain("config.json");
    const { createSession } = await (config.mode === "local" ? import("./local/session.js") : import("./signin.js"));
    const session = await createSession(config);
    connect(createApi(config.apiUrl, session), session);
    render(html`<${Shell} Tools=${session.Tools} />`, root);
  } catch (error) {
    render(html`<main><h1>Countersign</h1><${Problem} problem=${problemBehind(error)} /></main>`, root);
  }
}

void start();
