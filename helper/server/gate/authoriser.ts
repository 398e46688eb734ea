import { checkAuthorization, type Question, type Verdict } from "../../polkit/authority.ts";
import { TerrariumError } from "../../protocol/errors.ts";
import type { Client } from "../client.ts";

/** Asks, on behalf of one client, whether root may do something for it. */
export interface Authoriser {
  /** Answers who decided, for the audit log. Throws notAuthorised. */
  allow(wanted: Wanted): Promise<string>;
  /** What the machine's policy says by itself: nobody is asked. */
  isAllowed(action: string): Promise<boolean>;
}

export interface Wanted {
  readonly action: string;
  /** `enter process 812 (nginx) of www-data` */
  readonly what: string;
}

/** Asks where polkit has nobody to ask; true: yes. */
export type AskHere = (sentence: string) => Promise<boolean>;

/** One question of a user's at a time: a client that asks for a hundred things shows one dialogue. */
const asking = new Map<number, Promise<unknown>>();

export function openAuthoriser(client: Client, name: string, askHere?: AskHere): Authoriser {
  const judge = async (question: Question): Promise<Verdict> => {
    if (!client.isAlive()) return "gone";
    const verdict = await checkAuthorization(client, question);
    // While it lives its number is its own: whatever polkit went by, it has judged this process and no later one.
    return client.isAlive() ? verdict : "gone";
  };
  const decide = async ({ action, what }: Wanted): Promise<string> => {
    const sentence = `${plain(name)} wants to ${plain(what)}.`;
    const verdict = await judge({ action, message: sentence, mayAsk: true });
    if (verdict === "authorised") return `${action}: polkit`;
    const isUnasked = verdict === "noPolkit" || verdict === "noAgent";
    if (!isUnasked || !askHere) throw new TerrariumError("notAuthorised", { what, why: verdict });
    const isAllowed = await askHere(sentence);
    if (isAllowed && client.isAlive()) return `${action}: sudo's terminal`;
    throw new TerrariumError("notAuthorised", { what, why: isAllowed ? "gone" : "dismissed" });
  };
  return {
    allow: (wanted) => inTurn(client.uid, () => decide(wanted)),
    isAllowed: async (action) => (await judge({ action, mayAsk: false })) === "authorised",
  };
}

async function inTurn<T>(uid: number, work: () => Promise<T>): Promise<T> {
  const before = asking.get(uid) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  asking.set(uid, settled);
  try {
    return await mine;
  } finally {
    if (asking.get(uid) === settled) asking.delete(uid);
  }
}

/** A dialogue may read markup, and a process chooses its name. */
function plain(text: string): string {
  return text.replace(/[^\w ./:@()+-]/g, "?");
}
