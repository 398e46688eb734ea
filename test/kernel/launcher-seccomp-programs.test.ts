import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { asRoot, hostPrograms, idMaps, launch, type Result, withDirectory } from "./launcher.ts";

/** Calls that the filter refuses and that these programs do otherwise then. */
const expectedRefusals = ["clone3", "get_mempolicy", "io_uring_setup", "openat2"];

const npm = realpathSync(execFileSync("which", ["npm"], { encoding: "utf8" }).trim());

const python = `
import asyncio, multiprocessing, socket, subprocess, threading
threads = [threading.Thread(target=print, args=("thread",)) for _ in range(2)]
for thread in threads: thread.start(); thread.join()
print(subprocess.check_output(["echo", "child"], text=True), end="")
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname())
async def program():
    print(await (await asyncio.create_subprocess_exec("true")).wait())
asyncio.run(program())
with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(abs, [-1, -2]))`;

const node = `
const { Worker } = require("node:worker_threads");
require("node:fs").promises.writeFile("/tmp/file", "x").then(() => console.log("file"));
new Worker("(" + (() => console.log("worker")) + ")()", { eval: true });
console.log(require("node:child_process").execSync("echo child").toString().trim());`;

const thread = `
#include <pthread.h>
#include <stdio.h>
static void *say(void *nothing) { puts("thread"); return nothing; }
int main(void) {
    pthread_t thread;
    return pthread_create(&thread, NULL, say, NULL) || pthread_join(thread, NULL);
}`;

/** A shell line in /tmp, and all that it prints. */
const programs: Readonly<Record<string, readonly [line: string, output: string]>> = {
  bash: ["x=$(echo a | cat); echo $x > f; (sleep 0 & wait); read y < f; echo $y", "a\n"],
  coreutils: [
    "mkdir -p a/b; touch -d 2020-01-01 a/f; cp -a a c; mv c/f c/g; ln -s g c/s; chmod 640 c/g; dd if=/dev/zero of=z bs=1k count=4 status=none; sort c/g; df . >&2; du -s . >&2; timeout 5 ls -A c; rm -r a",
    "b\ng\ns\n",
  ],
  "tar and gzip": ["mkdir d; echo x > d/f; tar czf t d; tar xpOf t d/f; tar xpf t", "x\n"],
  python3: [`python3 -c '${python}'`, "thread\nthread\nchild\n0\n[1, 2]\n"],
  node: [`/node/node -e '${node}' | sort`, "child\nfile\nworker\n"],
  "npm run": [
    `echo '{"scripts":{"greet":"echo hello"}}' > package.json; /node/node /npm/bin/npm-cli.js run --silent greet`,
    "hello\n",
  ],
  git: [
    "git init -q r; cd r; git config user.email a@b; git config user.name a; echo 1 > f; git add f; git commit -qm first; git gc -q; git clone -q . ../c; git -C ../c log --format=%s",
    "first\n",
  ],
  "gcc and make, and pthread_create, which begins with clone3": [
    `echo '${thread}' > t.c; printf 't: t.c\\n\\tgcc -pthread -o t t.c\\n' > Makefile; make -sj2; ./t`,
    "thread\n",
  ],
  ps: ["ps -o comm= -p $$", "sh\n"],
};

/** Names of the calls that failed with an answer of the filter, in strace's output. */
function refusedCalls(trace: string): string[] {
  const failures = trace.matchAll(/(\w+)(?:\(| resumed>).* = -1 (?:EPERM|ENOSYS|EAFNOSUPPORT) /g);
  return [...new Set([...failures].map(([, call = ""]) => call))];
}

/** Id-mapped, so that the monitor opens them: the checkout may be closed to the sandbox's user. */
const mounts = [
  ...["--ro-idmap-bind", dirname(realpathSync(process.execPath)), "/node"],
  ...["--ro-idmap-bind", join(dirname(npm), ".."), "/npm", "--env", "HOME=/tmp", "--chdir", "/tmp"],
];

/** Runs a shell line under the default filter, and strace(1) around it. */
function runTraced(line: string): Promise<Result & { readonly refused: readonly string[] }> {
  return withDirectory(async (directory) => {
    const trace = join(directory, "trace");
    const options = [...idMaps, ...hostPrograms, ...mounts, "--", "sh", "-ec", line];
    const prefix = ["strace", "-f", "-qq", "-Z", "-o", trace];
    const result = await launch(["run", ...options], { prefix });
    return { ...result, refused: refusedCalls(readFileSync(trace, "utf8")) };
  });
}

describe("under the default filter", asRoot, () => {
  for (const [name, [line, output]] of Object.entries(programs))
    it(`works without a surprise: ${name}`, async () => {
      const { code, stdout, stderr, refused } = await runTraced(line);
      assert.deepEqual([code, stdout], [0, output], stderr);
      const surprises = refused.filter((call) => !expectedRefusals.includes(call));
      assert.deepEqual(surprises, []);
    });

  it("a program that wants more than that is seen to be refused", async () => {
    const { code, refused } = await runTraced("unshare --user true");
    assert.deepEqual([code, refused], [1, ["unshare"]]);
  });
});
