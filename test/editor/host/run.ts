import { writeFile } from "node:fs/promises";
import Mocha from "mocha";

/** What the outside learns of one test. */
export interface HostResult {
  readonly title: string;
  /** Absent when the test passed. */
  readonly error?: string;
}

/** Path of the file that takes the results, a JSON list of HostResult. */
const reportVariable = "TERRARIUM_HOST_REPORT";

const timeoutMs = 60_000;

/** The entry point that VS Code's extension host calls; it rejects when a test failed. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "bdd", timeout: timeoutMs, reporter: "dot" });
  await defineTests(mocha);
  const results = await runTests(mocha);
  await writeFile(process.env[reportVariable] as string, JSON.stringify(results));
  const failed = results.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw new Error(`${failed.length} of ${results.length} tests failed`);
}

/** The suites are bundled into this file, so mocha cannot load them one by one as it would. */
async function defineTests(mocha: Mocha): Promise<void> {
  mocha.suite.emit("pre-require", globalThis, "", mocha);
  await import("./activation.suite.ts");
  await import("./sandboxed-terminal.suite.ts");
  await import("./helper-restart.suite.ts");
}

function runTests(mocha: Mocha): Promise<readonly HostResult[]> {
  const results: HostResult[] = [];
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve(results));
    runner.on("pass", (test) => results.push({ title: test.fullTitle() }));
    runner.on("fail", (test, error: Error) => {
      results.push({ title: test.fullTitle(), error: error.stack ?? error.message });
    });
  });
}
