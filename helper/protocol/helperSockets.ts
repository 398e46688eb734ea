/** Where root's helper listens: names that both sides know. */

/** For everybody, where systemd starts it: `terrarium helper --systemd`. It asks the kernel who has come. */
export const systemSocket = "/run/terrarium/helper.socket";

/** For one user alone: `sudo terrarium helper --socket`, in a terminal. */
export function ownSocket(uid: number): string {
  return `/run/terrarium/helper-${uid}.socket`;
}
