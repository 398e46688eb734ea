/** Whose flow can be held back: a stream whose reader would else queue what it is sent. */
interface Flow {
  pause(): void;
  resume(): void;
}

/** Holds a stream back until then, however long others do. */
export type Hold = (until: Promise<unknown>) => void;

export function openHold(flow: Flow): Hold {
  let reasons = 0;
  return (until) => {
    reasons += 1;
    flow.pause();
    const end = () => {
      reasons -= 1;
      if (reasons === 0) flow.resume();
    };
    until.then(end, end);
  };
}
