import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { cache, makeTemporaryFolder } from "./cache.ts";
import { withProgress } from "./progress.mjs";
import { runQuietly } from "./quiet-command.mjs";

/** The kernels of the throw-away machines, as Debian builds them; downloaded once into the cache. */

export type Architecture = "x86_64" | "aarch64";

interface ArchitectureRow {
  /** Debian's name. */
  readonly debian: string;
  /** qemu's program and board. */
  readonly emulator: readonly string[];
  /** The device of the board's serial line. */
  readonly console: string;
}

export const architectures: Readonly<Record<Architecture, ArchitectureRow>> = {
  x86_64: {
    debian: "amd64",
    // Of vectors wider than 16 bytes, which an emulator takes long for, glibc and Node would make use.
    emulator: ["qemu-system-x86_64", "-M", "q35", "-cpu", "Nehalem,+pdpe1gb,+rdrand"],
    console: "ttyS0",
  },
  aarch64: {
    debian: "arm64",
    // Pointer authentication as the architecture specifies it takes most of an emulated boot.
    emulator: ["qemu-system-aarch64", "-M", "virt", "-cpu", "max,pauth-impdef=on"],
    console: "ttyAMA0",
  },
};

export interface MachineKernel {
  readonly image: string;
  /** A static program of that architecture. */
  readonly busybox: string;
  /** /lib/modules/VERSION as a folder of this machine, with its modules.dep. */
  readonly modules: string;
  readonly version: string;
}

/** Debian's, each with the kernel that it is built with. */
export type Release = "trixie" | "bookworm";

/**
 * Linux 6.12: cgroup v2 with all controllers, Landlock scopes, id-mapped tmpfs. It is built without the memory
 * controller of version 1, which Linux 6.1 of the release before has.
 */
export const release: Release = "trixie";

/** Machines that boot at the same time share one download. */
const installations = new Map<string, Promise<MachineKernel>>();

export function installKernel(architecture: Architecture, of = release): Promise<MachineKernel> {
  const key = `${of} ${architecture}`;
  const installation = installations.get(key) ?? install(architecture, of);
  installations.set(key, installation);
  return installation;
}

async function install(architecture: Architecture, of: Release): Promise<MachineKernel> {
  const { debian } = architectures[architecture];
  const home = join(cache, `machine-${of}-${debian}`);
  if (!existsSync(home)) {
    await withProgress(`Downloading ${of}'s kernel for ${architecture}`, () =>
      download(of, debian, home),
    );
  }
  const [version = ""] = await readdir(join(home, "usr/lib/modules"));
  return {
    image: join(home, "boot", `vmlinuz-${version}`),
    busybox: join(home, "usr/bin/busybox"),
    modules: join(home, "usr/lib/modules", version),
    version,
  };
}

/** Made beside its place and renamed: a folder of that name is always a finished one. */
async function download(of: Release, debian: string, home: string): Promise<void> {
  const partial = await makeTemporaryFolder("machine");
  try {
    await extractPackages(of, debian, join(partial, "tree"));
    await rename(join(partial, "tree"), home);
  } catch (error) {
    // Another run may have got there first.
    if (!existsSync(home)) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** No program of the foreign architecture runs: the packages are unpacked, not configured. */
async function extractPackages(of: Release, debian: string, tree: string): Promise<void> {
  const archive = `${tree}.tar`;
  const packages = `--include=linux-image-cloud-${debian},busybox-static`;
  const options = ["--quiet", "--variant=extract", `--architectures=${debian}`, packages];
  await runQuietly(["mmdebstrap", ...options, of, archive]);
  await mkdir(tree);
  // bookworm's packages still hold files of /bin and /lib.
  const merged = ["--wildcards", "--transform=s,^\\./\\(bin\\|lib\\)/,./usr/\\1/,"];
  const wanted = ["./boot", "*/bin/busybox", "*/lib/modules"];
  await runQuietly(["tar", "-xf", archive, "-C", tree, ...merged, ...wanted]);
  const [version = ""] = await readdir(join(tree, "usr/lib/modules"));
  // modules.dep is otherwise made when the package is configured.
  await runQuietly(["busybox", "depmod", "-b", join(tree, "usr"), version]);
}
