export function withProgress<T>(title: string, step: () => T | Promise<T>): Promise<T>;
