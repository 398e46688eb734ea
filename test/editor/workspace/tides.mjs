/** Half the time between two high waters: a lunar day holds two tides. */
const lunarHalfDayMinutes = 12 * 60 + 25;

/**
 * High and low water of a day, for a coast where the moon is all that matters.
 *
 * @param {Date} day
 * @returns {{ kind: "high" | "low", time: string }[]}
 */
export function tidesOf(day) {
  const midnight = new Date(day).setHours(0, 0, 0, 0);
  const first = (midnight / 60_000) % (lunarHalfDayMinutes / 2);
  const minutes = [0, 1, 2, 3].map((quarter) => first + (quarter * lunarHalfDayMinutes) / 2);
  return minutes.map((minute, index) => ({
    kind: index % 2 === 0 ? "high" : "low",
    time: new Date(midnight + minute * 60_000).toTimeString().slice(0, 5),
  }));
}
