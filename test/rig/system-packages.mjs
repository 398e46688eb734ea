import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";

/**
 * Debian packages, each with a file that shows that it is installed (a bare name is looked up on
 * PATH) and the jobs that need it; what is optional is done without where nobody may install it.
 *
 * build:  `npm run build` (the launcher is C, linked statically, so libc.a is needed: musl's, or
 *         glibc's where musl is not to be had, as the tests' own programs use it; the task iterator
 *         is left out where clang and libbpf are not there, which only test and bench install; what
 *         starts the root helper where OpenSSL's libcrypto.a is not)
 * server: the VS Code server's node-pty and spdlog, which npm delivers as source for Linux
 * test:   what the tests start or compare with
 * bench:  the peers, and what they need
 */
const systemPackages = [
  { name: "gcc", file: "gcc", jobs: ["build", "server", "test", "bench"] },
  { name: "make", file: "make", jobs: ["build", "server", "test", "bench"] },
  { name: "libc6-dev", file: "/usr/include/stdio.h", jobs: ["build", "server", "test", "bench"] },
  {
    name: "musl-dev",
    file: `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-musl/rcrt1.o`,
    jobs: ["build", "server", "test", "bench"],
    optional: true,
  },
  {
    name: "libssl-dev",
    file: "/usr/include/openssl/sha.h",
    jobs: ["build", "server", "test", "bench"],
    optional: true,
  },
  { name: "g++", file: "g++", jobs: ["server", "test", "bench"] },
  { name: "python3", file: "python3", jobs: ["server", "test", "bench"] },
  { name: "bsdutils", file: "script", jobs: ["test", "bench"] },
  { name: "bubblewrap", file: "bwrap", jobs: ["test", "bench"] },
  { name: "busybox-static", file: "busybox", jobs: ["test", "bench"] },
  { name: "chromium", file: "chromium", jobs: ["test", "bench"] },
  { name: "clang", file: "clang", jobs: ["test", "bench"] },
  { name: "containerd", file: "/usr/bin/ctr", jobs: ["test"] },
  { name: "crun", file: "crun", jobs: ["test"] },
  { name: "docker.io", file: "/usr/sbin/dockerd", jobs: ["test", "bench"] },
  { name: "e2fsprogs", file: "mkfs.ext4", jobs: ["test"] },
  { name: "fish", file: "fish", jobs: ["test"], optional: true },
  { name: "fonts-dejavu-core", file: "/usr/share/fonts/truetype/dejavu", jobs: ["test"] },
  {
    name: "fonts-droid-fallback",
    file: "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    jobs: ["test"],
  },
  { name: "gcc-aarch64-linux-gnu", file: "aarch64-linux-gnu-gcc", jobs: ["test"] },
  { name: "iproute2", file: "ip", jobs: ["test"] },
  {
    name: "libclang-rt-14-dev",
    file: "/usr/lib/llvm-14/lib/clang/14.0.6/lib/linux",
    jobs: ["test"],
  },
  {
    name: "libc6-dev-arm64-cross",
    file: "/usr/aarch64-linux-gnu/include/stdio.h",
    jobs: ["test"],
  },
  { name: "libbpf-dev", file: "/usr/include/bpf/libbpf.h", jobs: ["test", "bench"] },
  { name: "libelf-dev", file: "/usr/include/libelf.h", jobs: ["test", "bench"] },
  { name: "libseccomp-dev", file: "/usr/include/seccomp.h", jobs: ["test"] },
  { name: "lxc", file: "lxc-start", jobs: ["test"] },
  { name: "lxc-templates", file: "/usr/share/lxc/templates/lxc-busybox", jobs: ["test"] },
  { name: "lxcfs", file: "lxcfs", jobs: ["test"] },
  { name: "mmdebstrap", file: "mmdebstrap", jobs: ["test"] },
  { name: "nftables", file: "nft", jobs: ["test"] },
  { name: "openssh-client", file: "ssh", jobs: ["test"] },
  { name: "podman", file: "podman", jobs: ["test"] },
  { name: "procps", file: "ps", jobs: ["test"] },
  { name: "qemu-system-arm", file: "qemu-system-aarch64", jobs: ["test"] },
  { name: "qemu-system-x86", file: "qemu-system-x86_64", jobs: ["test"] },
  { name: "ripgrep", file: "rg", jobs: ["bench"] },
  { name: "runc", file: "runc", jobs: ["test", "bench"] },
  { name: "socat", file: "socat", jobs: ["bench"] },
  { name: "strace", file: "strace", jobs: ["test"] },
  { name: "sudo", file: "sudo", jobs: ["test"] },
  { name: "systemd", file: "systemd-cgtop", jobs: ["test", "bench"] },
  { name: "systemd-container", file: "systemd-nspawn", jobs: ["test"] },
  { name: "uidmap", file: "newuidmap", jobs: ["test"] },
  { name: "util-linux", file: "unshare", jobs: ["test", "bench"] },
  { name: "zsh", file: "zsh", jobs: ["test"], optional: true },
  { name: "zlib1g-dev", file: "/usr/include/zlib.h", jobs: ["test", "bench"] },
];

/**
 * Installs what the given job needs and this machine lacks; does nothing when all is there.
 *
 * @param {"build" | "server" | "test" | "bench"} job
 * @throws {Error} one sentence that names the packages when this user may not install them
 */
export async function installSystemPackages(job) {
  const missing = missingPackages(job);
  if (missing.length === 0) return;
  const elevation = howToBecomeRoot();
  if (!isInstalled("apt-get") || elevation === undefined) {
    const required = missing.filter(({ optional }) => !optional);
    if (required.length === 0) return;
    throw new Error(refusal(namesOf(required).join(" ")));
  }
  const who = elevation.length === 0 ? "as root" : "with sudo";
  const names = namesOf(missing);
  await withProgress(`Installing Debian packages ${who}: ${names.join(" ")}`, () =>
    aptInstall(elevation, names),
  );
}

function missingPackages(job) {
  return systemPackages.filter(({ file, jobs }) => jobs.includes(job) && !isInstalled(file));
}

function namesOf(packages) {
  return packages.map(({ name }) => name);
}

/** Administrators' folders are missing from the PATH of Debian's ordinary users, but hold `ip`. */
const administrationFolders = ["/usr/sbin", "/sbin"];

function isInstalled(file) {
  if (isAbsolute(file)) return canAccess(file, constants.F_OK);
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...administrationFolders];
  return folders.some((folder) => folder !== "" && canAccess(join(folder, file), constants.X_OK));
}

function canAccess(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Words to put before a command; undefined when this user has no way to become root. */
function howToBecomeRoot() {
  if (process.getuid() === 0) return [];
  if (!isInstalled("sudo")) return undefined;
  // Without a terminal nobody can type a password: sudo must fail at once instead of asking.
  return process.stdin.isTTY ? ["sudo"] : ["sudo", "-n"];
}

function refusal(names) {
  return (
    `These system packages are missing and only root can install them: ${names}. ` +
    `Ask an administrator to run: apt-get install --no-install-recommends ${names}`
  );
}

async function aptInstall(elevation, names) {
  const options = ["-q", "-o", "DPkg::Lock::Timeout=180"];
  const environment = ["env", "DEBIAN_FRONTEND=noninteractive"];
  const apt = [...elevation, ...environment, "apt-get", ...options];
  // sudo reads a password from the terminal itself, so no descriptor has to be passed on.
  await runQuietly([...apt, "update"]);
  await runQuietly([...apt, "install", "-y", "--no-install-recommends", ...names]);
}
