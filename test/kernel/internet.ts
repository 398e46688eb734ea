import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { type Client, clientBehind } from "./cli.ts";
import { startIsolated } from "./isolated.ts";

/**
 * A machine of its own for each test, as far as its network is concerned: network namespaces that stand for it, for
 * the internet, and for a container of another engine, so that nothing is switched on or tried on the real one.
 */
export interface Machine {
  /** A Terrarium on that machine. */
  readonly client: Client;
  /** Runs a command on that machine, or elsewhere. */
  run(where: Place, ...command: readonly string[]): string;
  /** Starts one, which ends with the test; its lines. */
  follow(t: TestContext, where: Place, ...command: readonly string[]): AsyncIterator<string>;
  /** A server that answers each connection, and each datagram, with who it is and who asked. */
  serve(where: Place, name: string, port: number): Promise<void>;
}

export type Place = "machine" | "internet" | "container";

export const addresses = {
  machine: "203.0.113.2",
  bridge: "172.17.0.1",
  container: "172.17.0.2",
  /** Where the machine's default route leads, and an address behind it. */
  router: "203.0.113.1",
  internet: "198.51.100.7",
  metadata: "169.254.169.254",
} as const;

const links = `
  ip link set lo up
  ip link add up0 type veth peer name out0 netns INTERNET
  ip addr add ${addresses.machine}/24 dev up0
  ip link set up0 up
  ip route add default via ${addresses.router}
  ip link add br0 type bridge
  ip addr add ${addresses.bridge}/24 dev br0
  ip link set br0 up
  ip link add port0 master br0 type veth peer name eth0 netns CONTAINER
  ip link set port0 up
  sysctl -qw net.ipv4.ip_forward=1
`;
const internet = `
  ip link set lo up
  ip addr add ${addresses.router}/24 dev out0
  ip link set out0 up
  ip addr add ${addresses.internet}/32 dev lo
  ip addr add ${addresses.metadata}/32 dev lo
  ip route add 10.0.0.0/8 via ${addresses.machine}
`;
const container = `
  ip link set lo up
  ip addr add ${addresses.container}/24 dev eth0
  ip link set eth0 up
  ip route add default via ${addresses.bridge}
`;

export async function startMachine(t: TestContext): Promise<Machine> {
  const started = await Promise.all([1, 2, 3].map(() => startIsolated(t, ["--net"])));
  const [machine = 0, world = 0, neighbour = 0] = started.map(({ pid }) => pid);
  const pids: Readonly<Record<Place, number>> = {
    machine,
    internet: world,
    container: neighbour,
  };
  const inside = (where: Place) => ["nsenter", `--net=/proc/${pids[where]}/ns/net`];
  const run: Machine["run"] = (where, ...command) => {
    const [program = "", ...args] = [...inside(where), ...command];
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  };
  const follow: Machine["follow"] = (context, where, ...command) => {
    const [program = "", ...args] = [...inside(where), ...command];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    context.after(() => child.kill("SIGKILL"));
    return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  };
  const script = links.replace("INTERNET", `${world}`).replace("CONTAINER", `${neighbour}`);
  run("machine", "sh", "-ec", script);
  run("internet", "sh", "-ec", internet);
  run("container", "sh", "-ec", container);
  return {
    client: clientBehind(inside("machine")),
    run,
    follow,
    serve: async (where, name, port) => {
      await follow(t, where, process.execPath, "-e", server, name, `${port}`).next();
    },
  };
}

const server = `
  const [name, port] = process.argv.slice(1);
  const answer = (who) => name + " " + who.replace("::ffff:", "") + "\\n";
  require("node:net").createServer((socket) => {
    socket.on("error", () => {});
    socket.end(answer(socket.remoteAddress));
  }).listen(Number(port), "0.0.0.0", () => {
    const datagrams = require("node:dgram").createSocket("udp4");
    datagrams.on("message", (text, { address, port }) => datagrams.send(answer(address), port, address));
    datagrams.bind(Number(port), "0.0.0.0", () => console.log("ready"));
  });
`;

/**
 * Node scripts that have a `socket`: one sends as fast as it may, the other tells what its links receive meanwhile, in
 * bytes per second.
 */
export const traffic = {
  send: `
    const block = Buffer.alloc(65536);
    const more = () => { while (socket.write(block)); };
    socket.on("drain", more).on("error", () => process.exit()).on("close", () => process.exit());
    more();
  `,
  // By the links' own counters: a reader that waits for a processor takes at once what came meanwhile, and the counters
  // had it when it came. What a bucket lets through at once is over after the first second. Of three windows the one in
  // the middle, for a packet may be lost.
  measure: `
    const received = () => {
      const links = require("node:fs").readFileSync("/proc/self/net/dev", "utf8").matchAll(/^ *(?!lo:)\\S+: *(\\d+)/gm);
      return { at: performance.now(), bytes: [...links].reduce((sum, [, bytes]) => sum + Number(bytes), 0) };
    };
    const rates = [];
    let before;
    const look = () => {
      const now = received();
      if (before) rates.push(Math.round((now.bytes - before.bytes) / (now.at - before.at) * 1000));
      before = now;
      if (rates.length < 3) return setTimeout(look, 2000);
      console.log(rates.sort((a, b) => a - b)[1]);
      process.exit();
    };
    socket.on("error", () => {}).on("data", () => {}).once("data", () => setTimeout(look, 1000));
  `,
} as const;

export const connected = (address: string, port: number, script: string) =>
  `const socket = require("node:net").connect(${port}, "${address}", () => {${script}});`;

/** Starts one that waits for its connection on a port of its own, and answers what it tells. */
export async function listen(t: TestContext, machine: Machine, script: string) {
  const told = "console.log(this.address().port)";
  const listening = `require("node:net").createServer((socket) => {${script}}).listen(0, "0.0.0.0", function () { ${told}; });`;
  const lines = machine.follow(t, "internet", process.execPath, "-e", listening);
  const port = Number((await lines.next()).value);
  return { port, next: () => lines.next() };
}
