import { eventFacts } from "../../helper/protocol/events.ts";
import type { Alert } from "../events/alerts.ts";
import type { Card } from "./row.ts";

/** What sighted people get from the mark. */
export function spokenAlert(alert: Alert | undefined): string {
  return alert?.isNew ? `, ${eventFacts[alert.kind].label}` : "";
}

/** In the card the words stay, after somebody has looked. */
export function alertFacts(alert: Alert | undefined): Card["facts"] {
  if (!alert) return [];
  const { label } = eventFacts[alert.kind];
  return [[label.toLowerCase(), `${new Date(alert.atMs).toLocaleTimeString()}: ${alert.words}`]];
}
