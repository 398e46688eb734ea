import * as z from "zod/mini";
import { limitNames } from "../../helper/protocol/limits.ts";
import {
  exportFormats,
  type PanelRequest,
  type PanelSubject,
  panelActions,
  panelTabs,
} from "../../helper/protocol/panel.ts";

/** What comes from a page, checked before anybody acts on it: strict, bounded, and of a closed set. */

const tab = z.enum(panelTabs);

/** An hour of forty figures twice a second has some 4 MB. */
const longestExport = 16 * 1024 * 1024;

const process = z.strictObject({
  pid: z.int().check(z.minimum(1), z.maximum(4_194_304)),
  startTimeTicks: z.int().check(z.minimum(0)),
});

const limit = z.enum(limitNames);

/** The helper looks for a cgroup there and nowhere else; a path of ours names it without a way back up. */
const leadsOnlyDown = (path: string) => !path.split("/").includes("..");

const request = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("ready"), tab }),
  z.strictObject({ type: z.literal("show"), tab }),
  z.strictObject({ type: z.literal("act"), action: z.enum(panelActions) }),
  z.strictObject({
    type: z.literal("updateLimits"),
    limits: z.partialRecord(limit, z.string().check(z.maxLength(4096))),
    revertAfterMs: z.optional(z.int().check(z.minimum(1_000), z.maximum(3_600_000))),
  }),
  z.strictObject({ type: z.enum(["undoLimits", "keepLimits", "revertLimits", "copyFlags"]) }),
  z.strictObject({ type: z.enum(["openLimitFile", "copyLimitFile", "openLimiting"]), limit }),
  z.strictObject({ type: z.literal("kill"), process }),
  z.strictObject({ type: z.literal("openProcess"), process }),
  z.strictObject({
    type: z.literal("openCgroup"),
    path: z.string().check(z.maxLength(4095), z.regex(/^\//), z.refine(leadsOnlyDown)),
  }),
  z.strictObject({
    type: z.literal("export"),
    format: z.enum(exportFormats),
    content: z.string().check(z.maxLength(longestExport)),
  }),
]) satisfies z.ZodMiniType<PanelRequest>;

const subject = z.strictObject({
  kind: z.enum(["sandbox", "process", "cgroup"]),
  target: z.string().check(z.minLength(1), z.maxLength(4095)),
  title: z.string().check(z.maxLength(256)),
  startTimeTicks: z.optional(z.int().check(z.minimum(0))),
}) satisfies z.ZodMiniType<PanelSubject>;

const state = z.object({ subject });

/** Undefined: nothing that a page of ours would send. */
export function parseRequest(message: unknown): PanelRequest | undefined {
  return request.safeParse(message).data;
}

/** Whom a panel was about before the window was loaded anew, from what its page had left. */
export function parseSubject(left: unknown): PanelSubject | undefined {
  return state.safeParse(left).data?.subject;
}
