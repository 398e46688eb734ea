/**
 * A reader of vscode-jsonrpc that asks nobody about a message of which only a part has come. It would ask every ten
 * seconds, for ever, also when the sender has died in the middle, and so keep this process alive.
 */
export function patientReader<R extends { partialMessageTimeout: number }>(reader: R): R {
  reader.partialMessageTimeout = 0;
  return reader;
}
