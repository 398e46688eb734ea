export const checkout: string;
export const projectNode: string;
export function toolEnvironment(): NodeJS.ProcessEnv;
export function prepare(job: "build" | "server" | "test" | "bench"): Promise<void>;
