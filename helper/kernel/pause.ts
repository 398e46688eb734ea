const neverChanges = new Int32Array(new SharedArrayBuffer(4));

/**
 * Blocks this thread. For waits of milliseconds inside work that must not interleave (a lock is held):
 * the kernel needs a moment to let go of a cgroup after the last process in it has been killed.
 */
export function pause(milliseconds: number): void {
  Atomics.wait(neverChanges, 0, 0, milliseconds);
}
