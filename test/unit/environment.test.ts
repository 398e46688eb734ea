import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { allowedVariables, buildEnvironment } from "../../helper/launch/environment.ts";

/** What an editor's terminal or a login session holds and a sandbox must never get. */
const secrets = [
  "VSCODE_IPC_HOOK_CLI",
  "VSCODE_GIT_IPC_HANDLE",
  "VSCODE_GIT_ASKPASS_NODE",
  "SSH_AUTH_SOCK",
  "SSH_ASKPASS",
  "GIT_ASKPASS",
  "GIT_SSH_COMMAND",
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_RUNTIME_DIR",
  "DISPLAY",
  "XAUTHORITY",
  "NPM_TOKEN",
  "NODE_AUTH_TOKEN",
  "npm_config__authToken",
  "GITHUB_TOKEN",
  "AWS_SECRET_ACCESS_KEY",
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "NODE_OPTIONS",
  "BASH_ENV",
  "ENV",
  "PROMPT_COMMAND",
  "PATH",
  "HOME",
  "SHELL",
  "LC_SECRET_TOKEN",
  "LC_",
  "lc_all",
];

const allowed = {
  TERM: "xterm-kitty",
  COLORTERM: "truecolor",
  NO_COLOR: "1",
  LANG: "de_DE.UTF-8",
  LANGUAGE: "de:en",
  TZ: "Europe/Berlin",
  LC_ALL: "C.UTF-8",
  LC_CTYPE: "zh_CN.UTF-8",
};

const facts = {
  user: { name: "root", home: "/root", shell: "/bin/bash" },
  clientEnv: {},
  tty: true,
  set: {},
};

describe("the client's variables", () => {
  test("for the terminal's look and the language pass", () => {
    assert.deepEqual(allowedVariables(allowed), allowed);
  });

  test("that carry sockets, tokens or code stay outside", () => {
    const client = Object.fromEntries(secrets.map((name) => [name, "s3cret"]));
    assert.deepEqual(allowedVariables(client), {});
  });

  test("pass only when the list knows them, whatever their names", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (client) => {
        for (const name of Object.keys(allowedVariables(client))) {
          assert.match(name, /^(TERM|TERM_PROGRAM|COLORTERM|NO_COLOR|LANG|LANGUAGE|TZ|LC_[A-Z]+)$/);
        }
      }),
    );
  });
});

describe("the environment inside", () => {
  test("is built from nothing", () => {
    assert.deepEqual(buildEnvironment({ ...facts, tty: false }), {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
      USER: "root",
      LOGNAME: "root",
      SHELL: "/bin/bash",
      LANG: "C.UTF-8",
      container: "terrarium",
    });
  });

  test("names a terminal only where there is one", () => {
    assert.equal(buildEnvironment(facts)["TERM"], "xterm-256color");
    assert.equal(buildEnvironment({ ...facts, tty: false })["TERM"], undefined);
    assert.equal(buildEnvironment({ ...facts, clientEnv: { TERM: "vt100" } })["TERM"], "vt100");
  });

  test("lets the spec override everything, and the client nothing that decides", () => {
    const environment = buildEnvironment({
      ...facts,
      clientEnv: { HOME: "/home/dev", PATH: "/home/dev/bin", LANG: "C" },
      set: { LANG: "fr_FR", PATH: "/opt/bin" },
    });
    assert.equal(environment["HOME"], "/root");
    assert.equal(environment["PATH"], "/opt/bin");
    assert.equal(environment["LANG"], "fr_FR");
  });
});
