import { distributionFiles, nodeFiles } from "./programs.ts";
import { describeScenes, type Scene } from "./scenes.ts";

/** The client as it is installed, in an empty folder; cgroup FILE reads a file of the sandbox `box`. */
const prologue = `
mkdir -p /home/user/work /run/user/1000; cd /home/user/work
chown -R 1000:1000 /home/user /run/user/1000
echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd; echo user:x:1000: >> /etc/group
terrarium() { node /opt/terrarium/dist/bin/terrarium "$@"; }
as_user() { XDG_RUNTIME_DIR=/run/user/1000 su user -c "node /opt/terrarium/dist/bin/terrarium $*"; }
cgroup() { cat /sys/fs/cgroup/terrarium/$id/$1; }
eventually() { for round in $(seq 100); do "$@" && return; sleep 0.2; done; echo "never: $*"; }
`;

/** One sandbox, from its beginning to its end. */
const life: readonly Scene[] = [
  {
    name: "says that it finds version 2 alone, with the controllers that it needs",
    script:
      "terrarium features | grep -E '^(cgroup|[a-z]+ controller)' | awk '{ print $1, $2, $3 }'",
    shows:
      "cgroup v2 yes\ncgroup v1 no\ncpu controller yes\nmemory controller yes\npids controller yes\nfreezer controller no\ndevices controller no\n",
  },
  {
    name: "has the task iterator of a kernel as Debian ships it, which tells of every process",
    script: `
      terrarium features --json > features
      node -p 'JSON.parse(fs.readFileSync("features")).find(({ name }) => /iterator/.test(name)).answer' > answer
      echo "all processes but $(( $(ls -d /proc/[0-9]* | wc -l) - $(grep -Eo '[0-9]+' answer) ))"`,
    shows: /^all processes but -?[0-3]\n$/,
  },
  {
    name: "writes the limits, shows them beside their files, and counts what is used",
    script: `
      id=$(terrarium run -d --name box --cpus 0.25 -m 64m --pids-limit 20 -- sleep 1000)
      cgroup cpu.max; cgroup memory.max; cgroup pids.max
      terrarium inspect box | sed -n "s/$id/ID/; s/^limit *//p"
      terrarium ps | grep -Eo 'running|[0-9]+ [KM]B of 64 MB'`,
    shows: new RegExp(
      [
        "^25000 100000\n67108864\n20\nCPU period 100000 µs  /sys/fs/cgroup/terrarium/ID/cpu.max",
        "CPU quota 25000 µs  /sys/fs/cgroup/terrarium/ID/cpu.max",
        "Memory 64 MB  /sys/fs/cgroup/terrarium/ID/memory.max",
        "Processes 20  /sys/fs/cgroup/terrarium/ID/pids.max\nrunning\n\\d+ [KM]B of 64 MB\n$",
      ].join("\n"),
    ),
  },
  {
    name: "changes limits of what runs, puts back what was tried out, and lets the top alone",
    script: `
      id=$(ls -d /sys/fs/cgroup/terrarium/*/ | xargs basename)
      terrarium update box --cpus 0.5 -m none --pids-limit 30 >/dev/null
      cgroup cpu.max; cgroup memory.max; cgroup pids.max
      terrarium update box -m 48m --revert-after 1s </dev/null 2>/dev/null | grep -o '^.* MB'
      cgroup memory.max
      mkdir /sys/fs/cgroup/terrarium/$id/below
      terrarium limits /terrarium/$id/below --json | grep -c unavailable
      rmdir /sys/fs/cgroup/terrarium/$id/below
      terrarium update -y / -m 1g 2>&1 | grep -o 'has no limits'`,
    shows: /^50000 100000\nmax\n30\nMemory from no limit to 48 MB\nmax\n\d+\nhas no limits\n$/,
  },
  {
    name: "puts what exec starts into the same cgroup",
    script: `
      id=$(ls -d /sys/fs/cgroup/terrarium/*/ | xargs basename)
      terrarium exec box -- sh -c 'sleep 1000 & until grep -q sleep /proc/$!/comm; do :; done'
      for pid in $(cgroup cgroup.procs); do cat /proc/$pid/comm; done`,
    shows: "terrarium-init\nsleep\nsleep\n",
  },
  {
    name: "lets it open no device but null, zero and their like, by a program of BPF",
    script: `
      id=$(ls -d /sys/fs/cgroup/terrarium/*/ | xargs basename)
      mknod /tmp/zero c 1 5; mknod /tmp/kmsg c 1 11
      try='for node in zero kmsg; do (exec 3< /tmp/$node) 2>/dev/null && echo $node; done'
      sh -c "$try"; sh -c "echo \\$\\$ > /sys/fs/cgroup/terrarium/$id/cgroup.procs; $try"`,
    shows: "zero\nkmsg\nzero\n",
  },
  {
    name: "holds every process still by cgroup.freeze, and lets it run again",
    script: `
      id=$(ls -d /sys/fs/cgroup/terrarium/*/ | xargs basename)
      terrarium pause box; cgroup cgroup.freeze; cgroup cgroup.events | grep frozen
      terrarium ps | grep -o paused
      terrarium unpause box; cgroup cgroup.freeze; cgroup cgroup.events | grep frozen`,
    shows: "box\n1\nfrozen 1\npaused\nbox\n0\nfrozen 0\n",
  },
  {
    name: "stops it, a paused one too, and leaves nothing once it is removed",
    script: `
      terrarium pause box; terrarium stop box; terrarium ps -a | grep -o 'exited (SIG[A-Z]*)'
      terrarium rm box; ls -d /sys/fs/cgroup/terrarium/*/ /run/terrarium/*/* 2>/dev/null; pidof sleep`,
    shows: "box\nbox\nexited (SIGTERM)\nbox\n",
  },
];

const force: readonly Scene[] = [
  {
    name: "has the kernel kill what takes more memory, inside only",
    script: `
      terrarium run -m 32m -- sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1; echo still $?'`,
    // Two streams of the client.
    shows: /^(Killed\nstill 137|still 137\nKilled)\n$/,
  },
  {
    name: "makes fork fail at the limit of processes",
    script: "terrarium run --pids-limit 4 -- sh -c 'for i in 1 2 3 4; do sleep 9 & done' 2>&1",
    shows: "sh: can't fork: Resource temporarily unavailable\n",
  },
  {
    name: "throttles a busy loop",
    script: `
      id=$(terrarium run -d --name busy --cpus 0.1 -- sh -c 'while :; do :; done')
      eventually grep 'nr_throttled [1-9]' /sys/fs/cgroup/terrarium/$id/cpu.stat | sed 's/[0-9]*$//'
      terrarium rm -f busy`,
    shows: "nr_throttled \nbusy\n",
  },
  {
    name: "counts what is used, in each of version 2's files",
    script: `
      id=$(terrarium run -d --name load --cpus 0.2 -m 64m --pids-limit 9 \\
        -- sh -c 'head -c 8m /dev/zero > /tmp/x; while :; do :; done')
      eventually grep -q 'nr_throttled [1-9]' /sys/fs/cgroup/terrarium/$id/cpu.stat
      eventually grep -q '^file 8[0-9]\\{6\\}' /sys/fs/cgroup/terrarium/$id/memory.stat
      eventually grep -qx 2 /sys/fs/cgroup/terrarium/$id/pids.current # head has ended
      terrarium stats load --json > usage.json; terrarium rm -f load
      NO_COLOR=1 FORCE_COLOR=0 node -e '
        const [{ sample: { cpu, memory, pids, pressure, network }, rates }] = require("./usage.json");
        console.log("cpu", rates.cpuPercent > 2 && rates.cpuPercent < 40, cpu.throttledUs > 0);
        console.log("throttled", rates.throttledPercent > 50);
        console.log("memory", memory.current >= memory.file + memory.anon, memory.file >= 8388608);
        console.log("limits", memory.max, memory.oomKills, pids);
        console.log("kernel", memory.kernel > 0, memory.workingSet <= memory.current);
        console.log("pressure", pressure.cpu.someUs > 0, pressure.io.fullUs >= 0, network);'`,
    shows: [
      "load\ncpu true true\nthrottled true\nmemory true true",
      "limits 67108864 0 { current: 2, max: 9 }",
      "kernel true true\npressure true true []\n",
    ].join("\n"),
  },
  {
    name: "shows the cgroups of the machine, the busiest first",
    script: `
      id=$(terrarium run -d --name busy --cpus 0.2 -- sh -c 'while :; do :; done')
      terrarium run -d --name idle -- sleep 1000 >/dev/null
      terrarium top | grep -o '(.*)'; terrarium rm -f busy idle`,
    shows: "(busy)\n(idle)\nbusy\nidle\n",
  },
  {
    name: "gives an ordinary user limits in the cgroup that was delegated to it",
    script: `
      echo +memory +pids > /sys/fs/cgroup/cgroup.subtree_control
      cd /sys/fs/cgroup; mkdir delegated; chown 1000 delegated
      chown 1000 delegated/cgroup.procs delegated/cgroup.subtree_control
      echo 0 > delegated/cgroup.procs # this very shell
      as_user run -d --name mine --pids-limit 7 -m 32m -- sleep 1000 >/dev/null
      cat delegated/terrarium/*/pids.max delegated/terrarium/*/memory.max
      as_user update mine -m 48m --pids-limit 9 >/dev/null
      cat delegated/terrarium/*/pids.max delegated/terrarium/*/memory.max
      mkdir theirs; as_user update -y /theirs --pids-limit 9 2>&1 | grep -o EACCES
      stat -c %u /proc/$(tail -1 delegated/terrarium/*/cgroup.procs)
      as_user rm -f mine; ls -d delegated/terrarium/*/ 2>/dev/null`,
    shows: "7\n33554432\n9\n50331648\nEACCES\n1000\nmine\n",
  },
];

describeScenes(
  "terrarium with cgroup v2 alone",
  {
    architecture: "x86_64",
    memoryMiB: 1024,
    prologue,
    files: { ...nodeFiles(), ...distributionFiles() },
  },
  [...life, ...force],
);
