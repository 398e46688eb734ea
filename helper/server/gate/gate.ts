import { TerrariumError } from "../../protocol/errors.ts";
import type {
  HelperFacts,
  MethodName,
  NotificationName,
  Notifications,
  ParameterInput,
  Results,
} from "../../protocol/methods.ts";
import type { AuditEntry } from "../../sandboxes/audit.ts";
import type { SandboxHost } from "../../sandboxes/host.ts";
import { parse, toKnownError } from "../answer.ts";
import { type ClassFacts, classes, classOf } from "../classes.ts";
import type { Client } from "../client.ts";
import type { Link } from "../connection.ts";
import { checkVersion, helperFacts } from "../facts.ts";
import { methods, type Person } from "../methods.ts";
import { openServedFor, openSession, type Responder, type Served } from "../session.ts";
import { type Agent, startAgent } from "./agent.ts";
import { type AskHere, type Authoriser, openAuthoriser, type Wanted } from "./authoriser.ts";
import { personOf } from "./person.ts";
import { placeAgent } from "./place.ts";
import { takeTurn } from "./rates.ts";
import { isDeniedToAgent, isUnknownToAgent, namesSandbox, targetOf } from "./refusals.ts";
import { openTellers } from "./tellers.ts";
import { isAskedMethod, type Pinned, pins } from "./wanted.ts";
import { openWatchedTables, type WatchedTables } from "./watched.ts";

/**
 * What root does for somebody who is not root. It never does what they could do themselves: that does their agent,
 * a process of theirs, so that no path is opened and no word is looked up with rights that they have not. What is not
 * theirs root does, after somebody has allowed it, as its class says (classes.ts).
 */
export interface GateOptions {
  readonly served: Served;
  readonly client: Client;
  /** They have shown that they may be root: by pkexec(1) or sudo(8), which started this helper. */
  readonly isElevated: boolean;
  readonly askHere?: AskHere | undefined;
}

const inspect = classes["inspect-all"].action;

export class Gate implements Responder {
  readonly #options: GateOptions;
  readonly #person: Person;
  readonly #link: Link;
  readonly #authoriser: Authoriser;
  readonly #root: Responder;
  readonly #watched: WatchedTables;
  /** Trials of limits that root made for this client. */
  readonly #trials = new Set<string>();
  #agent: Promise<Agent> | undefined;
  #seesAll: boolean;
  /** What it says by itself: asked once, for each question is a process of root's. */
  #policy: Promise<boolean> | undefined;
  readonly #ended = new AbortController();

  constructor(options: GateOptions, link: Link) {
    const { served, client, isElevated, askHere } = options;
    this.#options = options;
    this.#person = personOf(client);
    const teller = openTellers(link.notify);
    this.#link = { ...link, notify: teller() };
    this.#seesAll = isElevated;
    this.#authoriser = openAuthoriser(client, this.#person.name, askHere);
    const shared = openServedFor(client.uid, served);
    this.#root = openSession(shared, teller(), { person: this.#person, who: client });
    this.#watched = openWatchedTables(
      this.#root,
      async () => (await this.#ownHelper()).connection,
      () => this.#seesAll,
    );
  }

  async answer<M extends MethodName>(name: M, parameters: unknown): Promise<Results[M]> {
    await takeTurn(this.#options.client.uid);
    try {
      return await this.#route(name, parameters);
    } catch (error) {
      throw toKnownError(error);
    }
  }

  /** Resolves when nothing of it is left. */
  async dispose(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#root.dispose();
    this.#options.client.dispose();
    const agent = await this.#agent?.catch(() => undefined);
    await agent?.dispose();
  }

  #route<M extends MethodName>(name: M, parameters: unknown): Promise<Results[M]> {
    const own = this.#own[name];
    if (own) return own(parameters);
    return classes[classOf[name]].first === "root" && this.#seesAll
      ? this.#byRoot(name, parameters)
      : this.#byAgent(name, parameters);
  }

  /** What neither of the two could answer alone. */
  readonly #own: {
    readonly [M in MethodName]?: (parameters: unknown) => Promise<Results[M]>;
  } = {
    initialize: async (parameters) => {
      checkVersion(parse("initialize", parameters));
      this.#policy ??= this.#authoriser.isAllowed(inspect);
      this.#seesAll ||= await this.#policy;
      return this.#facts();
    },
    "host/authorise": async (parameters) => {
      parse("host/authorise", parameters);
      if (this.#seesAll) return this.#facts();
      const what = "see what belongs to other users";
      await this.#allow("host/authorise", { action: inspect, what });
      this.#seesAll = true;
      await this.#watched.showAll();
      return this.#facts();
    },
    "inventory/watch": async (parameters) => {
      await this.#watched.watch(parse("inventory/watch", parameters).tables);
      return null;
    },
  };

  #facts(): HelperFacts {
    const { served, client } = this.#options;
    return { ...helperFacts(served.host), asker: client.uid, seesAll: this.#seesAll };
  }

  /** A name of a sandbox is a name of the asker's: root may have another of it. */
  async #byRoot<M extends MethodName>(name: M, parameters: unknown): Promise<Results[M]> {
    if (!namesSandbox(parameters)) return this.#root.answer(name, parameters);
    try {
      return await this.#askAgent(name, parameters);
    } catch (error) {
      if (!isUnknownToAgent(error)) throw error;
      return this.#root.answer(name, parameters);
    }
  }

  async #byAgent<M extends MethodName>(name: M, parameters: unknown): Promise<Results[M]> {
    try {
      const result = await this.#askAgent(name, parameters);
      this.#note(name, parameters, "done");
      return result;
    } catch (error) {
      if (this.#isTrial(error)) return this.#root.answer(name, parameters);
      const { kept, action } = factsOf(name);
      const isOwn = !isDeniedToAgent(error) || namesSandbox(parameters);
      if (isOwn || action === undefined || (kept && !this.#seesAll)) {
        this.#note(name, parameters, toKnownError(error).code);
        throw error;
      }
      return kept ? this.#root.answer(name, parameters) : this.#ask(name, parameters, action);
    }
  }

  /** Anew for each request: who has allowed one has not allowed the next. */
  async #ask<M extends MethodName>(
    name: M,
    parameters: unknown,
    action: string,
  ): Promise<Results[M]> {
    const { host } = this.#options.served;
    const { what, process, ...pinned } = await pin(host, name, parameters);
    const decision = await this.#allow(name, { action, what });
    const said = { ...Object(parameters), ...pinned.parameters };
    const result = await this.#root.answer(name, said, { decision, what, process });
    this.#rememberTrial(result);
    return result;
  }

  async #allow(method: MethodName, wanted: Wanted): Promise<string> {
    const target = wanted.what;
    try {
      const decision = await this.#authoriser.allow(wanted);
      if (method === "host/authorise") this.#audit({ method, target, decision, outcome: "done" });
      return decision;
    } catch (error) {
      const { code, args } = toKnownError(error);
      const { why } = args as { readonly why?: string };
      this.#audit({ method, target, outcome: code, decision: `${wanted.action}: ${why}` });
      throw error;
    }
  }

  #rememberTrial(result: unknown): void {
    const { revert } = Object(result) as { readonly revert?: unknown };
    if (typeof revert === "string") this.#trials.add(revert);
  }

  /** Only of this client's: another's is as if it were not there. */
  #isTrial(error: unknown): boolean {
    return TerrariumError.is(error, "noSuchRevert") && this.#trials.has(error.args.revert);
  }

  async #askAgent<M extends MethodName>(name: M, parameters: unknown): Promise<Results[M]> {
    const { connection, hold } = await this.#ownHelper();
    try {
      // As it came: the agent checks it, as any helper does.
      return await connection.request(name, Object(parameters) as ParameterInput<M>);
    } finally {
      hold(this.#link.taken());
    }
  }

  #ownHelper(): Promise<Agent> {
    this.#agent ??= this.#startAgent();
    return this.#agent;
  }

  async #startAgent(): Promise<Agent> {
    const { client } = this.#options;
    const place = (pid: number) => placeAgent(client, pid);
    const agent = await startAgent(this.#person, client.loginUid, place, this.#ended.signal);
    const { connection, hold } = agent;
    const { failures } = agent.delegation;
    if (failures.length > 0) {
      this.#audit({ method: "delegate", outcome: "cgroupFailed", reason: failures.join("; ") });
    }
    const forward = <N extends NotificationName>(name: N, told: Notifications[N] | undefined) => {
      if (told === undefined || this.#ended.signal.aborted) return;
      hold(this.#link.notify(name, told));
    };
    connection.onNotification("inventory/didChange", (part) =>
      forward("inventory/didChange", this.#watched.heard(part)),
    );
    connection.onNotification("usage/didSample", (round) => forward("usage/didSample", round));
    connection.onNotification("events/didHappen", (event) => forward("events/didHappen", event));
    // What it watched for the client it watches no more: the client has to begin anew.
    connection.onClose(() => this.#link.end());
    return agent;
  }

  /** What the asker did with rights of their own; what came of it, their agent says. */
  #note(method: MethodName, parameters: unknown, outcome: string): void {
    if (!methods[method].changes) return;
    this.#audit({ method, target: targetOf(parameters), decision: "own", outcome });
  }

  #audit(entry: Omit<AuditEntry, "uid" | "pid">): void {
    const { served, client } = this.#options;
    served.host.audit({ uid: client.uid, pid: client.pid, ...entry });
  }
}

function factsOf(name: MethodName): ClassFacts {
  return classes[classOf[name]];
}

async function pin(
  host: SandboxHost,
  name: MethodName,
  parameters: unknown,
): Promise<Pinned<object>> {
  if (!isAskedMethod(name))
    throw new TerrariumError("helperFailed", { reason: `${name} is never asked for` });
  // Of each row the schema and the words belong together; the compiler sees a union of all.
  const pinOf = pins[name] as (
    host: SandboxHost,
    parameters: unknown,
  ) => Pinned<object> | Promise<Pinned<object>>;
  return pinOf(host, parse(name, parameters));
}
