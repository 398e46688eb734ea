import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { SandboxDetails } from "../../helper/protocol/inventory.ts";
import { clientOfUser, eventually, json, terrarium, uniqueName } from "./cli.ts";
import { addresses, type Machine, startMachine } from "./internet.ts";
import { needsRoot, strangerId } from "./isolated.ts";

const nat = ["--userns", "root", "--network", "nat", "--dns", "198.51.100.7"];

/** What a connection from inside brings: the server's words, or nothing. */
const connect = (address: string, port: number) =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${port}; cat <&3' 2>/dev/null || echo "${address} closed"`;

/** Removed by a client that outlives the machine. */
async function start(
  t: TestContext,
  { client }: Machine,
  options: readonly string[],
  ...command: string[]
) {
  const name = uniqueName();
  t.after(() => terrarium.run(["rm", "-f", name]));
  const words = ["run", "-d", "--name", name, ...options, "--", ...command];
  const { stderr, stdout, code } = await client.run(words);
  assert.equal(code, 0, stderr);
  return { name, id: stdout.trim() };
}

async function inside({ client }: Machine, options: readonly string[], ...lines: string[]) {
  const words = ["run", ...options, "--", "sh", "-c", lines.join("\n")];
  const { stdout, stderr, code } = await client.run(words);
  assert.equal(code, 0, stderr);
  return stdout.trim().split("\n");
}

/** A server that tells which ports it is asked from. */
const tellPorts = `require("node:dgram").createSocket("udp4")
  .on("message", (_, { port }) => console.log(port)).bind(53, () => console.log("ready"));`;

/** The host's end is the first address of the four, the sandbox's the second. */
const gateway = `
  own=$(ip -4 -o addr show eth0 | tr -s " " | cut -d" " -f4 | cut -d/ -f1)
  gateway=$(echo "$own" | awk -F. '{ print $1 "." $2 "." $3 "." $4 - 1 }')
`;

async function linkOf(name: string, { client }: Machine) {
  const { link } = await json<SandboxDetails>(["inspect", name], client);
  assert.ok(link);
  return link;
}

/** What there is of Terrarium's on the machine. */
function leftOn({ run }: Machine): readonly string[] {
  const devices = run("machine", "ip", "-brief", "link").split("\n");
  const tables = run("machine", "nft", "list", "tables").split("\n");
  return [...devices, ...tables].filter((line) => line.includes("tr-"));
}

async function everythingGone(machine: Machine): Promise<void> {
  await eventually("link and walls are gone", async () => leftOn(machine).length === 0);
}

describe("--network nat", needsRoot, () => {
  test("leads out by the host's address, and nowhere else", async (t) => {
    const machine = await startMachine(t);
    for (const where of ["machine", "internet", "container"] as const) {
      await machine.serve(where, where, 80);
    }
    // As an engine publishes a port of its container.
    machine.run("machine", "nft", "add table ip published");
    machine.run(
      "machine",
      "nft",
      "add chain ip published in { type nat hook prerouting priority dstnat; }",
    );
    machine.run(
      "machine",
      "nft",
      `add rule ip published in tcp dport 81 dnat to ${addresses.container}:80`,
    );
    const closed = [
      [addresses.machine, 80],
      [addresses.bridge, 80],
      [addresses.container, 80],
      [addresses.metadata, 80],
      [addresses.machine, 81],
      ["$gateway", 80],
    ] as const;
    const lines = closed.map(([address, port]) => connect(address, port));
    const seen = await inside(machine, nat, gateway, connect(addresses.internet, 80), ...lines);
    assert.equal(seen.shift(), `internet ${addresses.machine}`);
    assert.deepEqual(
      seen.map((line) => line.split(" ")[1]),
      closed.map(() => "closed"),
    );
    // They do answer: it is the walls that do not let it there.
    assert.match(
      machine.run("internet", "bash", "-c", connect(addresses.machine, 81)),
      /^container/,
    );
    await everythingGone(machine);
  });

  test("sandboxes do not reach each other, nor does the network outside reach them", async (t) => {
    const machine = await startMachine(t);
    const server = [
      process.execPath,
      "-e",
      "require('net').createServer((s) => s.end('open')).listen(80)",
    ];
    const volume = ["-v", `${process.execPath}:${process.execPath}:ro`];
    const one = await start(t, machine, [...nat, ...volume], ...server);
    const { sandbox, host } = await linkOf(one.name, machine);
    assert.deepEqual([sandbox.device, host.device], ["eth0", `tr-${one.id}`]);
    const reach = connect(sandbox.address, 80);
    await eventually(
      "the host reaches it",
      async () => machine.run("machine", "bash", "-c", reach) === "open",
    );
    assert.deepEqual(await inside(machine, nat, reach), [`${sandbox.address} closed`]);
    assert.match(machine.run("internet", "bash", "-c", reach), /closed/);
    assert.match(machine.run("container", "bash", "-c", reach), /closed/);
  });

  test("names the host's name servers, but those that only the host reaches", async (t) => {
    const machine = await startMachine(t);
    const seen = await inside(machine, nat, "cat /etc/resolv.conf");
    assert.deepEqual(seen, ["nameserver 198.51.100.7"]);
    const folder = mkdtempSync(join(tmpdir(), "terrarium-resolver-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { stderr, code } = await machine.client.run(["run", "--dns", "127.0.0.1", "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /dns is for network.mode nat/);
  });

  test("answers for no port of the host's services, whatever port it sends from", async (t) => {
    const machine = await startMachine(t);
    const ports = machine.follow(t, "internet", process.execPath, "-e", tellPorts);
    await ports.next();
    const send = `require("node:dgram").createSocket("udp4").bind(443, function () { this.send("x", 53, "${addresses.internet}", () => this.close()); });`;
    const volume = ["-v", `${process.execPath}:${process.execPath}:ro`];
    await inside(machine, [...nat, ...volume], `exec ${process.execPath} -e '${send}'`);
    const port = Number((await ports.next()).value);
    assert.ok(port >= 32_768 && port <= 60_999, `it came from port ${port}`);
  });

  test("a machine that does not forward is left as it is, with the word that changes it", async (t) => {
    const machine = await startMachine(t);
    machine.run("machine", "sysctl", "-qw", "net.ipv4.ip_forward=0");
    const { stderr, code } = await machine.client.run(["run", ...nat, "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /forwards nothing .*sysctl net.ipv4.ip_forward=1/);
    await everythingGone(machine);
  });

  test("a forged sender is not believed, and ARP tells nothing of the host's other addresses", async (t) => {
    const machine = await startMachine(t);
    const listening = `
      const socket = require("node:dgram").createSocket("udp4");
      socket.on("message", (text, { address }) => console.log(address));
      socket.bind(80, () => console.log("ready"));
    `;
    const arrived = machine.follow(t, "internet", process.execPath, "-e", listening);
    await arrived.next();
    const probe = `
import socket, struct, sys
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
def send(source):
    udp = struct.pack("!HHHH", 4000, 80, 8 + 2, 0) + b"hi"
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton("${addresses.router}"))
    raw.sendto(ip + udp, ("${addresses.router}", 0))
def who_has(address):
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    link.bind(("eth0", 0)); link.settimeout(1)
    mac = link.getsockname()[4]
    link.send(b"\\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + mac + socket.inet_aton(sys.argv[1]) + b"\\0" * 6 + socket.inet_aton(address))
    try:
        while True:
            if link.recv(100)[28:32] == socket.inet_aton(address): return "told"
    except TimeoutError: return "nothing"
for source in ["10.213.99.6", "${addresses.bridge}", sys.argv[1]]: send(source)
print(who_has(sys.argv[2]), who_has("${addresses.machine}"), sep="\\n")
`;
    assert.deepEqual(await inside(machine, nat, gateway, `python3 -c '${probe}' $own $gateway`), [
      "told",
      "nothing",
    ]);
    // What was forged was sent before.
    assert.equal((await arrived.next()).value, addresses.machine);
  });
});

describe("--network veth", needsRoot, () => {
  test("the host connects to the sandbox, and the sandbox to nothing", async (t) => {
    const machine = await startMachine(t);
    await machine.serve("machine", "machine", 80);
    await machine.serve("internet", "internet", 80);
    const veth = ["--userns", "root", "--network", "veth", "--cap-add", "NET_ADMIN"];
    const lines = ["$gateway", addresses.machine, addresses.internet].map((to) => connect(to, 80));
    // Whoever may change its routes gets no further.
    const route = "ip route add default via $gateway";
    const seen = await inside(machine, veth, gateway, ...lines, route, ...lines);
    assert.deepEqual(
      seen.map((line) => line.split(" ")[1]),
      Array(6).fill("closed"),
    );
  });

  test("is for root, and an ordinary user is told what there is instead", async () => {
    const user = clientOfUser(strangerId);
    const { code, stderr } = await user.run(["run", "--network", "veth", "--", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /pasta\(1\)/);
  });

  test("a restart has the same addresses, another sandbox others", async (t) => {
    const machine = await startMachine(t);
    const veth = ["--network", "veth"];
    const one = await start(t, machine, veth, "sleep", "600");
    const other = await start(t, machine, veth, "sleep", "600");
    const first = (await linkOf(one.name, machine)).host.address;
    const second = (await linkOf(other.name, machine)).host.address;
    assert.notEqual(first, second);
    machine.run("machine", "ip", "route", "add", "10.213.0.0/24", "dev", "br0");
    const third = await start(t, machine, veth, "sleep", "600");
    assert.match((await linkOf(third.name, machine)).host.address, /^10\.213\.1\./);
    machine.run("machine", "ip", "route", "del", "10.213.0.0/24", "dev", "br0");
    for (const command of ["stop", "start"]) {
      const words = [command, one.name];
      const { code, stderr } = await machine.client.run(words);
      assert.equal(code, 0, stderr);
    }
    assert.equal((await linkOf(one.name, machine)).host.address, first);
  });
});

describe("the walls of a link", needsRoot, () => {
  test("go with the sandbox, however it ends", async (t) => {
    const machine = await startMachine(t);
    for (const end of [["rm", "-f"], ["kill"]]) {
      const { name, id } = await start(t, machine, nat, "sleep", "600");
      assert.deepEqual(leftOn(machine).length, 2, id);
      await machine.client.run([...end, name]);
      await everythingGone(machine);
    }
  });

  test("that a killed monitor left are removed by the next helper", async (t: TestContext) => {
    const machine = await startMachine(t);
    const { name } = await start(t, machine, nat, "sleep", "600");
    const { pid } = await json<SandboxDetails>(["inspect", name], machine.client);
    const monitor = Number(machine.run("machine", "ps", "-o", "ppid=", "-p", `${pid}`));
    process.kill(monitor, "SIGKILL");
    await eventually("the link is gone", async () =>
      leftOn(machine).every((line) => line.startsWith("table")),
    );
    assert.equal(leftOn(machine).length, 1);
    await machine.client.run(["ps"]);
    await everythingGone(machine);
  });
});
