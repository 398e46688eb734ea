import {
  describeHappening,
  type EventKind,
  eventFacts,
  type TimelineEvent,
} from "../../../helper/protocol/events.ts";
import { keep, kept } from "../editor.ts";
import { button, element, setText } from "../element.ts";
import type { Post, Tab } from "../tab.ts";

/** What can be left out together, by a box. */
const groups: readonly { readonly title: string; readonly kinds: readonly EventKind[] }[] = [
  { title: "Out of memory", kinds: ["oomKill"] },
  { title: "Limits met", kinds: ["throttled", "memoryHigh", "pidsLimit"] },
  { title: "Limits changed", kinds: ["limitChanged"] },
  { title: "Life", kinds: ["started", "exited", "paused", "resumed"] },
];

const hiddenKey = "events.hidden";
const minuteMs = 60_000;

const filters = element("fieldset", { class: "event-filters" });
const list = element("div");
/** Only a new out-of-memory is worth interrupting whoever listens. */
const announced = element("p", { class: "spoken", role: "status", "aria-live": "polite" });
let send: Post = () => undefined;
let events: readonly TimelineEvent[] | undefined;
let shown = "";
let newest: number | undefined;

/** What happened, the newest first, minute by minute. */
export const eventsTab: Tab = {
  mount: (root, post) => {
    send = post;
    filters.append(element("legend", { class: "spoken" }, "Show"), ...groups.map(filterBox));
    root.append(filters, announced, list);
  },
  show: (snapshot) => {
    events = snapshot.events;
    announce();
    draw();
  },
  hidden: () => undefined,
};

function filterBox({ title }: (typeof groups)[number], index: number): HTMLElement {
  const id = `events-${index}`;
  const box = element("input", { type: "checkbox", id, checked: !hidden().includes(title) });
  box.addEventListener("change", () => {
    const others = hidden().filter((other) => other !== title);
    keep(hiddenKey, box.checked ? others : [...others, title]);
    draw();
  });
  return element("span", {}, box, element("label", { for: id }, title));
}

function hidden(): readonly string[] {
  const titles = kept(hiddenKey);
  return Array.isArray(titles) ? titles : [];
}

/** Nothing is read out of what was there when the tab was opened. */
function announce(): void {
  if (!events) return;
  const last = events.findLast(({ kind }) => kind === "oomKill");
  if (newest !== undefined && last && last.sequence > newest) {
    setText(announced, `${eventFacts.oomKill.label}: ${describeHappening(last)}`);
  }
  newest = Math.max(0, ...events.map(({ sequence }) => sequence));
}

function draw(): void {
  const facts = JSON.stringify([events, hidden()]);
  if (facts === shown || !events) return;
  shown = facts;
  const left = new Set(
    groups.flatMap(({ title, kinds }) => (hidden().includes(title) ? kinds : [])),
  );
  const wanted = events.filter(({ kind }) => !left.has(kind)).reverse();
  list.replaceChildren(...(wanted.length > 0 ? minutes(wanted) : [nothing(events.length)]));
}

function nothing(leftOut: number): HTMLElement {
  const words =
    leftOut > 0
      ? "Nothing of what is shown has happened; the boxes above leave out the rest."
      : "Nothing has happened since somebody began to look. It is told here when memory runs out, a limit is met or changed, and when it starts, pauses or ends.";
  return element("p", { class: "dim" }, words);
}

function minutes(newestFirst: readonly TimelineEvent[]): readonly HTMLElement[] {
  const byMinute = new Map<number, TimelineEvent[]>();
  for (const event of newestFirst) {
    const minute = Math.floor(event.atMs / minuteMs);
    byMinute.set(minute, [...(byMinute.get(minute) ?? []), event]);
  }
  return [...byMinute].flatMap(([minute, ofMinute]) => [
    element("h2", {}, minuteWords(minute * minuteMs)),
    element("ol", { class: "events", reversed: true }, ...ofMinute.map(item)),
  ]);
}

function minuteWords(atMs: number): string {
  const date = new Date(atMs);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return isToday ? time : `${date.toLocaleDateString()} ${time}`;
}

const marks = { error: "✗", warning: "▲", info: "●" } as const;

function item(event: TimelineEvent): HTMLLIElement {
  const { label, weight } = eventFacts[event.kind];
  const date = new Date(event.atMs);
  return element(
    "li",
    { "data-weight": weight },
    element("time", { class: "dim", datetime: date.toISOString() }, date.toLocaleTimeString()),
    element("span", { class: "event-mark", "aria-hidden": "true" }, marks[weight]),
    element("strong", {}, label),
    element("span", {}, describeHappening(event), limitLink(event)),
  );
}

/** To the panel of the cgroup whose limit it was, where that is another one that can be seen from here. */
function limitLink(event: TimelineEvent): HTMLElement | undefined {
  if (event.kind !== "oomKill" || event.exhausted !== "other") return undefined;
  const { limitOf } = event;
  if (limitOf === undefined) return undefined;
  const open = () => send({ type: "openCgroup", path: limitOf });
  return button("Open its limits", open, { class: "link" });
}
