import { buildLauncher, buildProgram } from "./programs.ts";
import { describeScenes, type Scene } from "./scenes.ts";

/** A sandbox with busybox in it and the id range of nobody. */
const prologue = `
everything="pid,mnt,net,uts,ipc,cgroup,user"
sandbox() {
  /launcher run --uid-map "0 100000 65536" --gid-map "0 100000 65536" --ro-bind /bin /bin \\
    --proc /proc --dev /dev --tmpfs-shared /tmp --env PATH=/bin "$@"
}
eventually() { for round in $(seq 100); do "$@" && return; sleep 0.1; done; echo "never: $*"; }
# start_sleeper OPTIONS: a sandbox in the background; $init is the PID 1 of it, seen from outside.
start_sleeper() {
  rm -f /tmp/status
  sandbox --status-fd 3 "$@" -- sleep 1000 3>/tmp/status 2>/dev/null &
  eventually grep -qs started /tmp/status
  init=$(sed -n 's/.*"ready","pid":\\([0-9]*\\).*/\\1/p' /tmp/status)
}
# The console is the terminal. It is hung up when the session ends, which would lose output still in it.
in_terminal() { setsid -c "$@" </dev/console >/tmp/output 2>&1; cat /tmp/output; }
`;

const world: readonly Scene[] = [
  {
    name: "makes init PID 1 and the command PID 2 of a world of their own",
    script: `sandbox -- sh -c 'echo $$ $(cat /proc/1/comm); echo /proc/[0-9]*'`,
    shows: "2 terrarium-init\n/proc/1 /proc/2\n",
  },
  {
    name: "makes the namespaces new",
    script: `
      for type in cgroup ipc mnt net pid user uts; do
        outside=$(readlink /proc/self/ns/$type) inside=$(sandbox -- readlink /proc/self/ns/$type)
        [ "$inside" ] && [ "$inside" != "$outside" ] && echo $type
      done`,
    shows: "cgroup\nipc\nmnt\nnet\npid\nuser\nuts\n",
  },
  {
    name: "pivots: the root holds what was asked for, and nothing of the machine is left above it",
    script: `sandbox -- sh -c 'ls /; ls /.. /proc/1/root/.. 2>/dev/null | grep -c launcher'`,
    shows: "bin\ndev\nproc\ntmp\n0\n",
  },
  {
    name: "has the ids that were mapped",
    script: `
      sandbox --uid 7 --gid 8 -- sh -c 'echo $(id -u) $(id -g) $(cat /proc/self/uid_map)'
      start_sleeper --uid 7; stat -c %u /proc/$(cat /proc/$init/task/$init/children)`,
    shows: "7 8 0 100000 65536\n100007\n",
  },
  {
    name: "leaves no capability, and sets no_new_privs and the filter",
    script: `sandbox -- grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -d '\\t'`,
    shows:
      /^CapInh:0{16}\nCapPrm:0{16}\nCapEff:0{16}\nCapBnd:0{16}\nCapAmb:0{16}\nNoNewPrivs:1\nSeccomp:2\n$/,
  },
  {
    name: "keeps a capability that was asked for",
    script: `sandbox --keep-cap net_raw -- grep -E '^Cap(Eff|Bnd)' /proc/self/status | tr -d '\\t'`,
    shows: "CapEff:0000000000002000\nCapBnd:0000000000002000\n",
  },
];

/** How the filter answers attacks/attempts.c; libraries know ENOSYS and do without the call. */
const refusals: Readonly<Record<string, string>> = {
  EPERM: "set_id_chmod set_gid_fchmod set_id_open set_gid_mkdir unshare_user clone_user keyring",
  ENOSYS: "clone3_plain openat2_plain io_uring unknown_call set_id_fchmodat2",
  EAFNOSUPPORT: "socket_alg socket_alg_high_bits socket_vsock",
  ok: "plain_chmod plain_open socket_inet",
};

const confinement: readonly Scene[] = [
  ...Object.entries(refusals).map(([answer, names]) => ({
    name: `answers ${answer} to ${names}`,
    script: `sandbox --ro-bind /attacks /attacks -- sh -c 'for a in ${names}; do /attacks/attempts $a; done'`,
    shows: names
      .split(" ")
      .map((name) => `${name}: ${answer}\n`)
      .join(""),
  })),
  {
    name: "would let the same pass without its filter",
    script: `
      sandbox --seccomp none --ro-bind /attacks /attacks -- sh -c '
        for a in set_id_chmod set_id_open unshare_user clone3_plain keyring; do /attacks/attempts $a; done'`,
    shows: "set_id_chmod: ok\nset_id_open: ok\nunshare_user: ok\nclone3_plain: ok\nkeyring: ok\n",
  },
  {
    name: "keeps signals inside by Landlock's scope",
    script: `
      sleep 1000 & there=$!
      for scope in "" "--scope signals"; do
        /launcher enter --pid $there --namespaces uts --env PATH=/bin $scope -- \\
          sh -c "kill -0 $there 2>/dev/null && echo reached || echo closed"
      done`,
    shows: "reached\nclosed\n",
  },
];

const bounds: readonly Scene[] = [
  {
    name: "holds a sandbox to its cgroup's pids limit, and removes the cgroup at its end",
    script: `
      echo +pids > /sys/fs/cgroup/cgroup.subtree_control
      mkdir /sys/fs/cgroup/box; echo 8 > /sys/fs/cgroup/box/pids.max
      sandbox --cgroup /sys/fs/cgroup/box -- sh -c '
        cat /proc/self/cgroup; for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done' 2>&1
      [ -e /sys/fs/cgroup/box ] || echo removed`,
    shows: "0::/\nsh: can't fork: Resource temporarily unavailable\nremoved\n",
  },
  {
    name: "ends everything inside when it is killed itself",
    script: `
      start_sleeper; kill -KILL $(cut -d " " -f 4 /proc/$init/stat)
      eventually [ ! -e /proc/$init/ns/net ] && echo gone`,
    shows: "gone\n",
  },
  {
    name: "ends what runs too long",
    script: "sandbox --timeout 300 -- sleep 1000; echo $?",
    shows: "124\n",
  },
  {
    name: "exits as the command did, and with 125 to 127 where there was none",
    script: `
      sandbox -- sh -c 'exit 7'; echo $?
      sandbox -- sh -c 'kill -TERM $$'; echo $?
      sandbox --no-such-option -- true 2>/dev/null; echo $?
      sandbox -- /tmp 2>/dev/null; echo $?
      sandbox -- /bin/nowhere 2>/dev/null; echo $?`,
    shows: "7\n143\n125\n126\n127\n",
  },
];

const company: readonly Scene[] = [
  {
    name: "gives the command a terminal in the sandbox's own devpts",
    script: `in_terminal /launcher run --uid-map "0 100000 65536" --gid-map "0 100000 65536" --tty \\
      --ro-bind /bin /bin --proc /proc --dev /dev --env PATH=/bin -- sh -c 'tty; ls -1 /dev/pts'`,
    shows: "/dev/pts/0\n0\nptmx\n",
  },
  {
    name: "hands a terminal to the client that attaches, and ends with the command's exit code",
    script: `
      sandbox --tty --listen /tmp/socket -- sh -c 'tty; exit 9' &
      eventually [ -S /tmp/socket ]
      in_terminal sh -c '/launcher attach /tmp/socket; echo attach $?'
      wait $!; echo run $?`,
    shows: "/dev/pts/0\nattach 9\nrun 9\n",
  },
  {
    name: "enters a sandbox, as its user and with its confinement",
    script: `
      start_sleeper --hostname entered --uid 7
      /launcher enter --pid $init --namespaces $everything --follow --seccomp default --env PATH=/bin -- \\
        sh -c 'hostname; id -u; cat /proc/1/comm; grep CapEff /proc/self/status' | tr -d '\\t'`,
    shows: "entered\n7\nterrarium-init\nCapEff:0000000000000000\n",
  },
  {
    name: "enters a process with AppArmor's label, which its own is another than",
    // A policy namespace has a profile of its own, for which nobody has to compile one; who is in it does not see it.
    script: `
      mount -t securityfs none /sys/kernel/security 2>/dev/null
      mkdir /sys/kernel/security/apparmor/policy/namespaces/glass
      sh -c 'echo changeprofile :glass:unconfined > /proc/self/attr/current; exec sleep 1000' & labelled=$!
      eventually grep -q glass /proc/$labelled/attr/current
      for leave in "" "--leave label"; do
        rm -f /tmp/status
        /launcher enter --pid $labelled --namespaces uts --follow $leave --env PATH=/bin --status-fd 3 -- \\
          sleep 1000 3>/tmp/status 2>/tmp/ended &
        eventually grep -qs started /tmp/status
        entered=$(sed -n 's/.*"ready","pid":\\([0-9]*\\).*/\\1/p' /tmp/status)
        cmp -s /proc/$labelled/attr/current /proc/$entered/attr/current && echo followed || echo left
      done`,
    shows: "followed\nleft\n",
  },
  {
    name: "brings a toolbox along to a process that has nothing but itself",
    script: `
      mkdir -p /tmp/lonely/bin; cp /bin/busybox /tmp/lonely/bin/sleep
      unshare -m chroot /tmp/lonely /bin/sleep 1000 & lonely=$!
      eventually grep -q sleep /proc/$lonely/comm
      /launcher enter --pid $lonely --namespaces mnt --follow --toolbox /bin/busybox --tool sh --tool ls \
        --env PATH=/bin -- sh -c 'pwd; ls /target /target/bin'
      ls /tmp/lonely`,
    shows: "/target\n/target:\nbin\n\n/target/bin:\nsleep\nbin\n",
  },
  {
    name: "starts one process after the other, and the one that failed again",
    script: `
      sandbox --process first on-failure --word sh --word -c \\
          --word 'echo first; [ -e /tmp/again ] && exit 0; touch /tmp/again; exit 1' \\
        --process second no --word sh --word -c --word 'sleep 3'
      echo $?`,
    shows: "first\nfirst\n0\n",
  },
];

for (const architecture of ["aarch64", "x86_64"] as const) {
  describeScenes(
    `the launcher on ${architecture}, with cgroup v2`,
    {
      architecture,
      prologue,
      afterEach: "killall -q -KILL launcher sleep",
      files: {
        "/launcher": buildLauncher(architecture),
        "/attacks/attempts": buildProgram(architecture, "test/kernel/attacks/attempts.c"),
      },
    },
    [...world, ...confinement, ...bounds, ...company],
  );
}
