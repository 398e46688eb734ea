/**
 * Who made a cgroup, by how its path is written: every engine has its own way. Anybody who may make cgroups may write
 * one like that, so this is a word for a person, and nothing is decided by it.
 */
interface Pattern {
  /** Of the path's last three directories: paths are long, and whoever made one may have made it to take time. */
  readonly path: RegExp;
  /** `$1`: what was found. */
  readonly manager: string;
}

const directoriesLookedAt = 3;

/** The first that fits; the scope of an engine is a unit of systemd's, too, so systemd is the last. */
const patterns: readonly Pattern[] = [
  // helper/limits/places.ts.
  { path: /\/terrarium(?:\/[0-9a-f]{12})?$/, manager: "Terrarium" },
  { path: /\/terrarium-[0-9a-f]{12}\.scope(?:\/sandbox|\/monitor)?$/, manager: "Terrarium" },
  // moby, daemon/oci_linux.go: /docker/ID, or docker-ID.scope where systemd is the cgroup driver.
  { path: /\/docker(?:\/[0-9a-f]{64})?$/, manager: "Docker" },
  { path: /\/docker-[0-9a-f]{64}\.scope$/, manager: "Docker" },
  // moby/buildkit, executor/runcexecutor: /docker/buildkit/ID, or /buildkit/ID.
  { path: /\/buildkit(?:\/[0-9a-z]{20,64})?$/, manager: "BuildKit" },
  // kubernetes, pkg/kubelet/cm/cgroup_manager_linux.go: /kubepods/burstable/podUID, or slices of the same words. A
  // container is a directory of its pod, or a scope, which is its engine's.
  { path: /\/kubepods(?:\/besteffort|\/burstable)?$/, manager: "kubelet" },
  { path: /\/pod[0-9a-f-]{32,36}(?:\/[0-9a-f]{64})?$/, manager: "kubelet" },
  { path: /\/kubepods(?:-[\w-]+)?\.slice$/, manager: "kubelet" },
  // containerd, internal/cri/server/container_create.go; nerdctl, pkg/cmd/container/run_cgroup_linux.go.
  { path: /\/(?:cri-containerd|nerdctl)-[0-9a-f]{64}\.scope$/, manager: "containerd" },
  // cri-o, internal/config/cgmgr: crio-ID.scope, and crio-conmon-ID.scope for the process that watches it.
  { path: /\/crio-(?:conmon-)?[0-9a-f]{64}(?:\.scope)?$/, manager: "CRI-O" },
  // podman, libpod/container_internal_linux.go, libpod/pod_internal_linux.go.
  { path: /\/libpod-(?:conmon-|payload-)?[0-9a-f]{64}(?:\.scope)?$/, manager: "Podman" },
  { path: /\/(?:libpod_parent|[\w-]*libpod_pod_[0-9a-f]{64}\.slice)$/, manager: "Podman" },
  // lxc, src/lxc/cgroups/cgfsng.c: lxc.payload.NAME and lxc.monitor.NAME since LXC 4, /lxc/NAME before. Incus, too.
  { path: /\/lxc\.(?:payload|monitor|pivot)(?:[./][^/]+)?$/, manager: "LXC" },
  { path: /\/lxc(?:\/[^/]+)?$/, manager: "LXC" },
  // systemd, src/machine/machine-dbus.c and src/nspawn/nspawn-cgroup.c.
  { path: /\/machine-[^/]+\.scope(?:\/payload|\/supervisor)?$/, manager: "systemd-machined" },
  {
    path: /\/systemd-nspawn@[^/]+\.service(?:\/payload|\/supervisor)?$/,
    manager: "systemd-nspawn",
  },
  // snapd, sandbox/cgroup/tracking.go: snap.NAME.APP-UUID.scope, snap.NAME.APP.service.
  { path: /\/snap\.([^/.]+)\.[^/]+\.(?:scope|service)$/, manager: "snap: $1" },
  // flatpak, common/flatpak-run.c: app-flatpak-ID-PID.scope.
  { path: /\/app-flatpak-([^/]+)-\d+\.scope$/, manager: "Flatpak: $1" },
  // amazon-ecs-agent, agent/api/task/task_linux.go: /ecs/CLUSTER/TASK/CONTAINER.
  { path: /\/ecs(?:\/[^/]+){0,2}$/, manager: "Amazon ECS" },
  // slurm, src/plugins/cgroup: /slurm/uid_N/job_N, slurmstepd.scope/job_N.
  {
    path: /\/(?:slurm|slurmstepd\.scope)(?:\/(?:uid|job|step|user|task)_[^/]+){0,2}$/,
    manager: "Slurm",
  },
  // systemd.unit(5); a name that would be a file of the cgroup's has an underscore before it.
  { path: /\/_?([^/]+\.(?:service|scope|slice|socket|mount|swap))$/, manager: "systemd: $1" },
];

/** Units below user@UID.service are those of the user's own manager: user@.service(5). */
const userManager = /\/user@(\d+)\.service\//;

/** For the root of a hierarchy, and for what is written in no engine's way, undefined. */
export function managerOf(path: string): string | undefined {
  const end = `/${path.split("/").slice(-directoriesLookedAt).join("/")}`.replace("//", "/");
  for (const pattern of patterns) {
    const match = pattern.path.exec(end);
    if (match)
      return ofUser(
        path,
        pattern.manager.replace("$1", () => match[1] ?? ""),
      );
  }
  return undefined;
}

function ofUser(path: string, manager: string): string {
  const uid = userManager.exec(path)?.[1];
  return uid === undefined ? manager : `${manager} (user ${uid})`;
}
