/**
 * Every id that package.json and the code must agree on; test/unit/extension-contributions.test.ts
 * compares the two. A misspelt id does not compile here and fails there.
 */

export const commands = {
  newSandboxedTerminal: "terrarium.newSandboxedTerminal",
  openAnotherTerminal: "terrarium.openAnotherTerminal",
  enter: "terrarium.enter",
  enterNamespaces: "terrarium.enterNamespaces",
  enterNetwork: "terrarium.enterNetwork",
  enterFiles: "terrarium.enterFiles",
  enterAsRoot: "terrarium.enterAsRoot",
  reenter: "terrarium.reenter",
  runActiveFile: "terrarium.runActiveFile",
  pauseSandbox: "terrarium.pauseSandbox",
  resumeSandbox: "terrarium.resumeSandbox",
  startSandbox: "terrarium.startSandbox",
  stopSandbox: "terrarium.stopSandbox",
  removeSandbox: "terrarium.removeSandbox",
  openPanel: "terrarium.openPanel",
  openLimits: "terrarium.openLimits",
  showEvents: "terrarium.showEvents",
  clearAlert: "terrarium.clearAlert",
  changeLimits: "terrarium.changeLimits",
  killProcess: "terrarium.killProcess",
  inspect: "terrarium.inspect",
  isolationReport: "terrarium.isolationReport",
  compareWith: "terrarium.compareWith",
  revealInNamespaces: "terrarium.revealInNamespaces",
  revealInCgroups: "terrarium.revealInCgroups",
  copyId: "terrarium.copyId",
  copyPid: "terrarium.copyPid",
  copyPath: "terrarium.copyPath",
  copyAsDocker: "terrarium.copyAsDocker",
  filterContainers: "terrarium.filterContainers",
  filterNamespaces: "terrarium.filterNamespaces",
  filterCgroups: "terrarium.filterCgroups",
  clearContainersFilter: "terrarium.clearContainersFilter",
  clearNamespacesFilter: "terrarium.clearNamespacesFilter",
  clearCgroupsFilter: "terrarium.clearCgroupsFilter",
  sortContainers: "terrarium.sortContainers",
  groupContainersByEngine: "terrarium.groupContainersByEngine",
  ungroupContainers: "terrarium.ungroupContainers",
  showNamespacesByOwner: "terrarium.showNamespacesByOwner",
  showNamespacesByType: "terrarium.showNamespacesByType",
  sortCgroups: "terrarium.sortCgroups",
  refresh: "terrarium.refresh",
  runDoctor: "terrarium.runDoctor",
  runDoctorFix: "terrarium.runDoctorFix",
  startHelper: "terrarium.startHelper",
  usePrivilegedHelper: "terrarium.usePrivilegedHelper",
  useRootlessHelper: "terrarium.useRootlessHelper",
  installHelper: "terrarium.installHelper",
  uninstallHelper: "terrarium.uninstallHelper",
  showLog: "terrarium.showLog",
  showStatus: "terrarium.showStatus",
} as const;

export type CommandId = (typeof commands)[keyof typeof commands];

export const viewContainer = "terrarium";

export const views = {
  containers: "terrarium.containers",
  namespaces: "terrarium.namespaces",
  cgroups: "terrarium.cgroups",
} as const;

export type ViewId = (typeof views)[keyof typeof views];

/** Of the webview tabs, by which a window that is loaded anew finds who restores them. */
export const panelViewType = "terrarium.panel";

export const terminalProfile = "terrarium.sandboxTerminal";

/** Of tasks that run in a sandbox or a container. */
export const taskType = "terrarium";

/** Scheme of what decorations name: a sandbox's rows, by its id. */
export const rowScheme = "terrarium-row";

/** Scheme of the read-only documents that "Inspect" opens. */
export const documentScheme = "terrarium";

/** Scheme of the doctor's report. */
export const doctorScheme = "terrarium-doctor";

/** The context key that most menus and all welcome content read, and the values that it takes. */
export const helperContextKey = "terrarium.helper";

export const helperContextValues = [
  "unsupported",
  "stopped",
  "starting",
  "running",
  "restarting",
  "failed",
] as const;

/** Whose helper serves. */
export const privilegeContextKey = "terrarium.privilege";

/**
 * Root's serves its user alone, until that one is authorised to see everything. Of an editor that runs as root the own
 * one is root's: there is no other to go to.
 */
export type PrivilegeContextValue = "rootless" | "unauthorised" | "root" | "own";

/** What the user chose: which helper, and what a sandbox is like where no file says it. */
export const settings = {
  section: "terrarium",
  helper: "helper",
  sandboxDefaults: "sandboxDefaults",
  /** A table of host, target and who enters is shown before: `always`, for what is not our own, or `never`. */
  enterPreview: "enter.preview",
} as const;

/** The helper has told that there is nothing: until then a view that shows nothing does not say so. */
export const emptyContextKey = "terrarium.isEmpty";

/** The ids of the views that show only what a filter lets through. */
export const filteredContextKey = "terrarium.filteredViews";

/** How views are arranged: which of two buttons is shown. */
export const arrangementContextKeys = {
  containersBy: "terrarium.containersBy",
  namespacesBy: "terrarium.namespacesBy",
} as const;

export type HelperContextValue = (typeof helperContextValues)[number];

/**
 * Words of a row's contextValue, joined by `+`; menus look for one by `viewItem =~ /\bword\b/`.
 * A namespace also carries its type, a sandbox its state.
 */
export const rowTokens = [
  "sandbox",
  "container",
  "created",
  "running",
  "paused",
  "creating",
  "exited",
  "alert",
  "returned",
  "process",
  "namespace",
  "foreign",
  "populated",
  "cgroup",
  /** Closed to this user: entering or changing it needs root's helper. */
  "beyond",
  "frozen",
  "delegated",
  "hierarchy",
  "limit",
  "mount",
  "group",
] as const;

export type RowToken = (typeof rowTokens)[number];
