import type { HostContainer } from "../../helper/protocol/hostTables.ts";

/** Cgroup paths of real hosts, as somebody published them, for engines that this machine cannot start. */
export interface Capture {
  readonly what: string;
  /** Where it was published. */
  readonly source: string;
  /** Of the process, by hierarchy. */
  readonly cgroups: Readonly<Record<string, string>>;
  readonly expected: Partial<HostContainer> | "none";
}

const podA = "1e597579-417e-482f-bf65-5fe170c3aebd";
const inPodA = "a09bc17f5aa29b0dbdec9ede5f46cf1396d2405917ab02e6f1eb1019f388396e";
const otelPod = "kubepods-besteffort-pod0125ec2f_b64a_4868_8f5b_94b56cbab864.slice";
const otelId = "ee4b20e90ac7f42a10bd004d05646b13d8ab5e2c5e7cbc01abf8006bac016459";
const staticId = "c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415";
const shimId = "d0b3604b67ac7930dd34ba3a796627e3e4717d12309e90a4afe3f38b6816ac98";
const cgroupfsId = "823b5a6d9aaa8da5c0ecda3e7cbcd6729673437965dc600ffcb0a2651960f945";
const node = "/docker/d6701ec289c56e4391acb11d07474b3139466857a305490575508a8b7a9fcf22";
const crioPod = `${node}/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod2ca4a155_3599_498d_bb9d_4446693fa3ea.slice`;
const crioId = "358607a37e7ada357032e7f5729c9ae6a3efdb7962acbcbe47ff6a3c5506cb1c";
const crioHostId = "5eed917563583925ffdbd40a64efb2aaffe58638e57add8becaf460fe74f5b1c";
const desktop = "/user.slice/user-1000.slice/user@1000.service/app.slice";

export const captures: readonly Capture[] = [
  {
    what: "Kubernetes in kind: systemd's driver, version 2",
    source: "https://github.com/containerd/nri/pull/227",
    cgroups: {
      unified: `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod1e597579_417e_482f_bf65_5fe170c3aebd.slice/cri-containerd-${inPodA}.scope`,
    },
    expected: { engine: "kubernetes", id: inPodA, pod: { name: podA, namespace: undefined } },
  },
  {
    what: "Kubernetes whose containerd was not told of systemd's driver, version 1",
    source: "https://github.com/open-telemetry/opentelemetry-java/issues/4507",
    cgroups: {
      perf_event: `/${otelPod}:cri-containerd:${otelId}`,
      blkio: `/system.slice/containerd.service/${otelPod}:cri-containerd:${otelId}`,
      "cpuacct,cpu": `/system.slice/containerd.service/${otelPod}:cri-containerd:${otelId}`,
      cpuset: `/${otelPod}:cri-containerd:${otelId}`,
    },
    expected: {
      engine: "kubernetes",
      id: otelId,
      pod: { name: "0125ec2f-b64a-4868-8f5b-94b56cbab864", namespace: undefined },
      cgroups: {
        perf_event: `/${otelPod}:cri-containerd:${otelId}`,
        blkio: `/system.slice/containerd.service/${otelPod}:cri-containerd:${otelId}`,
        "cpuacct,cpu": `/system.slice/containerd.service/${otelPod}:cri-containerd:${otelId}`,
        cpuset: `/${otelPod}:cri-containerd:${otelId}`,
      },
    },
  },
  {
    what: "a static pod of Kubernetes, systemd's driver",
    source: "https://github.com/netdata/netdata/issues/4868",
    cgroups: {
      "name=systemd": `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod187bff14cccb94f179e943eacce55bb3.slice/cri-containerd-${staticId}.scope`,
    },
    expected: {
      engine: "kubernetes",
      id: staticId,
      pod: { name: "187bff14cccb94f179e943eacce55bb3", namespace: undefined },
    },
  },
  {
    what: "Kubernetes with Docker below it: systemd's driver, version 1",
    source: "https://github.com/lxc/lxc/issues/3890",
    cgroups: {
      freezer: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7d4424e6_bb13_42f4_a47a_45a4828bf54d.slice/docker-${shimId}.scope`,
    },
    expected: {
      engine: "kubernetes",
      id: shimId,
      pod: { name: "7d4424e6-bb13-42f4-a47a-45a4828bf54d", namespace: undefined },
    },
  },
  {
    what: "Kubernetes: cgroupfs's driver, version 1",
    source: "https://github.com/containerd/containerd/issues/4857",
    cgroups: {
      memory: `/kubepods/burstable/pod89f4f2cb511c3b0b7e5272cff5ec37bf/${cgroupfsId}`,
    },
    expected: {
      engine: "kubernetes",
      id: cgroupfsId,
      pod: { name: "89f4f2cb511c3b0b7e5272cff5ec37bf", namespace: undefined },
    },
  },
  {
    what: "a pod's own cgroup: cgroupfs's driver, version 2",
    source: "https://github.com/google/gvisor/issues/8269",
    cgroups: { unified: "/kubepods/besteffort/pod88bcf96e-7b92-4ce5-a3c0-2a6d098a1c33" },
    expected: "none",
  },
  {
    what: "CRI-O in minikube's node, which is a container of Docker",
    source: "https://github.com/kubernetes/minikube/issues/11280",
    cgroups: { unified: `${crioPod}/crio-${crioId}.scope` },
    expected: {
      engine: "cri-o",
      id: crioId,
      pod: { name: "2ca4a155-3599-498d-bb9d-4446693fa3ea", namespace: undefined },
    },
  },
  {
    what: "CRI-O on a host: systemd's driver, version 1",
    source: "https://github.com/opencontainers/runc/issues/4620",
    cgroups: {
      freezer: `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda5c1f8d5_1919_434d_add7_4afaafdaef89.slice/crio-${crioHostId}.scope`,
    },
    expected: {
      engine: "cri-o",
      id: crioHostId,
      pod: { name: "a5c1f8d5-1919-434d-add7-4afaafdaef89", namespace: undefined },
    },
  },
  {
    what: "CRI-O's monitor",
    source: "https://github.com/opencontainers/runc/issues/4620",
    cgroups: {
      freezer:
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod207aaad1_659f_4db8_88e0_46e0cdcc3004.slice/crio-conmon-32da98c8522068be05a7510a3eddb09cad6ed2f03286180d0e931d0d0b6224a6.scope",
    },
    expected: "none",
  },
  {
    what: "Flatpak",
    source: "https://github.com/flatpak/flatpak/issues/6676",
    cgroups: { unified: `${desktop}/app-flatpak-org.gnome.Recipes-273822986.scope` },
    expected: {
      engine: "flatpak",
      id: "org.gnome.Recipes/273822986",
      name: "org.gnome.Recipes",
      user: 1000,
    },
  },
  {
    what: "Flatpak, an application whose name has capitals",
    source: "https://github.com/flatpak/flatpak/issues/5923",
    cgroups: { unified: `${desktop}/app-flatpak-com.discordapp.Discord-820257.scope` },
    expected: { engine: "flatpak", name: "com.discordapp.Discord", user: 1000 },
  },
  {
    what: "a snap",
    source: "https://github.com/canonical/snapd/pull/10847",
    cgroups: {
      unified: `${desktop}/snap.test-snapd-policy-app-consumer.block-devices.f10f877c-1072-4caa-a0db-f095531d624f.scope`,
    },
    expected: {
      engine: "snap",
      id: "test-snapd-policy-app-consumer.block-devices/f10f877c-1072-4caa-a0db-f095531d624f",
      name: "test-snapd-policy-app-consumer.block-devices",
      user: 1000,
    },
  },
  {
    what: "LXC 4 on a hybrid host, with systemd inside",
    source: "https://github.com/htop-dev/htop/pull/217",
    cgroups: {
      unified: "/lxc.payload/example/init.scope",
      cpuset: "/lxc.payload/example",
      devices: "/lxc.payload/example/init.scope",
      "name=systemd": "/lxc.payload/example/init.scope",
    },
    expected: {
      engine: "lxc",
      id: "example",
      name: "example",
      cgroups: {
        unified: "/lxc.payload/example",
        cpuset: "/lxc.payload/example",
        devices: "/lxc.payload/example",
        "name=systemd": "/lxc.payload/example",
      },
    },
  },
  {
    what: "LXC's monitor",
    source: "https://github.com/htop-dev/htop/pull/217",
    cgroups: { unified: "/lxc.monitor/example", cpuset: "/lxc.monitor/example" },
    expected: "none",
  },
  {
    what: "LXD, which Incus comes from",
    source: "https://github.com/canonical/lxd/issues/7104",
    cgroups: { unified: "/lxc.payload.Blog" },
    expected: { engine: "lxc", id: "Blog", name: "Blog" },
  },
  {
    what: "what a user's Podman moves itself to",
    source: "https://github.com/containers/podman/issues/20910",
    cgroups: {
      unified: "/user.slice/user-10000.slice/user@10000.service/user.slice/podman-239302.scope",
    },
    expected: "none",
  },
  {
    what: "a service of Docker's own",
    source: "https://github.com/kata-containers/kata-containers/issues/6232",
    cgroups: { unified: "/system.slice/docker.service" },
    expected: "none",
  },
];
