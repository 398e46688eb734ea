import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  arrangementContextKeys,
  commands,
  emptyContextKey,
  filteredContextKey,
  helperContextKey,
  helperContextValues,
  privilegeContextKey,
  rowTokens,
  settings,
  terminalProfile,
  viewContainer,
  views,
} from "../../extension/contributions.ts";
import { namespaceTypes } from "../../helper/protocol/namespaces.ts";

interface MenuItem {
  readonly command: string;
  readonly when: string;
}

interface Manifest {
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
  readonly contributes: {
    readonly commands: readonly {
      readonly command: string;
      readonly title: string;
      readonly category: string;
      readonly enablement?: string;
    }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly views: Readonly<
      Record<string, readonly { readonly id: string; readonly icon: string }[]>
    >;
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string }[] };
    readonly viewsWelcome: readonly {
      readonly view: string;
      readonly contents: string;
      readonly when: string;
    }[];
    readonly walkthroughs: readonly {
      readonly steps: readonly {
        readonly description: string;
        readonly completionEvents: readonly string[];
      }[];
    }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { scope: string }>> };
    readonly terminal: { readonly profiles: readonly { readonly id: string }[] };
  };
}

const root = new URL("../../", import.meta.url);
const manifestText = readFileSync(new URL("package.json", root), "utf8");
const manifest: Manifest = JSON.parse(manifestText);
const words: Record<string, string> = JSON.parse(
  readFileSync(new URL("package.nls.json", root), "utf8"),
);
const { contributes } = manifest;
const menuItems = Object.values(contributes.menus).flat();

const clauses = [
  ...menuItems.map(({ when }) => when),
  ...contributes.viewsWelcome.map(({ when }) => when),
  ...contributes.commands.flatMap(({ enablement }) => enablement ?? []),
];

test("package.json declares exactly the commands that the code registers", () => {
  const declared = contributes.commands.map(({ command }) => command);
  assert.deepEqual(declared.toSorted(), Object.values(commands).toSorted());
});

test("package.json declares exactly the views and the terminal profile that the code serves", () => {
  assert.deepEqual(
    {
      containers: contributes.viewsContainers.activitybar.map(({ id }) => id),
      views: contributes.views[viewContainer]?.map(({ id }) => id),
      profiles: contributes.terminal.profiles.map(({ id }) => id),
    },
    {
      containers: [viewContainer],
      views: Object.values(views),
      profiles: [terminalProfile],
    },
  );
});

test("every menu item runs a command that exists", () => {
  const known = new Set<string>(Object.values(commands));
  assert.deepEqual(
    menuItems.filter(({ command }) => !known.has(command)),
    [],
  );
});

/** VS Code makes one for each view. */
const focusCommands = Object.values(views).map((id) => `${id}.focus`);

const steps = contributes.walkthroughs.flatMap((walkthrough) => walkthrough.steps);

test("every link in a welcome text or a step runs a command of ours or of VS Code", () => {
  const known = new Set<string>([...Object.values(commands), ...focusCommands]);
  const keys = [
    ...contributes.viewsWelcome.map(({ contents }) => contents),
    ...steps.map(({ description }) => description),
  ];
  const texts = keys.map((key) => words[key.slice(1, -1)] ?? "");
  const linked = texts.flatMap((text) =>
    [...text.matchAll(/\(command:([^)]+)\)/g)].map((m) => m[1]),
  );
  assert.notEqual(linked.length, 0);
  assert.deepEqual(
    linked.filter((id) => !known.has(id ?? "") && !id?.startsWith("workbench.")),
    [],
  );
});

test("every step of the walkthrough is done by a command or a view that exists", () => {
  const known = new Set<string>([
    ...[...Object.values(commands), ...focusCommands].map((id) => `onCommand:${id}`),
    ...Object.values(views).map((id) => `onView:${id}`),
  ]);
  const events = steps.flatMap(({ completionEvents }) => completionEvents);
  assert.notEqual(events.length, 0);
  assert.deepEqual(
    events.filter((event) => !known.has(event)),
    [],
  );
});

test("every context key in a when clause is one that somebody sets", () => {
  const known = new Set<string>([
    ...["view", "viewItem", "isWorkspaceTrusted", "false"],
    ...[
      helperContextKey,
      privilegeContextKey,
      emptyContextKey,
      filteredContextKey,
      ...Object.values(arrangementContextKeys),
    ],
  ]);
  const keys = clauses.flatMap((clause) =>
    clause
      .replace(/=~ \/(?:\\.|[^/])+\//g, "")
      .replace(/[!=]= \S+/g, "")
      .split(/&&|\|\|| not in | in /)
      .map((key) => key.replace(/^\s*!?|\s*$/g, "")),
  );
  assert.deepEqual(
    keys.filter((key) => !known.has(key)),
    [],
  );
});

test("every value that a when clause compares the helper's state with is a state of the helper", () => {
  const known = new Set<string>(helperContextValues);
  const compared = clauses.flatMap((clause) => [
    ...[...clause.matchAll(/terrarium\.helper [!=]= (\w+)/g)].map((match) => match[1]),
    ...[...clause.matchAll(/terrarium\.helper =~ \/\^\(([^)]+)\)\$\//g)].flatMap((match) =>
      match[1]?.split("|"),
    ),
  ]);
  assert.notEqual(compared.length, 0);
  assert.deepEqual(
    compared.filter((value) => !known.has(value ?? "")),
    [],
  );
});

test("every word that a menu looks for in a row is one that rows carry", () => {
  const known = new Set<string>([...rowTokens, ...namespaceTypes]);
  const wanted = menuItems.flatMap(({ when }) =>
    [...when.matchAll(/viewItem =~ \/\\b\(?([^)\\]+)\)?\\b\//g)].flatMap((m) => m[1]?.split("|")),
  );
  assert.notEqual(wanted.length, 0);
  assert.deepEqual(
    wanted.filter((token) => !known.has(token ?? "")),
    [],
  );
});

test("every text that package.json refers to stands in package.nls.json, and no other", () => {
  const used = [...manifestText.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]);
  assert.deepEqual([...new Set(used)].toSorted(), Object.keys(words).toSorted());
});

test("command titles are in title case and belong to the category Terrarium", () => {
  const small = new Set(["in", "of", "to", "by", "as"]);
  const odd = contributes.commands.filter(({ title, category }) => {
    const parts = (words[title.slice(1, -1)] ?? "").split(" ");
    return (
      category !== "Terrarium" || !parts.every((part) => /^[A-Z]/.test(part) || small.has(part))
    );
  });
  assert.deepEqual(odd, []);
});

test("icons and the font that package.json names are there", () => {
  const files = [...manifestText.matchAll(/"(?:\.\/)?(media\/[^"]+)"/g)].map(
    (match) => match[1] ?? "",
  );
  assert.notEqual(files.length, 0);
  for (const file of files) assert.ok(readFileSync(new URL(file, root)).length > 0, file);
});

test("every setting is the user's alone: no folder says which helper runs, or what a sandbox may", () => {
  const { section, ...names } = settings;
  const expected = Object.values(names).map((name) => `${section}.${name}`);
  const { properties } = contributes.configuration;
  assert.deepEqual(Object.keys(properties), expected);
  assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, expected);
  assert.ok(Object.values(properties).every(({ scope }) => scope === "machine"));
});
