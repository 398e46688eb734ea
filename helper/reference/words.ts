import { namespaceFacts, namespaceTypes } from "../protocol/namespaces.ts";

/**
 * What each key of sandbox.json means, with the file of the kernel or the flag that it becomes. From here
 * come the editor's hover and the reference page; a key without words fails the build of both.
 */
export const keyWords: Readonly<Record<string, string>> = {
  $schema: "The schema that an editor checks this file against.",
  name: "Name of the sandbox, in lists and on terminals. Default: two words, as in amber-fern.",
  rootfs: "What becomes the root directory: pivot_root(2).",
  "rootfs.type":
    "host: this machine's /usr, /bin, /lib*, /etc and /opt, read-only. directory: a directory of your own. tarball: an archive that tar(1) reads, extracted once and shared; what is written there goes into an overlay in memory, or a kept one.",
  "rootfs.path": "The directory or the archive. Relative paths begin at this file's folder.",
  userns:
    "Who you are inside (/proc/PID/uid_map). keep-id: the same uid and no capability. root: uid 0 inside, you outside. A sandbox of root has 65,536 free ids either way; root of an ordinary user has those of /etc/subuid and /etc/subgid besides, by newuidmap(1), or else one id.",
  namespaces:
    'Which of the eight namespaces are its own: new (default; time: host), host, or {"join": a sandbox, a process id or a path} (clone3(2), setns(2)). Who is not root joins with the user namespace of the same target; so does everybody for mnt and pid. What it shares is closed by Landlock where the kernel can: abstract sockets, signals.',
  ...namespaceWords(),
  network: "The network namespace in Docker's word.",
  "network.mode": "none: loopback only (CLONE_NEWNET). host: the host's, as namespaces.net host.",
  timeOffsets:
    "Shifts clocks inside, in a new time namespace: /proc/PID/timens_offsets. Never the wall clock.",
  "timeOffsets.boottime": "CLOCK_BOOTTIME, and with it uptime.",
  "timeOffsets.boottime.secs": "Seconds, also below 0.",
  "timeOffsets.boottime.nanosecs": "Added to them.",
  "timeOffsets.monotonic": "CLOCK_MONOTONIC.",
  "timeOffsets.monotonic.secs": "Seconds, also below 0.",
  "timeOffsets.monotonic.nanosecs": "Added to them.",
  hostname: "Host name inside: sethostname(2) in a new UTS namespace (CLONE_NEWUTS).",
  workspace:
    "Folder that is mounted read-write at its own path (move_mount(2), nosuid, nodev); its .git/hooks, .git/config, .vscode and sandbox.json stay read-only.",
  workdir: "Where the command begins: chdir(2) inside.",
  mounts:
    "Files and directories of the host that are mounted, in this order, in the new mount namespace (CLONE_NEWNS). A bind of the file's own folder onto itself is the workspace.",
  "mounts.type":
    "bind: a part of the host's tree, open_tree(2) with OPEN_TREE_CLONE. tmpfs: an empty directory in memory. sysfs, cgroup (read-only), mqueue, proc, devpts: of the sandbox's own namespaces.",
  "mounts.source": "Path on the host. Relative paths begin at this file's folder.",
  "mounts.target": "Absolute path inside.",
  "mounts.readOnly": "MOUNT_ATTR_RDONLY by mount_setattr(2). Default: false.",
  "mounts.recursive": "With what is mounted below the source: AT_RECURSIVE. Default: true.",
  "mounts.size": "tmpfs(5)'s size, as 64m. Default: half of the machine's memory.",
  "mounts.mode": "Octal mode of the tmpfs's root. Default: 1777.",
  overlay:
    "A writable layer over the root, so that all of it can be changed and nothing below changes. ephemeral: in memory, gone with the sandbox. kept: on disk, for the next sandbox of this name (terrarium layers). Default: none.",
  readOnly:
    "Nothing can be made in the root directory itself, home included: MOUNT_ATTR_RDONLY. Mounts, /tmp and /run stay as they are. Default: false.",
  env: "Variables inside: name to value. The environment is built from nothing.",
  passEnv: "Names of your own variables that get inside, beside TERM, LANG and their like.",
  init: "Our init as PID 1 of the new pid namespace (CLONE_NEWPID); false makes the command itself PID 1.",
  limits: "Bounds of the sandbox's cgroup; the rest has no bound.",
  "limits.cpus": "Cores' worth of CPU time, 0.2 is 20 % of one: quota and period together.",
  capabilities:
    "What its processes may do in its own namespaces (capabilities(7)): Docker's default for root inside, none for others, less drop, plus add. Without CAP_ too; ALL. SETFCAP and FSETID only where nothing of the host is writable.",
  "capabilities.add":
    "Added. Who is not root inside gets them as ambient ones, so that they are effective.",
  "capabilities.drop": "Dropped; a name that is in both lists is dropped.",
  noNewPrivileges:
    "PR_SET_NO_NEW_PRIVS. false lets su and sudo of a rootfs of type directory work inside, where the sandbox has a range of ids. Default: true.",
  seccomp:
    "The system-call filter: default, or none (only where nothing of the host is writable, for the filter keeps set-uid files from being planted there).",
  ulimits:
    "Resource limits of each process: setrlimit(2). Name to a number, unlimited, or soft and hard. Above the hard limit of whoever asks they need CAP_SYS_RESOURCE on the host.",
  landlock:
    "Landlock rules (landlock(7)) on top of the mounts: what both allow is allowed. With readOnly or readWrite no other file can be used, so name /usr, /lib, /etc, /dev and /tmp too.",
  "landlock.readOnly": "Paths inside below which is read and executed, and nothing written.",
  "landlock.readWrite": "Paths inside below which everything is allowed.",
  "landlock.scopes":
    "abstract-sockets, signals: those of processes outside are out of reach (Linux 6.12).",
  timeout: "Wall-clock time after which the sandbox is ended, as 90s, 30m, 2h.",
  processes:
    "Instead of args: several commands that PID 1 starts and supervises. The sandbox ends when all have ended, with the exit code of the first of them, in that order, that failed.",
  "processes.name": "How it is called in terrarium inspect and in after.",
  "processes.args":
    "Its command and arguments: execve(2). It reads /dev/null; its output is the sandbox's.",
  "processes.restart":
    "no, on-failure or always, as Compose has them: 100 ms after the end, then twice as long each time, a minute at most.",
  "processes.after":
    "Names of those that are started before it (started, not ready). On stop all get SIGTERM, the last started first.",
  args: "The command and its arguments: execve(2). Default: your shell.",
};

function namespaceWords(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    namespaceTypes.map((type) => {
      const { isolates, cloneFlag } = namespaceFacts[type];
      return [`namespaces.${type}`, `${isolates} (${cloneFlag}).`];
    }),
  );
}
