import { distributionFiles, nodeFiles } from "./programs.ts";
import { describeScenes, type Scene } from "./scenes.ts";

/** Events go to /told; `told` waits for words of one. */
const prologue = `
mkdir -p /home/user /run/user/1000; cd /home/user; chown -R 1000:1000 /home/user /run/user/1000
echo user:x:1000:1000::/home/user:/bin/sh >> /etc/passwd; echo user:x:1000: >> /etc/group
terrarium() { node /opt/terrarium/dist/bin/terrarium "$@"; }
as_user() { XDG_RUNTIME_DIR=/run/user/1000 su user -c "node /opt/terrarium/dist/bin/terrarium $*"; }
listen() { terrarium events --since 10m --json "$@" > /told & ear=$!; }
# Until it is surely being listened to: what a counter counted before is no news.
heard() { until grep -q '"kind":"paused"' /told; do $1 pause $2; sleep 2; $1 unpause $2; done >/dev/null; }
told() { eventually grep -qF -- "$1" /told; }
hush() { kill $ear; }
eventually() { for round in $(seq 100); do "$@" && return; sleep 0.2; done; echo "never: $*"; }
`;

/** Each listens, makes it happen, and shows what was told. */
const happenings: readonly Scene[] = [
  {
    name: "tells of an OOM once, with nested cgroups that each have a limit and are all followed",
    script: `
      cd /sys/fs/cgroup; echo +memory > cgroup.subtree_control
      mkdir outer; echo +memory > outer/cgroup.subtree_control; mkdir outer/inner
      echo 128m > outer/memory.max; echo 24m > outer/inner/memory.max
      listen /outer /outer/inner
      sh -c 'echo 0 > outer/inner/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=100M count=1'
      told oomKill; terrarium run -d --name later -- sleep 100 >/dev/null; sleep 2; hush; terrarium rm -f later >/dev/null
      grep -c oomKill /told; told '"command":"dd"'; told '"exhausted":"own"'
      told '"limitOf":"/sys/fs/cgroup/outer/inner"'; told '"limitBytes":25165824'
      rmdir outer/inner outer`,
    shows: /^(?!.*never:).*1\n$/s,
  },
  {
    name: "tells of a sandbox's limits when they are met, and how it ended",
    script: `
      listen
      terrarium run -d --name busy --cpus 0.05 --pids-limit 6 -m 32m -- sh -c '
        until [ -e /tmp/go ]; do sleep 1; done; (for i in 1 2 3 4 5 6; do sleep 9 & done); while :; do :; done' >/dev/null
      heard terrarium busy; terrarium exec busy -- touch /tmp/go
      told pidsLimit; told throttled; told '"most":6'
      terrarium run -d --name hungry -m 32m -- dd if=/dev/zero of=/dev/null bs=100M count=1 >/dev/null
      told '"oomKilled":true'; hush
      terrarium ps -a | grep -o 'exited (OOM)'; terrarium rm -f busy hungry`,
    shows: /^(?!.*never:).*exited \(OOM\)\nbusy\nhungry\n$/s,
  },
  {
    name: "tells of memory that was taken back from a sandbox, because it went above what is high for it",
    script: `
      listen
      terrarium run -d --name high --memory-high 8m -- sh -c '
        until [ -e /tmp/go ]; do sleep 1; done; dd if=/dev/zero of=/tmp/held bs=1M count=16 2>/dev/null; sleep 100' >/dev/null
      heard terrarium high; terrarium exec high -- touch /tmp/go
      told '"kind":"memoryHigh"'; told '"limitBytes":8388608'; hush
      grep -c oomKill /told; terrarium rm -f high`,
    shows: "0\nhigh\n",
  },
  {
    name: "tells an ordinary user, who may not read the kernel's log, by the counters",
    script: `
      chmod 600 /dev/kmsg; cd /sys/fs/cgroup; mkdir lent; chown 1000 lent
      chown 1000 lent/cgroup.procs lent/cgroup.subtree_control
      echo 0 > lent/cgroup.procs
      as_user run -d --name mine -m 32m -- sh -c "'until [ -e /tmp/go ]; do sleep 1; done; dd if=/dev/zero of=/dev/null bs=100M count=1; sleep 100'" >/dev/null
      as_user events mine --json > /told & ear=$!
      heard as_user mine; as_user exec mine -- touch /tmp/go
      told oomKill; told '"exhausted":"own"'; grep -oE '"source":"(processes|counter)"' /told | wc -l
      kill $ear; as_user rm -f mine`,
    shows: /^(?!.*never:).*1\nmine\n$/s,
  },
];

describeScenes(
  "events with cgroup v2 alone",
  {
    architecture: "x86_64",
    memoryMiB: 1024,
    prologue,
    files: { ...nodeFiles(), ...distributionFiles() },
  },
  happenings,
);
