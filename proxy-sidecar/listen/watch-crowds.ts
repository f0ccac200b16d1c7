/** Hears of every captured connection. */
export interface CrowdWatch {
  readonly opened: () => void;
  readonly closed: () => void;
}

const crowd = 1000;
/** Of the most there were: with fewer left it is over. */
const remainder = 1 / 4;

/**
 * Calls `collect` when a thousand connections or more have mostly ended, and still have `later`. V8 collects when something new needs
 * room: what 6 144 connections leave behind, 60 MiB, an idle process would keep for ever.
 */
export function watchCrowds(collect: () => void, later: (run: () => void) => void): CrowdWatch {
  let open = 0;
  let most = 0;
  let isAwaited = false;
  const isOver = () => most >= crowd && open <= most * remainder;
  return {
    opened: () => {
      open++;
      most = Math.max(most, open);
    },
    closed: () => {
      open--;
      if (isAwaited || !isOver()) return;
      isAwaited = true;
      later(() => {
        isAwaited = false;
        if (!isOver()) return;
        most = open;
        collect();
      });
    },
  };
}
