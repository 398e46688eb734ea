import type { ContentTypeDecoder, Message, MessageStrategy } from "vscode-jsonrpc/node";
import type { Hold } from "./hold.ts";
import { onlyMessages } from "./onlyMessages.ts";
import type { Place, Room } from "./room.ts";

/** How one connection reads messages: each when there is room for it, and with a place there until it is over. */
export interface PlacedMessages {
  /** Of bytes, which are kept until there is room for what they become; nothing more is read meanwhile. */
  readonly decoder: ContentTypeDecoder;
  /** A request is over when its answer was taken, or never will be. */
  readonly strategy: MessageStrategy;
  /** Gives up the places of those that were not begun. */
  dispose(): void;
}

export function openPlacedMessages(room: Room, hold: Hold): PlacedMessages {
  const waiting = new Set<Place>();
  const placeOf = new WeakMap<Message, Place>();

  async function decode(bytes: Uint8Array): Promise<Message> {
    const place = room.enter(bytes.length);
    waiting.add(place);
    if (place.entered) {
      hold(place.entered);
      await place.entered;
    }
    const message: Message = parse(bytes);
    placeOf.set(message, place);
    return message;
  }

  function handleMessage(message: Message, next: (message: Message) => void | Promise<void>) {
    const handled = onlyMessages.handleMessage(message, next);
    const place = placeOf.get(message);
    if (place) {
      waiting.delete(place);
      void Promise.resolve(handled).then(place.leave, place.leave);
    }
    return handled;
  }

  return {
    decoder: { name: "application/json", decode },
    strategy: { handleMessage },
    dispose: () => {
      for (const place of waiting) place.leave();
    },
  };
}

/** Throws SyntaxError, which ends the connection. */
function parse(bytes: Uint8Array): Message {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}
