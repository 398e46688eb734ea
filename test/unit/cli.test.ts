import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseTypes } from "../../helper/cli/commands/ns.ts";
import { runCommand } from "../../helper/cli/commands/run.ts";
import { commandHelp, overview } from "../../helper/cli/help.ts";
import { commandGroups, commands, runCli } from "../../helper/cli/main.ts";
import { asPid, noTarget, onlyTarget } from "../../helper/cli/target.ts";
import { UsageError } from "../../helper/cli/usage.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import type { HelperConnection } from "../../helper/protocol/methods.ts";

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Whether a helper was asked for. */
  readonly connected: boolean;
}

/** Runs a command line that must be answered before any helper is needed, or whose helper fails with `failure`. */
async function say(
  words: readonly string[],
  failure: Error = new Error("no helper"),
): Promise<Said> {
  let [out, err, connected] = ["", "", false];
  const connect = (): Promise<HelperConnection> => {
    connected = true;
    return Promise.reject(failure);
  };
  const code = await runCli(words, {
    connect,
    installer: () => Promise.reject(failure),
    version: () => "1.2.3",
    out: (text) => {
      out += `${text}\n`;
    },
    err: (text) => {
      err += `${text}\n`;
    },
    colours: false,
    lineCells: () => undefined,
  });
  return { code, out, err, connected };
}

describe("help", () => {
  test("needs no helper and names every command", async () => {
    for (const words of [[], ["--help"], ["-h"], ["help"]]) {
      const { code, out, connected } = await say(words);
      assert.equal(code, 0);
      assert.equal(connected, false);
      assert.equal(out, `${overview(commandGroups)}\n`);
      for (const { name } of commands) assert.ok(out.includes(`  ${name}`), name);
      for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  test("of a command lists every option of it, on lines that fit a terminal", async () => {
    for (const command of commands) {
      const { code, out } = await say([command.name, "--help"]);
      assert.equal(code, 0);
      assert.equal(out, `${commandHelp(command)}\n`);
      for (const option of command.options)
        assert.ok(out.includes(`--${option.name}`), option.name);
      for (const line of out.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  test("of run puts every option under a heading, none twice", () => {
    const lines = commandHelp(runCommand).split("\n");
    const headings = lines.filter((line) => /^[A-Z].*:$/.test(line));
    assert.equal(new Set(headings).size, headings.length);
    assert.ok(runCommand.options.every(({ heading }) => headings.includes(`${heading}:`)));
    for (const { name } of runCommand.options) {
      const rows = lines.filter((line) => new RegExp(`^ {2}(-., | {4})--${name}( |$)`).test(line));
      assert.equal(rows.length, 1, name);
    }
  });

  test("-h is --help, but where Docker has it for the host name", async () => {
    assert.deepEqual(await say(["ps", "-h"]), await say(["ps", "--help"]));
    assert.match((await say(["run", "--help"])).out, /-h, --hostname HOST/);
    assert.doesNotMatch((await say(["run", "-h"])).out, /usage/);
  });

  test("of a command is also what `help COMMAND` says, as Docker and git have it", async () => {
    assert.deepEqual(await say(["help", "ps"]), await say(["ps", "--help"]));
    assert.match((await say(["help", "runn"])).err, /Did you mean run\?/);
  });

  test("tells the version", async () => {
    assert.equal((await say(["--version"])).out, "1.2.3\n");
  });
});

describe("a mistake in what was typed", () => {
  const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
    [["runn"], /there is no command "runn"\n {2}Did you mean run\?/],
    [["bananas"], /"terrarium --help" lists them/],
    [["run", "--memroy", "1g"], /unknown option --memroy\n {2}Did you mean --memory\?/],
    [["ps", "--jsno"], /Did you mean --json\?/],
    [["run", "--name"], /--name needs a value/],
    [["helper", "--sudo"], /there is no command "helper"/],
  ];

  test("is one sentence and a way out on standard error, exit code 125, and no helper is started", async () => {
    for (const [words, expected] of mistakes) {
      const { code, out, err, connected } = await say(words);
      assert.equal(code, 125, words.join(" "));
      assert.equal(out, "");
      assert.match(err, expected);
      assert.match(err, /^terrarium: .*\n {2}.*\n$/);
      assert.equal(connected, false);
    }
  });

  test("prints nothing that steers the terminal back", async () => {
    for (const word of ["\u001b[2J", "\u009b31m", "a\u202eb"]) {
      const { err } = await say([word]);
      assert.doesNotMatch(err.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
    }
  });
});

describe("a failure of the helper", () => {
  const failWith = (error: Error) => say(["ps"], error);

  test("is one sentence and exit code 125", async () => {
    const { code, err } = await failWith(new TerrariumError("nameTaken", { name: "tides" }));
    assert.equal(code, 125);
    assert.match(err, /^terrarium: A sandbox named "tides" exists already\..*\n$/);
  });

  test("to execute the command has the shells' exit codes", async () => {
    const execute = (errno: string) =>
      failWith(new TerrariumError("cannotExecute", { command: "tides", errno }));
    assert.equal((await execute("ENOENT")).code, 127);
    assert.equal((await execute("EACCES")).code, 126);
    assert.equal((await execute("ENOEXEC")).code, 126);
  });

  test("that nobody foresaw shows no stack", async () => {
    const { code, err } = await failWith(new TypeError("x is not a function"));
    assert.equal(code, 125);
    assert.equal(err, "terrarium: x is not a function\n");
  });
});

describe("a target", () => {
  const parsed = (...positionals: string[]) => ({
    values: new Map<string, string[]>(),
    positionals,
    command: undefined,
  });

  test("is exactly one", () => {
    assert.equal(onlyTarget(parsed("tides"), "sandbox"), "tides");
    assert.throws(() => onlyTarget(parsed(), "sandbox"), UsageError);
    assert.throws(() => onlyTarget(parsed("a", "b"), "sandbox"), /"b" is one word too many/);
  });

  test("is refused where the whole machine is listed, instead of being ignored", () => {
    noTarget(parsed());
    assert.throws(() => noTarget(parsed("tides")), /"tides" is one word too many/);
    assert.throws(() => noTarget({ ...parsed(), command: ["ls"] }), /"ls" is one word too many/);
  });

  test("is a process id only when the kernel could have given it", () => {
    assert.equal(asPid("1"), 1);
    assert.equal(asPid("4194304"), 4_194_304);
    for (const text of [
      "0",
      "01",
      "-1",
      "1.0",
      "1e3",
      " 1",
      "0x1",
      "12345678",
      "000000000001",
      "",
    ]) {
      assert.equal(asPid(text), undefined, text);
    }
  });
});

test("types of namespaces are named one by one, and a wrong one lists the right ones", () => {
  assert.deepEqual(parseTypes("net, mnt,time"), ["net", "mnt", "time"]);
  for (const text of ["", "network", "net,,mnt", "NET"]) {
    assert.throws(
      () => parseTypes(text),
      (error) => error instanceof UsageError && /pid, mnt/.test(error.hint),
    );
  }
});
