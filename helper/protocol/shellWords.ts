/** A command line for a POSIX shell: each word is read back as it is, whatever is in it. */
export function shellWords(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

/** One word of such a line; nothing that needs no quotes gets any, nor does what stands for a value: `PATH=…`. */
export function quote(word: string): string {
  return /^[\w@%+=:,./…-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
