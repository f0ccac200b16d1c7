/** Tells a person what is going on; one line a call, without a line break. */
export type Progress = (line: string) => void;

export function stderrProgress(line: string): void {
  process.stderr.write(`cluster: ${line}\n`);
}
