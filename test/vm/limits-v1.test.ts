import { commonLoads, modules, prologue, slowDisk, versions } from "./limit-loads.ts";
import { buildProgram, distributionFiles, nodeFiles } from "./programs.ts";
import { describeScenes, type Scene } from "./scenes.ts";

/**
 * A machine that has version 1 of cgroups alone, with all controllers: what a test cannot have where it runs
 * otherwise, swap and memory that runs short, a second memory node, a slow disk.
 */
const hierarchies = `
umount /sys/fs/cgroup; mount -t tmpfs cgroup /sys/fs/cgroup
for controller in blkio cpu cpuacct cpuset devices freezer hugetlb memory pids; do
  mkdir /sys/fs/cgroup/$controller
  mount -t cgroup -o $controller cgroup /sys/fs/cgroup/$controller
done
`;

const { v1 } = versions;

const scenes: readonly Scene[] = [
  {
    name: "gives a busy loop 20 % of a processor",
    script: `
      id=$(terrarium run -d --name busy --cpu-period 100000 --cpu-quota 20000 -- sh -c 'while :; do :; done')
      cpu() { cgroup cpuacct.usage | awk '{ print int($1 / 1000) }'; }
      share cpu 200000; terrarium rm -f busy`,
    shows: "as much as it may\nbusy\n",
  },
  ...commonLoads(v1),
  {
    name: "swaps out as readily as its swappiness says: with 0 nothing, and memory runs out",
    script: `
      mkswap /dev/loop1 >/dev/null; swapon /dev/loop1
      for swappiness in 0 100; do
        terrarium run -m 32m --memory-swap 64m --memory-swappiness $swappiness -- \\
          sh -c 'dd if=/dev/zero of=/dev/null bs=48M count=1 2>/dev/null; echo $?'
      done
      swapoff /dev/loop1`,
    shows: "137\n0\n",
  },
  {
    name: "takes from who is above its reservation first, when the machine runs short of memory",
    script: `
      rm /disk/data/file
      for name in kept taken; do dd if=/dev/zero of=/disk/data/$name bs=1M count=24 2>/dev/null; done
      sync; echo 3 > /proc/sys/vm/drop_caches # what is cached already is charged to whoever read it first
      reader() {
        id=$(terrarium run -d --name $1 --memory-reservation $2 --cpuset-mems 0 -v /disk/data:/data -- \\
          sh -c "cat /data/$1 > /dev/null; touch /data/$1-read; sleep 1000")
        eventually test -e /disk/data/$1-read
      }
      reader kept 32m; kept=$id; reader taken 1m; taken=$id
      cached() { id=$1; cgroup memory.stat | awk '/^cache / { print ($2 > 0.9 * 25165824 ? "all" : $2 < 0.5 * 25165824 ? "little" : $2) }'; }
      cached $kept; cached $taken
      mkdir /fill; mount -t tmpfs -o size=100% fill /fill
      dd if=/dev/zero of=/fill/all bs=1M count=$(awk '/^MemFree/ { print int($2 / 1024) - 100 }' /proc/meminfo) 2>/dev/null
      for more in $(seq 25); do
        [ "$(cached $taken)" = little ] && break
        dd if=/dev/zero of=/fill/more$more bs=1M count=4 2>/dev/null
      done
      cached $kept; cached $taken
      umount /fill; terrarium rm -f kept taken`,
    shows: "all\nall\nall\nlittle\nkept\ntaken\n",
  },
];

describeScenes(
  "the limits of cgroup v1",
  {
    architecture: "x86_64",
    release: "bookworm",
    memoryMiB: 1024,
    twoNodes: true,
    timeoutMs: 720_000,
    prologue: hierarchies + prologue(v1),
    modules,
    disks: [slowDisk()],
    files: {
      ...nodeFiles(),
      ...distributionFiles(),
      "/usr/bin/huge-pages": buildProgram("x86_64", "test/vm/huge-pages.c"),
    },
  },
  scenes,
);
