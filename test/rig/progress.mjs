/** One line per long step, with its seconds at the end: a new user sees what the time goes into. */

/**
 * @template T
 * @param {string} title what is being done, as a sentence without its full stop
 * @param {() => T | Promise<T>} step
 * @returns {Promise<T>}
 */
export async function withProgress(title, step) {
  const started = performance.now();
  process.stderr.write(`${title} … `);
  try {
    const result = await step();
    process.stderr.write(`${seconds(started)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`failed after ${seconds(started)}\n`);
    throw error;
  }
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
