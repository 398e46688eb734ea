import { Message, type MessageStrategy } from "vscode-jsonrpc/node";

/**
 * Leaves out what vscode-jsonrpc would only word for its log, which is nobody's: a message that is none of the three
 * kinds, or an error that answers nothing. It indents them first, and a megabyte of `[` becomes 500.
 */
export const onlyMessages: MessageStrategy = {
  handleMessage: (message, next) => (isMessage(message) ? next(message) : undefined),
};

function isMessage(message: Message): boolean {
  if (Message.isRequest(message) || Message.isNotification(message)) return true;
  return Message.isResponse(message) && message.id !== null;
}
