import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { commands } from "../../helper/cli/main.ts";
import {
  allValues,
  isSet,
  lastValue,
  type Option,
  parseArguments,
} from "../../helper/cli/options.ts";
import { UsageError } from "../../helper/cli/usage.ts";
import { nearest } from "../../helper/protocol/nearest.ts";

const options: readonly Option[] = [
  { name: "interactive", short: "i", help: "" },
  { name: "tty", short: "t", help: "" },
  { name: "memory", short: "m", argument: "BYTES", help: "" },
  { name: "name", argument: "NAME", help: "" },
  { name: "env", short: "e", argument: "K=V", help: "" },
];

const parse = (...words: string[]) => parseArguments(words, options, "run");

function refusal(...words: string[]): UsageError {
  try {
    parse(...words);
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error;
  }
  throw new Error(`${words.join(" ")} was accepted`);
}

describe("the habits of getopt_long(3)", () => {
  test("switches stand together behind one hyphen", () => {
    const parsed = parse("-it");
    assert.ok(isSet(parsed, "interactive") && isSet(parsed, "tty"));
  });

  test("a value stands behind its letter, behind a space or behind an equals sign", () => {
    for (const words of [
      ["-m512m"],
      ["-m", "512m"],
      ["--memory", "512m"],
      ["--memory=512m"],
      ["-itm512m"],
      ["-itm", "512m"],
    ]) {
      assert.equal(lastValue(parse(...words), "memory"), "512m", words.join(" "));
    }
  });

  test("a value may begin with a hyphen, hold equals signs or be empty", () => {
    assert.equal(lastValue(parse("--name", "-x"), "name"), "-x");
    assert.equal(lastValue(parse("--name=--tty"), "name"), "--tty");
    assert.equal(lastValue(parse("-e", "A=b=c"), "env"), "A=b=c");
    assert.equal(lastValue(parse("--env=A=b=c"), "env"), "A=b=c");
    assert.equal(lastValue(parse("--name="), "name"), "");
  });

  test("a repeated option keeps every value in order; the last wins where one counts", () => {
    const parsed = parse("-eA=1", "-e", "B=2", "--env=A=3");
    assert.deepEqual(allValues(parsed, "env"), ["A=1", "B=2", "A=3"]);
    assert.equal(lastValue(parsed, "env"), "A=3");
  });

  test("a single hyphen is a positional", () => {
    assert.deepEqual(parse("-").positionals, ["-"]);
  });
});

describe("two hyphens", () => {
  test("everything after the first pair is the command, untouched", () => {
    const parsed = parse("-t", "--", "sh", "-c", "--", "--name=x", "-m");
    assert.deepEqual(parsed.command, ["sh", "-c", "--", "--name=x", "-m"]);
    assert.equal(isSet(parsed, "name"), false);
  });

  test("no command and an empty command are told apart", () => {
    assert.equal(parse("-t").command, undefined);
    assert.deepEqual(parse("-t", "--").command, []);
  });

  test("are never taken for the value of an option", () => {
    assert.match(refusal("--name", "--", "sh").message, /^--name needs a value$/);
  });
});

describe("a mistake is named, with the way out", () => {
  test("an unknown option names the nearest known one", () => {
    const error = refusal("--memroy=1g");
    assert.equal(error.message, "unknown option --memroy");
    assert.equal(error.hint, "Did you mean --memory?");
  });

  test("an option that is like none points to the help", () => {
    assert.equal(refusal("--quantum-flux").hint, '"terrarium run --help" lists the options.');
  });

  test("an unknown letter in a group is named alone", () => {
    assert.equal(refusal("-iXt").message, "unknown option -X");
  });

  test("a switch takes no value, and an option without its value says how it is written", () => {
    assert.equal(refusal("--tty=yes").message, "--tty takes no value");
    assert.equal(refusal("-m").hint, "It is written -m BYTES.");
  });

  test("properties that every object has are no options", () => {
    for (const word of ["--__proto__", "--constructor=1", "--toString", "--="]) {
      assert.match(refusal(word).message, /^unknown option /);
    }
  });
});

test("no words make the parser throw anything but a usage error", () => {
  const word = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "-it",
      "-m",
      "--name",
      "--name=",
      "--",
      "-",
      "---",
      "-m-m",
      "--no-",
      "-i\u{1f600}",
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      try {
        parse(...words);
      } catch (error) {
        assert.ok(error instanceof UsageError);
        assert.ok(error.message.length > 0 && error.hint.length > 0);
      }
    }),
  );
});

test("what was written with equals signs is read back", () => {
  const value = fc.string({ maxLength: 20 });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), fc.array(value), (values, command) => {
      const words = values.map((text) => `--name=${text}`);
      const parsed = parse(...words, "--", ...command);
      assert.deepEqual(allValues(parsed, "name"), values);
      assert.deepEqual(parsed.command, command);
    }),
  );
});

describe("the commands' own tables", () => {
  test("no command names an option or a letter twice", () => {
    for (const { name, options: own } of commands) {
      const spelled = own.flatMap((option) => [option.name, option.short ?? []].flat());
      assert.equal(new Set(spelled).size, spelled.length, name);
    }
  });

  test("no letter is longer than one character, and every option is explained", () => {
    for (const option of commands.flatMap((command) => command.options)) {
      assert.match(option.short ?? "x", /^[A-Za-z]$/);
      assert.ok(option.help.length > 0, option.name);
    }
  });
});

describe("the nearest word", () => {
  test("is found over a dropped, doubled or swapped letter", () => {
    const candidates = ["run", "exec", "inspect", "cgroups"];
    assert.equal(nearest("inpect", candidates), "inspect");
    assert.equal(nearest("cgrops", candidates), "cgroups");
    assert.equal(nearest("exce", candidates), "exec");
  });

  test("is none when nothing is like it", () => {
    assert.equal(nearest("bananas", ["run", "exec"]), undefined);
    assert.equal(nearest("run", []), undefined);
  });
});
