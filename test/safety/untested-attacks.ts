/** Attacks that no test of the tree carries out yet, each with the reason. */
export const untested: Readonly<Record<string, string>> = {};
