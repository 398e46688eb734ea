import {
  type DeviceUsage,
  pressureKinds,
  type UsageSample,
} from "../../../helper/protocol/usage.ts";
import type { UsageFigure, UsageFigureName } from "../../../helper/protocol/usageFigures.ts";
import type { UsageRates } from "../../../helper/protocol/usageRates.ts";
import type { ChartColour } from "./theme.ts";

/** The six graphs: what each draws from a sample, and what it says when there is nothing to draw. */

/** How a line is told from its neighbours: by colour, and in print or for the colour-blind by its dashes. */
export interface LineStyle {
  readonly colour: ChartColour;
  readonly dash?: readonly number[];
  readonly filled?: boolean;
  /** A limit: the graph shows it where the usage is not far below it. */
  readonly bound?: boolean;
  /** Of a share in percent, at the right edge. */
  readonly share?: boolean;
}

/** One figure of a sample, as a point of one line. */
export interface Reading {
  /** Of all graphs' lines. */
  readonly key: string;
  readonly label: string;
  readonly figure: UsageFigureName;
  readonly style: LineStyle;
  readonly value: number | undefined;
}

export interface GraphFact {
  readonly title: string;
  readonly unit: UsageFigure["unit"];
  /** The scale's least top: noise near zero stays near zero. */
  readonly leastTop: number;
  readings(sample: UsageSample, rates: UsageRates | undefined): readonly Reading[];
  /** Why there is nothing to draw. */
  absence(sample: UsageSample): string;
}

const dashes = { long: [8, 4], short: [4, 3], dots: [1.5, 3], mixed: [8, 3, 1.5, 3] } as const;
const hardLimit: LineStyle = { colour: "red", dash: dashes.long, bound: true };
const kibibyte = 1024;

/** Of a machine with many disks the busiest: more lines could not be told apart. */
const mostDevices = 4;

const cpu: GraphFact = {
  title: "CPU",
  unit: "percent",
  leastTop: 5,
  readings: ({ cpu: now }, rates) => [
    line("cpu", "used", "cpu", rates?.cpuPercent, { colour: "blue", filled: true }),
    line("throttled", "throttled", "throttled", rates?.throttledPercent, {
      colour: "yellow",
      dash: dashes.short,
      share: true,
    }),
    line("cpuLimit", "limit", "cpuLimit", now?.limitPercent, hardLimit),
  ],
  absence: () =>
    "No processor time: the kernel counts none here. In cgroup v1 it is cpuacct's cgroups that count it.",
};

const memory: GraphFact = {
  title: "Memory",
  unit: "bytes",
  leastTop: 1024 * kibibyte,
  readings: ({ memory: now }) => [
    line("memory", "in all", "memory", now?.current, { colour: "blue", filled: true }),
    line("anon", "anonymous", "anon", now?.anon, { colour: "purple", dash: dashes.short }),
    line("file", "file", "file", now?.file, { colour: "green", dash: dashes.dots }),
    line("kernel", "kernel", "kernel", now?.kernel, { colour: "foreground", dash: dashes.mixed }),
    line("swap", "swap", "swap", now?.swap, { colour: "yellow", dash: dashes.short }),
    line("memoryHigh", "high", "memoryHigh", now?.high, {
      colour: "yellow",
      dash: dashes.long,
      bound: true,
    }),
    line("memoryMax", "limit", "memoryMax", now?.max, hardLimit),
  ],
  absence: () => "No memory figures: no memory controller serves this target.",
};

const pids: GraphFact = {
  title: "Processes",
  unit: "count",
  leastTop: 10,
  readings: ({ pids: now }) => [
    line("pids", "running", "pids", now?.current, { colour: "blue", filled: true }),
    line("pidsMax", "limit", "pidsMax", now?.max, hardLimit),
  ],
  absence: () => "No count of processes: no pids controller serves this target.",
};

const io: GraphFact = {
  title: "Disk",
  unit: "bytesPerSecond",
  leastTop: 16 * kibibyte,
  readings: ({ io: devices }, rates) =>
    busiest(devices).flatMap(({ device, name }, place) => {
      const rate = rates?.io?.find((one) => one.device === device);
      const title = name ?? device;
      const ways = transfers(place, rate?.readBytesPerSecond, rate?.writeBytesPerSecond);
      return [
        line(`io ${device} read`, `${title} read`, "ioRead", ...ways[0]),
        line(`io ${device} write`, `${title} written`, "ioWrite", ...ways[1]),
      ];
    }),
  absence: ({ io: devices }) =>
    devices
      ? "Nothing was read from a disk that the kernel counts, nor written."
      : "No disk figures: the kernel counts no disk for this target.",
};

const pressureColours = { cpu: "blue", memory: "purple", io: "green" } as const;
const pressureWords = { cpu: "CPU", memory: "memory", io: "disk" } as const;

const pressure: GraphFact = {
  title: "Pressure",
  unit: "percent",
  leastTop: 5,
  readings: (_sample, rates) =>
    pressureKinds.flatMap((kind) => {
      const rate = rates?.pressure?.[kind];
      const colour = pressureColours[kind];
      const some = `${pressureWords[kind]}, some`;
      const full = `${pressureWords[kind]}, all`;
      return [
        line(`${kind} some`, some, "pressureSome", rate?.somePercent, { colour }),
        line(`${kind} full`, full, "pressureFull", rate?.fullPercent, {
          colour,
          dash: dashes.dots,
        }),
      ];
    }),
  absence: () =>
    "No pressure figures: cgroup v1 has none, and the target is in no version 2 tree of a kernel that keeps them (psi=1).",
};

const network: GraphFact = {
  title: "Network",
  unit: "bytesPerSecond",
  leastTop: kibibyte,
  readings: ({ network: interfaces }, rates) =>
    (interfaces ?? []).slice(0, mostDevices).flatMap(({ interface: name }, place) => {
      const rate = rates?.network?.find((one) => one.interface === name);
      const ways = transfers(place, rate?.rxBytesPerSecond, rate?.txBytesPerSecond);
      return [
        line(`net ${name} rx`, `${name} received`, "received", ...ways[0]),
        line(`net ${name} tx`, `${name} sent`, "sent", ...ways[1]),
      ];
    }),
  absence: ({ network: interfaces }) =>
    interfaces
      ? "Its network namespace has loopback only: nothing goes in or out."
      : "No network figures of its own: it shares the host's network, or has no process.",
};

export const graphFacts = { cpu, memory, pids, io, pressure, network } as const;
export type GraphName = keyof typeof graphFacts;
export const graphNames = Object.keys(graphFacts) as readonly GraphName[];

function line(
  key: string,
  label: string,
  figure: UsageFigureName,
  value: number | undefined,
  style: LineStyle,
): Reading {
  return { key, label, figure, value, style };
}

type Way = readonly [value: number | undefined, style: LineStyle];

const deviceColours: readonly ChartColour[] = ["blue", "green", "purple", "yellow"];

/** In and out of one device: the same colour, solid and dashed. */
function transfers(
  place: number,
  into: number | undefined,
  out: number | undefined,
): readonly [Way, Way] {
  const colour = deviceColours[place % deviceColours.length] ?? "blue";
  return [
    [into, { colour }],
    [out, { colour, dash: dashes.short }],
  ];
}

/** Those with the most transferred so far, in the kernel's order: lines keep their colours for long. */
function busiest(devices: readonly DeviceUsage[] = []): readonly DeviceUsage[] {
  if (devices.length <= mostDevices) return devices;
  const transferred = ({ readBytes, writeBytes }: DeviceUsage) => readBytes + writeBytes;
  const chosen = [...devices].sort((a, b) => transferred(b) - transferred(a)).slice(0, mostDevices);
  return devices.filter((device) => chosen.includes(device));
}
