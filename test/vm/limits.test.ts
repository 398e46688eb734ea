import { commonLoads, modules, prologue, slowDisk, versions } from "./limit-loads.ts";
import { buildProgram, distributionFiles, nodeFiles } from "./programs.ts";
import { describeScenes, type Scene } from "./scenes.ts";

const { v2 } = versions;

const counters = `
cpu() { cgroup cpu.stat | awk '/^usage_usec/ { print $2 }'; }
disk() { cgroup io.stat | tr ' ' '\\n' | awk -F= -v name=$what '$1 == name { print $2 }'; }
`;

const box = [
  ...["--cpu-period 50000", "--cpu-quota 20000", "--cpu-burst 5000", "--cpu-shares 1024"],
  ...["--cpuset-cpus 0", "--cpuset-mems 0", "-m 64m", "--memory-swap 96m", "--memory-high 48m"],
  ...["--memory-reservation 32m", "--memory-min 16m", "--oom-group 1", "--pids-limit 50"],
  ...["--blkio-weight 300", "--device-read-bps /dev/loop0:1m", "--device-write-bps 7:0:2m"],
  ...["--device-read-iops /dev/loop0:100", "--device-write-iops /dev/loop0:50"],
  ...["--hugetlb 2MB:64m"],
].join(" ");

const files = [
  ...["cpu.max", "cpu.max.burst", "cpu.weight", "cpuset.cpus", "cpuset.mems", "memory.max"],
  ...["memory.swap.max", "memory.high", "memory.low", "memory.min", "memory.oom.group", "pids.max"],
  ...["io.weight", "io.bfq.weight", "io.max", "hugetlb.2MB.max"],
];

const rows: readonly Scene[] = [
  {
    name: "writes every limit to the kernel's file",
    script: `
      id=$(terrarium run -d --name box ${box} -- sleep 1000)
      for file in ${files.join(" ")}; do echo $file $(cgroup $file); done`,
    shows: [
      "cpu.max 20000 50000\ncpu.max.burst 5000\ncpu.weight 100\ncpuset.cpus 0\ncpuset.mems 0",
      "memory.max 67108864\nmemory.swap.max 33554432\nmemory.high 50331648\nmemory.low 33554432",
      "memory.min 16777216\nmemory.oom.group 1\npids.max 50\nio.weight default 2930\nio.bfq.weight default 300",
      "io.max 7:0 rbps=1048576 wbps=2097152 riops=100 wiops=50\nhugetlb.2MB.max 67108864\n",
    ].join("\n"),
  },
  {
    name: "reads them back, in force, protected memory as far as the cgroup above is protected too",
    script: `
      terrarium limits box --json | node -e '
        const { rows } = JSON.parse(require("fs").readFileSync(0));
        for (const { limit, value, effective } of rows) {
          if (effective && !limit.startsWith("ulimit")) console.log(limit, JSON.stringify([value, effective.value]), effective.title);
        }'
      cat /sys/fs/cgroup/terrarium/memory.low
      id=$(terrarium run -d --memory-reservation 8m -- sleep 1000); cat /sys/fs/cgroup/terrarium/memory.low
      terrarium rm -f box $id | sed "s/$id/ID/"`,
    shows: [
      "cpuPeriodUs [50000,50000] box\ncpuQuotaUs [20000,20000] box\ncpuBurstUs [5000,5000] box",
      'cpusetCpus ["0","0"] box\ncpusetMems ["0","0"] box\nmemoryBytes [67108864,67108864] box',
      "memoryHighBytes [50331648,50331648] box\nmemoryLowBytes [33554432,33554432] box",
      "memoryMinBytes [16777216,16777216] box\nswapBytes [33554432,33554432] box\noomGroup [1,1] box",
      'pidsMax [50,50] box\nioWeight [300,300] box\nioReadBytes [{"/dev/loop0":1048576},{"/dev/loop0":1048576}] box',
      'ioWriteBytes [{"/dev/loop0":2097152},{"/dev/loop0":2097152}] box',
      'ioReadOps [{"/dev/loop0":100},{"/dev/loop0":100}] box',
      'ioWriteOps [{"/dev/loop0":50},{"/dev/loop0":50}] box',
      'hugetlbBytes [{"2MB":67108864},{"2MB":67108864}] box',
      "33554432\n41943040\nbox\nID\n",
    ].join("\n"),
  },
  {
    name: "switches on only what is asked for",
    script: `
      rmdir /sys/fs/cgroup/terrarium 2>/dev/null; cd /sys/fs/cgroup
      for name in $(cat cgroup.subtree_control); do echo -$name > cgroup.subtree_control; done
      terrarium run -m 64m -- true; cat cgroup.subtree_control
      terrarium run --cpuset-cpus 0 -- true; cat cgroup.subtree_control`,
    shows: "cpu memory pids\ncpuset cpu memory pids\n",
  },
  {
    name: "refuses what would not be in force, with the reason, and leaves nothing",
    script: `
      terrarium run --memory-swappiness 10 -- true
      terrarium run --cpuset-cpus 7 -- true
      terrarium run --hugetlb 3MB:1m -- true
      terrarium run --cpu-quota 10000 --cpu-burst 20000 -- true 2>&1 | sed 's,terrarium/[^/]*/,ID/,'
      ls -d /sys/fs/cgroup/terrarium/*/ 2>/dev/null`,
    shows: [
      "terrarium: Cannot set the limit Swappiness: in cgroup v2 the whole machine has one, /proc/sys/vm/swappiness.",
      "terrarium: Cannot set the limit Processors: 7 cannot be had: /sys/fs/cgroup/cpuset.cpus.effective says 0-1.",
      "terrarium: Cannot set the limit Huge pages: this machine has no huge pages of 3MB (it has 1GB and 2MB).",
      "terrarium: The kernel refused the limit CPU burst 20000 µs (EINVAL from /sys/fs/cgroup/ID/cpu.max.burst): it cannot be above the quota, which is 10000.\n",
    ].join("\n"),
  },
  {
    name: "names the disk where a partition was named: the kernel bounds no part of one",
    // A partition table with one entry: 2 MiB, one MiB from the beginning.
    script: `
      truncate -s 8M /parts
      printf '\\0\\0\\0\\0\\203\\0\\0\\0\\0\\10\\0\\0\\0\\20\\0\\0' | dd of=/parts bs=1 seek=446 conv=notrunc 2>/dev/null
      printf '\\125\\252' | dd of=/parts bs=1 seek=510 conv=notrunc 2>/dev/null
      losetup -P /dev/loop2 /parts
      terrarium run --device-read-bps /dev/loop2p1:1m -- true; losetup -d /dev/loop2`,
    shows:
      "terrarium: Cannot set the limit Read rate: /dev/loop2p1 is a partition; the kernel limits whole disks, so name /dev/loop2.\n",
  },
  {
    name: "says to an ordinary user what was not delegated, and what the cgroup above leaves",
    script: `
      cd /sys/fs/cgroup; mkdir delegated; echo 64M > delegated/memory.max
      chown 1000 delegated delegated/cgroup.procs delegated/cgroup.subtree_control
      echo 0 > delegated/cgroup.procs # this very shell
      as_user run --device-read-bps /dev/loop0:1m -- true 2>&1 | cut -d';' -f1
      as_user run -m 128m -- true
      as_user run --memory-min 8m -- true
      as_user run -m 32m -- echo done`,
    shows: [
      "terrarium: Cannot set the limit Read rate: the io controller is not delegated to this user",
      "terrarium: Cannot set the limit Memory: /sys/fs/cgroup/delegated/memory.max leaves 64 MB at most.",
      "terrarium: Cannot set the limit Memory minimum: /sys/fs/cgroup/delegated/memory.min protects 0 B: set it there first.",
      "done\n",
    ].join("\n"),
  },
];

const loop = "sh -c 'while :; do :; done'";

const loopTwice = "while :; do :; done & while :; do :; done";

/**
 * What root may raise only where it has CAP_SYS_RESOURCE: the others are in kernel/limits-resources-truth.test.ts. With
 * one processor: a tick at which another one has not moved the clock on is not counted (watchdog() of the kernel's rt.c).
 */
const resources: Scene = {
  name: "gives a process as much of nice and real-time priority as it may, and ends its real-time run",
  script: `
    for resource in nice=25 rtprio=10; do
      terrarium run --ulimit $resource -- resources \${resource%=*}
    done
    echo 0 > /sys/devices/system/cpu/cpu1/online
    terrarium run --ulimit rtprio=1 --ulimit rttime=200000:900000 -- resources rttime |
      awk '{ at = $1 / 200000; print (at > 0.9 && at < 1.1 ? "at the limit" : at) }'
    echo 1 > /sys/devices/system/cpu/cpu1/online`,
  shows: "25\n10\nat the limit\n",
};

const truth: readonly Scene[] = [
  {
    name: "gives a busy loop 20 % of a processor",
    script: `
      id=$(terrarium run -d --name busy --cpu-period 100000 --cpu-quota 20000 -- ${loop})
      share cpu 200000; terrarium rm -f busy`,
    shows: "as much as it may\nbusy\n",
  },
  {
    name: "divides a processor by weight",
    script: `
      for shares in 2048 512; do
        terrarium run -d --name s$shares --cpuset-cpus 0 --cpu-shares $shares -- ${loop}
      done > /ids
      used() { while read -r id; do echo $(cgroup cpu.weight) $(cpu); done < /ids; }
      (used; sleep 8; used) | awk '
        { weight[NR] = $1; used[NR] = $2 }
        END {
          off = (used[3] - used[1]) / (used[4] - used[2]) / (weight[1] / weight[2])
          print (off > 0.9 && off < 1.1 ? "by weight" : off)
        }'
      terrarium rm -f s2048 s512`,
    shows: "by weight\ns2048\ns512\n",
  },
  {
    name: "leaves an idle sandbox next to nothing of a processor that another one wants",
    script: `
      terrarium run -d --name usual --cpuset-cpus 0 -- ${loop} > /ids
      terrarium run -d --name idle --cpuset-cpus 0 --cpu-idle 1 -- ${loop} >> /ids
      used() { while read -r id; do cpu; done < /ids; }
      (used; sleep 5; used) | awk '
        { used[NR] = $1 }
        END { times = (used[3] - used[1]) / (used[4] - used[2]); print (times > 20 ? "next to nothing" : times) }'
      terrarium rm -f usual idle`,
    shows: "next to nothing\nusual\nidle\n",
  },
  {
    name: "gives two busy loops one processor where the set has one",
    script: `
      id=$(terrarium run -d --name one --cpuset-cpus 1 -- sh -c '${loopTwice}')
      share cpu 1000000; terrarium rm -f one`,
    shows: "as much as it may\none\n",
  },
  {
    // sched-bwc.rst: what was not used is saved, up to the burst; cpu.stat counts what was taken of it.
    name: "lets a loop that was held still take its burst at once, beyond the quota",
    script: `
      id=$(terrarium run -d --name saver --cpu-quota 20000 --cpu-burst 20000 -- ${loop})
      burst() { cgroup cpu.stat | awk '/^burst_usec/ { print $2 }'; }
      pid=$(cgroup cgroup.procs | tail -1)
      for round in 1 2 3 4 5 6 7 8; do
        kill -STOP $pid; sleep 1; before=$(burst); kill -CONT $pid; sleep 1
        now=$(echo "$before $(burst)" | awk '{
          now = ($2 - $1) / 20000
          print (now > 1.1 ? "too much: " now : now > 0.9 ? "the burst" : "too little: " now)
        }')
        [ "\${now%%:*}" = "too little" ] || break
      done
      echo "$now"; terrarium rm -f saver`,
    shows: "the burst\nsaver\n",
  },
  {
    name: "lets a hog have all of its memory and no more, and ends it alone",
    script: `
      id=$(terrarium run -d --name hog -m 64m -- \\
        sh -c 'dd if=/dev/zero of=/dev/null bs=200M count=1 2>/dev/null; sleep 1000')
      eventually grep -q "^oom_kill 1$" /sys/fs/cgroup/terrarium/$id/memory.events
      cgroup memory.peak | awk '{ at = $1 / 67108864; print (at > 0.9 && at <= 1 ? "at the limit" : at) }'
      terrarium ps | grep -o running; terrarium rm -f hog`,
    shows: "at the limit\nrunning\nhog\n",
  },
  ...["--memory-min", "--memory-reservation"].map(protecting),
  {
    name: "refuses a fork at the limit of processes",
    script: `
      id=$(terrarium run -d --name forks --pids-limit 20 -- sh -c '
        (for i in $(seq 40); do sleep 1000 & done) 2>/dev/null; exec sleep 1000')
      # The shell that was refused has ended.
      others() { [ "$(cgroup pids.current)" = 19 ]; }
      eventually grep -q "^max [1-9]" /sys/fs/cgroup/terrarium/$id/pids.events; eventually others
      terrarium rm -f forks`,
    shows: "forks\n",
  },
  {
    name: "keeps the page cache below memory.high, and ends nobody",
    script: `
      sync; echo 3 > /proc/sys/vm/drop_caches # what is cached already is charged to whoever read it first
      id=$(terrarium run -d --name slow --memory-high 16m -v /disk/data:/data -- \\
        sh -c 'cat /data/file > /dev/null; touch /data/done; sleep 1000')
      eventually test -e /disk/data/done
      cgroup memory.peak | awk '{ at = $1 / 16777216; print (at > 0.9 && at < 1.1 ? "at the limit" : at) }'
      cgroup memory.events | grep "^oom_kill"; terrarium rm -f slow`,
    shows: "at the limit\noom_kill 0\nslow\n",
  },
  {
    name: "ends all of a sandbox together where it is asked to, and one process where not",
    script: `
      hog='sleep 1000 & dd if=/dev/zero of=/dev/null bs=100M count=1; echo still here'
      terrarium run -m 32m -- sh -c "$hog" 2>/dev/null; echo $?
      terrarium run -m 32m --oom-group 1 -- sh -c "$hog" 2>/dev/null; echo $?`,
    shows: "still here\n0\n137\n",
  },
  ...disks(),
  resources,
  ...commonLoads(v2),
];

/** Two have read the same amount; then a third one, on the same memory node, reads more than all of them may keep. */
function protecting(option: string): Scene {
  return {
    name: `keeps what ${option} protects, and takes from others`,
    script: `
      for file in kept taken; do dd if=/dev/zero of=/disk/data/$file bs=1M count=8 2>/dev/null; done
      sync; echo 3 > /proc/sys/vm/drop_caches
      reader() {
        name=$1; shift
        id=$(terrarium run -d --name $name "$@" --cpuset-mems 0 -v /disk/data:/data -- \\
          sh -c "cat /data/$name > /dev/null; touch /data/$name-read; sleep 1000")
        eventually test -e /disk/data/$name-read
      }
      cached() { id=$1; cgroup memory.stat | awk '/^file / { print ($2 > 0.9 * 8388608 ? "all" : $2 < 0.5 * 8388608 ? "little" : $2) }'; }
      reader kept ${option} 8m; kept=$id
      reader taken; taken=$id
      cached $kept; cached $taken
      echo 20M > /sys/fs/cgroup/terrarium/memory.max
      terrarium run --cpuset-mems 0 -v /disk/data:/data -- sh -c 'for round in 1 2 3; do cat /data/file; done > /dev/null'
      cached $kept; cached $taken
      echo max > /sys/fs/cgroup/terrarium/memory.max
      rm /disk/data/kept* /disk/data/taken*; terrarium rm -f kept taken`,
    shows: "all\nall\nall\nlittle\nkept\ntaken\n",
  };
}

/** Past the page cache: what is cached does not reach the disk. */
function disks(): readonly Scene[] {
  const read = (block: string) => `dd if=/data/file of=/dev/null iflag=direct bs=${block}`;
  const write = (block: string) =>
    `dd if=/dev/zero of=/data/file oflag=direct conv=notrunc count=64 bs=${block}`;
  const cases = [
    ["--device-read-bps", "1m", 2 ** 20, "rbytes", read("64k")],
    ["--device-write-bps", "1m", 2 ** 20, "wbytes", write("64k")],
    ["--device-read-iops", "40", 40, "rios", read("4k")],
    ["--device-write-iops", "40", 40, "wios", write("4k")],
  ] as const;
  return cases.map(([option, word, limit, what, load]) => ({
    name: `gives as much of a disk as ${option} says`,
    script: `
      what=${what}
      id=$(terrarium run -d --name disk ${option} /dev/loop0:${word} -v /disk/data:/data -- \\
        sh -c 'while :; do ${load} 2>/dev/null; done')
      share disk ${limit}; terrarium rm -f disk`,
    shows: "as much as it may\ndisk\n",
  }));
}

describeScenes(
  "the limits of cgroup v2",
  {
    architecture: "x86_64",
    memoryMiB: 1024,
    twoNodes: true,
    timeoutMs: 720_000,
    prologue: prologue(v2) + counters,
    modules,
    disks: [slowDisk()],
    files: {
      ...nodeFiles(),
      ...distributionFiles(),
      "/usr/bin/huge-pages": buildProgram("x86_64", "test/vm/huge-pages.c"),
      "/usr/bin/resources": buildProgram("x86_64", "test/kernel/loads/resources.c"),
    },
  },
  [...rows, ...truth],
);
