import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache } from "../rig/cache.ts";
import type { Scene } from "./scenes.ts";

/** Loads that want more than a limit, and what they get of it, in both versions of cgroups. */

/** Where a version keeps a sandbox's files, and what it says of them in its own words. */
export interface Version {
  /** Of a cgroup whose `$id` is set, for the shell. */
  readonly directory: string;
  /** What was read of /slow so far, in bytes: an awk(1) program, and its file. */
  readonly read: readonly [file: string, program: string];
  /** Begins the line of memory.numa_stat that counts what was written to /tmp: pages, or bytes. */
  readonly nodes: string;
}

export const versions = {
  v1: {
    directory: "/sys/fs/cgroup/*/terrarium/$id",
    read: ["blkio.bfq.io_service_bytes", '$2 == "Read" { print $3 }'],
    nodes: "^anon=",
  },
  v2: {
    directory: "/sys/fs/cgroup/terrarium/$id",
    read: ["io.stat", '{ sub(/.*rbytes=/, ""); print $1 }'],
    nodes: "^shmem ",
  },
} as const satisfies Record<string, Version>;

/**
 * `share COUNTER LIMIT` says whether a counter grows by what the limit allows in a second, within a tenth: as
 * much in one of several windows, for an emulated processor is slow and has its moments, and never more.
 */
export const prologue = ({ directory }: Version) => `
mkdir -p /home/user /run/user/1000; chown 1000:1000 /home/user /run/user/1000
terrarium() { node /opt/terrarium/dist/bin/terrarium "$@"; }
as_user() { XDG_RUNTIME_DIR=/run/user/1000 su user -c "node /opt/terrarium/dist/bin/terrarium $*"; }
cgroup() { cat ${directory}/$1; }
eventually() { for round in $(seq 100); do "$@" && return; sleep 0.2; done; echo "never: $*"; }
share() {
  for window in 1 2 3 4 5 6 7 8; do
    read -r began rest < /proc/uptime; before=$($1); sleep 3; after=$($1)
    read -r ended rest < /proc/uptime
    now=$(echo "$before $after $began $ended" | awk -v limit=$2 '{
      now = ($2 - $1) / ($4 - $3) / limit
      print (now > 1.1 ? "too much: " now : now > 0.9 ? "as much as it may" : "too little: " now)
    }')
    [ "\${now%%:*}" = "too little" ] || break
  done
  echo "$now"
}
echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd; echo user:x:1000: >> /etc/group
truncate -s 64M /image /swap; losetup /dev/loop0 /image; losetup /dev/loop1 /swap
mke2fs /dev/loop0 > /dev/null; mkdir /disk; mount -t ext4 /dev/loop0 /disk; mkdir -m 777 /disk/data
dd if=/dev/zero of=/disk/data/file bs=1M count=40 2>/dev/null; chmod 666 /disk/data/file; sync
mkdir /slow; mount -t ext4 -o ro /dev/nvme0n1 /slow
`;

/** What a machine needs for them. */
export const modules = ["loop", "ext4", "bfq"];

/** A disk that one reader keeps busy: nothing is weighed where nobody has to wait. */
export const slowDisk = () => ({ image: slowImage(), bytesPerSecond: 4 * 1024 * 1024 });

/** An ext4 of one file, of which nothing is a hole; made once, and whole when it has its name. */
function slowImage(): string {
  const image = join(cache, "slow-disk.ext4");
  if (existsSync(image)) return image;
  mkdirSync(cache, { recursive: true });
  const home = mkdtempSync(join(cache, "slow-"));
  const [folder, partial] = [join(home, "folder"), join(home, "image")];
  mkdirSync(folder);
  writeFileSync(join(folder, "file"), Buffer.alloc(64 * 1024 * 1024, 1));
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", folder, partial, "80M"]);
  renameSync(partial, image);
  rmSync(home, { recursive: true });
  return image;
}

/** Both versions have them. */
export function commonLoads(version: Version): readonly Scene[] {
  return [swap, hugePages, memoryNodes(version), weights(version)];
}

/** A tenth less than it may fits, a tenth more does not. */
const swap: Scene = {
  name: "lets it have as much swap as was asked for",
  script: `
    mkswap /dev/loop1 >/dev/null; swapon /dev/loop1
    hog() { terrarium run -m 32m --memory-swap $1 -- sh -c "dd if=/dev/zero of=/dev/null bs=$2 count=1 2>/dev/null; echo \\$?"; }
    hog 32m 40M; hog 64m 57M; hog 64m 71M
    swapoff /dev/loop1`,
  shows: "137\n0\n137\n",
};

const hugePages: Scene = {
  name: "gives huge pages up to the limit",
  script: `
    echo 16 > /proc/sys/vm/nr_hugepages
    terrarium run --hugetlb 2MB:6m -- sh -c 'huge-pages 8; echo $?' 2>/dev/null
    terrarium run -- huge-pages 4 | tail -1; echo 0 > /proc/sys/vm/nr_hugepages`,
  shows: "1\n2\n3\n135\n4\n",
};

/** Run on the processor of the first one, whose memory is nearer. */
function memoryNodes({ nodes }: Version): Scene {
  return {
    name: "takes memory from the nodes of its set alone",
    script: `
      for node in 0 1; do
        id=$(terrarium run -d --name node --cpuset-cpus 0 --cpuset-mems $node -- sh -c '
          dd if=/dev/zero of=/tmp/held bs=1M count=20 2>/dev/null; touch /tmp/done; sleep 1000')
        eventually terrarium exec node -- test -e /tmp/done
        cgroup memory.numa_stat | sed -n 's/${nodes}.*N0=\\([0-9]*\\) N1=\\([0-9]*\\).*/\\1 \\2/p' |
          awk -v own=$((node + 1)) '{ print ($own > 0.9 * ($1 + $2) && $own > 5000 ? "its own" : $0) }'
        terrarium rm -f node
      done`,
    shows: "its own\nnode\nits own\nnode\n",
  };
}

/**
 * Of a disk whose scheduler weighs: BFQ, without its favours (low_latency), with patience for the reader that it serves
 * (slice_idle) and turns that are short beside what is measured (max_budget). Of a disk that does not turn it gives
 * others a request in between, for which they do not pay: bfq_choose_bfqq_for_injection().
 */
function weights({ read: [file, program] }: Version): Scene {
  return {
    name: "divides a disk by weight",
    script: `
      cd /sys/block/nvme0n1/queue; echo 1 > rotational; echo bfq > scheduler; cd iosched
      echo 0 > low_latency; echo 1 > strict_guarantees; echo 200 > slice_idle
      echo 1000 > timeout_sync; echo 512 > max_budget
      for weight in 400 100; do
        terrarium run -d --name w$weight --blkio-weight $weight -v /slow:/slow -- \\
          sh -c 'while :; do dd if=/slow/file of=/dev/null bs=16k iflag=direct 2>/dev/null; done'
      done > /ids
      number=$(cat /sys/block/nvme0n1/dev)
      used() { while read -r id; do cgroup ${file} | grep "^$number " | awk '${program}'; done < /ids; }
      sleep 5 # a first turn is 5 MB long
      (used; sleep 20; used) | awk '
        { used[NR] = $1 }
        END {
          off = (used[3] - used[1]) / (used[4] - used[2]) / 4
          print (off > 0.9 && off < 1.1 ? "by weight" : off)
        }'
      terrarium rm -f w400 w100`,
    shows: "by weight\nw400\nw100\n",
  };
}
