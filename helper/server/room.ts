/**
 * How much of what one user asks is kept at once. In memory a byte of JSON is up to 28 (`[[[`, `{"9":1}`): a megabyte of
 * them in each of 32 requests on each of 16 connections would be 14 GB.
 */
export interface Room {
  /** In the order in which they come. What is small needs no place, so that it waits for nothing that is large. */
  enter(bytes: number): Place;
  isEmpty(): boolean;
}

export interface Place {
  /** Resolves when there is room, and not at all for who leaves before; undefined where there is some. */
  readonly entered: Promise<void> | undefined;
  leave(): void;
}

/** Two of the largest requests. What was let go of is in memory, too, until V8 has collected it: as much again. */
const mostBytes = 2 * 1024 * 1024;

/** All that a user's connections can have on their way of these are a megabyte. */
const smallBytes = 2 * 1024;

const needsNone: Place = { entered: undefined, leave: () => undefined };

export const unbounded: Room = { enter: () => needsNone, isEmpty: () => true };

interface Guest {
  readonly bytes: number;
  readonly enter: () => void;
}

export function openRoom(most = mostBytes, small = smallBytes): Room {
  const inside = new Set<Guest>();
  const waiting = new Set<Guest>();
  let taken = 0;

  /** The first goes in alone, however large it is. */
  const hasRoomFor = ({ bytes }: Guest) => inside.size === 0 || taken + bytes <= most;

  function admit(): void {
    for (const guest of waiting) {
      if (!hasRoomFor(guest)) return;
      waiting.delete(guest);
      inside.add(guest);
      taken += guest.bytes;
      guest.enter();
    }
  }

  function leave(guest: Guest): void {
    waiting.delete(guest);
    if (inside.delete(guest)) taken -= guest.bytes;
    admit();
  }

  return {
    enter: (bytes) => {
      if (bytes <= small) return needsNone;
      let enter = (): void => undefined;
      const entered = new Promise<void>((resolve) => {
        enter = resolve;
      });
      const guest = { bytes, enter };
      waiting.add(guest);
      admit();
      return { entered: inside.has(guest) ? undefined : entered, leave: () => leave(guest) };
    },
    isEmpty: () => inside.size === 0 && waiting.size === 0,
  };
}
