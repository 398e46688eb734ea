import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { installedFile } from "../../installation.ts";
import { KernelError } from "../../kernel/errors.ts";
import { leaveSessionKeyring } from "../../kernel/libc.ts";
import { readLoginUid } from "../../kernel/procfs.ts";
import { setpriv } from "../../kernel/setpriv.ts";
import type { Delegation } from "../../limits/delegation.ts";
import { Connection } from "../../protocol/client.ts";
import { type HelperConnection, protocolVersion } from "../../protocol/methods.ts";
import { patientReader } from "../../protocol/patientReader.ts";
import { version } from "../../version.ts";
import { type Hold, openHold } from "../hold.ts";
import { capMessages } from "../messageCap.ts";
import type { Person } from "../methods.ts";
import { onlyMessages } from "../onlyMessages.ts";
import { type Allowance, meter } from "./meter.ts";
import { allowanceOf } from "./rates.ts";

/**
 * The asker's own helper: a process of theirs, with their rights and nothing of ours, that does what is theirs. They
 * may do with it what they like, also have it answer nonsense: so what it says goes to its own client only, is bounded
 * in size and rate, and of it the gate believes no more than that something was refused.
 */
export interface Agent {
  readonly connection: HelperConnection;
  readonly pid: number;
  readonly delegation: Delegation;
  /** Holds back what it says: its client has not taken what it was told. */
  readonly hold: Hold;
  /** Resolves when it has ended, and its cgroups are gone. */
  dispose(): Promise<void>;
}

/** A table of 100,000 processes. */
const answerCapBytes = 32 * 1024 * 1024;
const answerCapValues = 4_000_000;

/** What it has not ended by itself after that time (it may be stopped) is killed. */
const endMs = 5_000;

type AgentProcess = ChildProcessByStdio<Writable, Readable, null>;

/**
 * `place`: is told the pid while the process waits, before it is the asker's and runs anything of theirs. `ended`: it is
 * waited for no longer, for its user may have stopped it before it has said anything.
 */
export async function startAgent(
  person: Person,
  loginUid: number | undefined,
  place: (pid: number) => Promise<Delegation>,
  ended: AbortSignal,
): Promise<Agent> {
  const child = startProcess(person);
  const { connection, hold } = connect(child, allowanceOf(person.uid));
  child.once("exit", () => connection.dispose());
  ended.addEventListener("abort", () => connection.dispose(), { once: true });
  let delegation: Delegation | undefined;
  const dispose = async () => {
    await endProcess(child, connection);
    await delegation?.release();
  };
  try {
    if (child.pid === undefined) throw new KernelError("execve /bin/sh", "ENOENT");
    delegation = await place(child.pid);
    child.stdin.write(`${loginOf(loginUid)}\n`);
    await connection.request("initialize", introduction());
    return { connection, pid: child.pid, delegation, hold, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function introduction() {
  return { client: "gate", protocol: protocolVersion, version: version() };
}

/**
 * Waits for a line, and then becomes what follows: read takes one byte after the other from a pipe, and no more. As whom
 * somebody has logged in only the process itself can say, and without a privilege only once.
 */
const script = `
  read -r login || exit
  test -z "$login" || echo "$login" >/proc/self/loginuid
  exec "$@"
`;
const waiting = ["-c", script, "terrarium-agent"];

/** What systemd has started nobody logged in for: left so, the asker could say that it was anybody. */
function loginOf(loginUid: number | undefined): string {
  return loginUid === undefined || readLoginUid("self") !== undefined ? "" : `${loginUid}`;
}

/** As the editor starts its helper. */
const smallHeap = ["--max-semi-space-size=1"];

/** No word of its standard error is taken: with the audit log there, it would be one for the asker to write into. */
function startProcess(person: Person): AgentProcess {
  const helper = [process.execPath, ...smallHeap, installedFile("bin/terrarium"), "helper"];
  const credentials = { ...person, groups: person.groups ?? [] };
  const words = [...setpriv(credentials), ...helper, "--stdio"];
  // Whoever is in a keyring's session may read and change it: so each agent has one, and we another.
  leaveSessionKeyring();
  const child = spawn("/bin/sh", [...waiting, ...words], {
    cwd: "/",
    env: environmentOf(person),
    // A session of its own: no terminal of root's, and none of the signals that are sent to it.
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  leaveSessionKeyring();
  for (const part of [child, child.stdin, child.stdout]) part.on("error", () => undefined);
  return child;
}

/** Made anew: what root was started with (NODE_OPTIONS, LD_PRELOAD, tokens) is not the asker's, nor the other way round. */
function environmentOf({ name, home, shell }: Person): NodeJS.ProcessEnv {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: home,
    USER: name,
    LOGNAME: name,
    SHELL: shell,
    LANG: "C.UTF-8",
    ELECTRON_RUN_AS_NODE: "1",
  };
}

function connect(
  { stdin, stdout }: AgentProcess,
  allowance: Allowance,
): Pick<Agent, "connection" | "hold"> {
  const metered = stdout.pipe(meter(allowance));
  const capped = metered.pipe(capMessages(answerCapBytes, answerCapValues));
  const connection = new Connection(
    createMessageConnection(
      patientReader(new StreamMessageReader(capped)),
      new StreamMessageWriter(stdin),
      undefined,
      { messageStrategy: onlyMessages },
    ),
  );
  capped.on("error", () => connection.dispose());
  return { connection, hold: openHold(capped) };
}

/** At the end of its input it puts back what was tried out, and goes. */
async function endProcess(child: AgentProcess, connection: HelperConnection): Promise<void> {
  connection.dispose();
  child.stdin.end();
  child.stdout.resume();
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
  await once(child, "exit");
  clearTimeout(timer);
}
