import { resolve } from "node:path";
import { namespaceFacts, namespaceTypes, usernsChoices } from "../../protocol/namespaces.ts";
import { overlays } from "../../protocol/overlays.ts";
import { landlockScopes, seccompProfiles } from "../../protocol/privileges.ts";
import { networkModes } from "../../protocol/sharing.ts";
import { oneOf } from "../choice.ts";
import { limitFlags } from "./limits.ts";
import { readMount, readTmpfs, readVolume } from "./mounts.ts";
import { flag, type SpecTable } from "./row.ts";
import {
  readCapability,
  readDevice,
  readDuration,
  readNamespace,
  readOffset,
  readUlimit,
  readVariable,
} from "./values.ts";

/**
 * What a spec can say, in the order of the help. From here come the flags, their help, what they make of a
 * spec, the words of the editor's hover and the reference page; the words name the file of the kernel or the
 * call that a key becomes. What a value may be says the schema of helper/protocol.
 */
export const specTable: SpecTable = {
  name: {
    words: "Name of the sandbox, in lists and on terminals. Default: two words, as in amber-fern.",
    heading: "The sandbox",
    flags: [flag("--name NAME", "name of the sandbox", (name) => ({ name }))],
  },
  hostname: {
    words: "Host name inside: sethostname(2) in a new UTS namespace (CLONE_NEWUTS).",
    heading: "The sandbox",
    flags: [flag("-h, --hostname HOST", "host name inside", (hostname) => ({ hostname }))],
  },
  env: {
    words: "Variables inside: name to value. The environment is built from nothing.",
    heading: "The sandbox",
    flags: [
      flag("-e, --env K=V", "set a variable; K alone passes ours", (text, spelled) => ({
        env: readVariable(text, spelled),
      })),
    ],
  },
  passEnv: {
    words: "Names of your own variables that get inside, beside TERM, LANG and their like.",
    noFlag: "--env NAME passes one",
  },
  workdir: {
    words: "Where the command begins: chdir(2) inside.",
    heading: "The sandbox",
    flags: [flag("-w, --workdir DIR", "working directory inside", (workdir) => ({ workdir }))],
  },
  timeout: {
    words: "Wall-clock time after which the sandbox is ended, as 90s, 30m, 2h.",
    heading: "The sandbox",
    flags: [
      flag(
        "--timeout DURATION",
        "end it after that long (30m), exit code 124",
        (text, spelled) => ({ timeout: readDuration(text, spelled) }),
      ),
    ],
  },
  init: {
    words:
      "Our init as PID 1 of the new pid namespace (CLONE_NEWPID); false makes the command itself PID 1.",
    heading: "The sandbox",
    flags: [
      flag("--init", "our init as PID 1 (default)", () => ({ init: true })),
      flag("--no-init", "the command itself as PID 1", () => ({ init: false })),
    ],
  },
  rootfs: {
    words: "What becomes the root directory: pivot_root(2).",
    below: {
      type: "host: this machine's /usr, /bin, /lib*, /etc and /opt, read-only. directory: a directory of your own. tarball: an archive that tar(1) reads, extracted once and shared; what is written there goes into an overlay in memory, or a kept one.",
      path: "The directory or the archive. Relative paths begin at this file's folder.",
    },
    heading: "Files",
    flags: [
      flag(
        "--rootfs DIR",
        "this becomes the root; else a view of this host",
        (path) => ({ rootfs: { type: "directory", path: resolve(path) } }),
        { from: ["rootfs-tarball"], because: "There is one root." },
      ),
      flag("--rootfs-tarball FILE", "the same from an archive", (path) => ({
        rootfs: { type: "tarball", path: resolve(path) },
      })),
    ],
  },
  overlay: {
    words:
      "A writable layer over the root, so that all of it can be changed and nothing below changes (by an ordinary user only files of their own). ephemeral: in memory, gone with the sandbox. kept: on disk, for the next sandbox of this name (terrarium layers). Default: none.",
    heading: "Files",
    flags: [
      flag("--overlay KIND", "layer over the root: none, ephemeral, kept", (text, spelled) => ({
        overlay: oneOf(spelled, overlays, text),
      })),
    ],
  },
  readOnly: {
    words:
      "Nothing can be made in the root directory itself, home included: MOUNT_ATTR_RDONLY. Mounts, /tmp and /run stay as they are. Default: false.",
    heading: "Files",
    flags: [
      flag("--read-only", "nothing can be made in the root directory", () => ({ readOnly: true })),
    ],
  },
  lxcfs: {
    words:
      "The figures of the machine in /proc (meminfo, cpuinfo, stat ...) and sysfs (processors online) are those of the sandbox's limits, by lxcfs(1), which must run here. Default: false.",
    heading: "Files",
    flags: [
      flag("--lxcfs", "free and top count its limits, where lxcfs runs", () => ({ lxcfs: true })),
    ],
  },
  workspace: {
    words:
      "Folder that is mounted read-write at its own path (move_mount(2), nosuid, nodev); its .git/hooks, .git/config, .vscode and sandbox.json stay read-only.",
    heading: "Files",
    flags: [
      flag("--workspace DIR", "as -v DIR:DIR; git hooks, .vscode read-only", (path) => ({
        workspace: resolve(path),
      })),
    ],
  },
  mounts: {
    words:
      "Files and directories of the host that are mounted, in this order, in the new mount namespace (CLONE_NEWNS). A bind of the file's own folder onto itself is the workspace.",
    below: {
      type: "bind: a part of the host's tree, open_tree(2) with OPEN_TREE_CLONE. tmpfs: an empty directory in memory. sysfs, cgroup (read-only), mqueue, proc, devpts: of the sandbox's own namespaces.",
      source: "Path on the host. Relative paths begin at this file's folder.",
      target: "Absolute path inside.",
      readOnly: "MOUNT_ATTR_RDONLY by mount_setattr(2). Default: false.",
      recursive: "With what is mounted below the source: AT_RECURSIVE. Default: true.",
      size: "tmpfs(5)'s size, as 64m. Default: half of the machine's memory.",
      mode: "Octal mode of the tmpfs's root. Default: 1777.",
    },
    heading: "Files",
    flags: [
      flag("-v, --volume SRC:DST[:ro]", "bind mount a file or directory", (text) => ({
        mounts: [readVolume(text)],
      })),
      flag("--tmpfs DST[:OPTIONS]", "empty, in memory; options size=64m,mode=700", (text) => ({
        mounts: [readTmpfs(text)],
      })),
      flag("--mount K=V,...", "type=bind|tmpfs|sysfs..., target=DST, as Docker", (text) => ({
        mounts: [readMount(text)],
      })),
    ],
  },
  devices: {
    words:
      "Device nodes of the host below the sandbox's /dev, in Docker's word HOST[:INSIDE[:rwm]]: the very node is bound (its mode holds), and the cgroup's list of devices opened for it alone.",
    heading: "Files",
    flags: [
      flag(
        "--device HOST[:IN[:rwm]]",
        "a device node of the host, below /dev",
        (text, spelled) => ({
          devices: [readDevice(text, spelled)],
        }),
      ),
    ],
  },
  userns: {
    words:
      "Who you are inside (/proc/PID/uid_map). keep-id: the same uid and no capability. root: uid 0 inside, you outside. A sandbox of root has 65,536 free ids either way; root of an ordinary user has those of /etc/subuid and /etc/subgid besides, by newuidmap(1), or else one id.",
    heading: "Users, network and other namespaces",
    flags: [
      flag("--userns keep-id|root", "who the user is inside", (text, spelled) => ({
        userns: oneOf(spelled, usernsChoices, text),
      })),
    ],
  },
  namespaces: {
    words:
      'Which of the eight namespaces are its own: new (default; time: host), host, or {"join": a sandbox, a process id or a path} (clone3(2), setns(2)). Who is not root joins with the user namespace of the same target; so does everybody for mnt and pid. What it shares is closed by Landlock where the kernel can: abstract sockets, signals.',
    below: namespaceWords(),
    heading: "Users, network and other namespaces",
    flags: [
      flag(
        "--namespace TYPE=WHOSE",
        "new, host, or that of a sandbox, pid or path",
        (text, spelled) => ({ namespaces: readNamespace(text, spelled) }),
      ),
    ],
  },
  network: {
    words: "The network namespace in Docker's word.",
    below: {
      mode: "none: loopback only (CLONE_NEWNET). veth: a link to the host, which may connect to the sandbox; nothing the other way. nat: a way out besides, by the host's address; no service of the host, no other container, no cloud metadata. host: the host's, as namespaces.net host. veth and nat are for root.",
    },
    heading: "Users, network and other namespaces",
    flags: [
      flag("--network MODE", "none, veth (host only), nat (and out), host", (text, spelled) => ({
        network: { mode: oneOf(spelled, networkModes, text) },
      })),
    ],
  },
  dns: {
    words:
      "Name servers of network.mode nat: its /etc/resolv.conf. Default: those of the host that are not the host itself.",
    heading: "Users, network and other namespaces",
    flags: [
      flag("--dns ADDRESS", "name server of --network nat", (address) => ({ dns: [address] })),
    ],
  },
  timeOffsets: {
    words:
      "Shifts clocks inside, in a new time namespace: /proc/PID/timens_offsets. Never the wall clock.",
    below: {
      boottime: "CLOCK_BOOTTIME, and with it uptime.",
      "boottime.secs": "Seconds, also below 0.",
      "boottime.nanosecs": "Added to them.",
      monotonic: "CLOCK_MONOTONIC.",
      "monotonic.secs": "Seconds, also below 0.",
      "monotonic.nanosecs": "Added to them.",
    },
    heading: "Users, network and other namespaces",
    flags: [
      flag(
        "--time-offset CLOCK=SECS",
        "move a clock inside, as boottime=86400",
        (text, spelled) => ({
          timeOffsets: readOffset(text, spelled),
        }),
      ),
    ],
  },
  limits: {
    words: "Bounds of the sandbox's cgroup; the rest has no bound.",
    below: {
      cpus: "Cores' worth of CPU time, 0.2 is 20 % of one: quota and period together.",
      io: "Rates of block devices, counted where they leave for the device: what is cached is not.",
      "io.device": "A disk below /dev, or MAJOR:MINOR. The kernel bounds no single partition.",
      hugepageLimits: "Bounds of huge pages, by their size.",
      "hugepageLimits.pageSize": "As the machine has them: 2MB.",
    },
    heading: "Limits",
    flags: limitFlags,
  },
  ulimits: {
    words:
      "Resource limits of each process: setrlimit(2). Name to a number, unlimited, or soft and hard. Above the hard limit of whoever asks they need CAP_SYS_RESOURCE on the host.",
    heading: "Limits",
    flags: [
      flag(
        "--ulimit NAME=SOFT[:HARD]",
        "of each process, as nofile=1024 (setrlimit(2))",
        (text, spelled) => ({
          ulimits: readUlimit(text, spelled),
        }),
      ),
    ],
  },
  capabilities: {
    words:
      "What its processes may do in its own namespaces (capabilities(7)): Docker's default for root inside, none for others, less drop, plus add. Without CAP_ too; ALL. SETFCAP and FSETID only where nothing of the host is writable.",
    below: {
      add: "Added. Who is not root inside gets them as ambient ones, so that they are effective.",
      drop: "Dropped; a name that is in both lists is dropped.",
    },
    heading: "Privileges",
    flags: [
      flag("--cap-add NAME", "a capability in its own namespaces, or ALL", (text, spelled) => ({
        capabilities: { add: [readCapability(text, spelled)] },
      })),
      flag("--cap-drop NAME", "a capability that nobody inside has, or ALL", (text, spelled) => ({
        capabilities: { drop: [readCapability(text, spelled)] },
      })),
    ],
  },
  noNewPrivileges: {
    words:
      "PR_SET_NO_NEW_PRIVS. false lets su and sudo of a rootfs of type directory without an overlay work inside, where the sandbox has a range of ids. Default: true.",
    heading: "Privileges",
    flags: [
      flag("--new-privileges", "let su and sudo of a --rootfs work inside", () => ({
        noNewPrivileges: false,
      })),
    ],
  },
  seccomp: {
    words:
      "The system-call filter: default, or none (only where nothing of the host is writable, for the filter keeps set-uid files from being planted there).",
    heading: "Privileges",
    flags: [
      flag("--seccomp default|none", "the system-call filter", (text, spelled) => ({
        seccomp: oneOf(spelled, seccompProfiles, text),
      })),
    ],
  },
  landlock: {
    words:
      "Landlock rules (landlock(7)) on top of the mounts: what both allow is allowed. With readOnly or readWrite no other file can be used, so name /usr, /lib, /etc, /dev and /tmp too.",
    below: {
      readOnly: "Paths inside below which is read and executed, and nothing written.",
      readWrite: "Paths inside below which everything is allowed.",
      scopes:
        "abstract-sockets, signals: those of processes outside are out of reach (Linux 6.12).",
    },
    heading: "Privileges",
    flags: [
      flag("--landlock-ro PATH", "read files only below such paths (Landlock)", (path) => ({
        landlock: { readOnly: [path] },
      })),
      flag("--landlock-rw PATH", "read and write only below such paths", (path) => ({
        landlock: { readWrite: [path] },
      })),
      flag("--scope SCOPE", "close outside: abstract-sockets, signals", (text, spelled) => ({
        landlock: { scopes: [oneOf(spelled, landlockScopes, text)] },
      })),
    ],
  },
  args: {
    words: "The command and its arguments: execve(2). Default: your shell.",
    noFlag: "it stands after two hyphens",
  },
  processes: {
    words:
      "Instead of args: several commands that PID 1 starts and supervises. The sandbox ends when all have ended, with the exit code of the first of them, in that order, that failed.",
    below: {
      name: "How it is called in terrarium inspect and in after.",
      args: "Its command and arguments: execve(2). It reads /dev/null; its output is the sandbox's.",
      restart:
        "no, on-failure or always, as Compose has them: 100 ms after the end, then twice as long each time, a minute at most.",
      after:
        "Names of those that are started before it (started, not ready). On stop all get SIGTERM, the last started first.",
    },
    noFlag: "a list of commands is no text of one flag",
  },
  $schema: {
    words: "The schema that an editor checks this file against.",
    noFlag: "an editor reads it",
  },
};

function namespaceWords(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    namespaceTypes.map((type) => {
      const { isolates, cloneFlag } = namespaceFacts[type];
      return [type, `${isolates} (${cloneFlag}).`];
    }),
  );
}
