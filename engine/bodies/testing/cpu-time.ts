/** The least CPU time of three calls, ms: what else the machine does is not the parser's doing. */
export function cpuMs(call: () => void): number {
  const times = [1, 2, 3].map(() => {
    const start = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}
