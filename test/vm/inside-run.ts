import { createWriteStream } from "node:fs";
import { run } from "node:test";
import { writeResults } from "../rig/result-lines.ts";
import { type InsideJob, resultDevice } from "./inside-job.ts";

/** Runs inside the machine: test files, one after the other, because they look at what the whole machine shares. */

const timeoutMs = 180_000;

const job: InsideJob = JSON.parse(process.argv[2] ?? "");
const events = run({
  files: [...job.files],
  concurrency: 1,
  timeout: timeoutMs,
});
events.compose(writeResults).pipe(createWriteStream(resultDevice));
