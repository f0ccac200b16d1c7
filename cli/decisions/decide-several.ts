import type { ApprovalRequest } from '../../crds/schema/approval-request.ts';
import type { CommandContext } from '../commands/command-context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import type { Api } from '../kube/api.ts';
import { UserError } from '../user-error.ts';
import { type Decide, decideAndAwait } from './decide-and-await.ts';

/** So many are decided at the same time: each waits for its own effect. */
const atOnce = 16;

/** Each by itself: one that is refused keeps none of the others back. Throws at the end where any failed. */
export async function decideSeveral(
  context: CommandContext,
  api: Api,
  requests: readonly ApprovalRequest[],
  decide: Decide,
): Promise<void> {
  const failed: UserError[] = [];
  const queue = [...requests];
  const worker = async () => {
    for (let seen = queue.shift(); seen !== undefined && !context.signal.aborted; seen = queue.shift()) {
      try {
        context.print(await decideAndAwait(api, seen, decide));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failed.push(error);
        if (requests.length > 1) context.printError(`error: ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, requests.length) }, worker));
  const [first] = failed;
  if (first === undefined) return;
  if (requests.length === 1) throw first;
  throw new UserError(`${failed.length} of ${requests.length} were not decided as asked`, {
    exitCode: sameCode(failed) ?? exitCodes.failed,
    try: first.try,
  });
}

function sameCode(errors: readonly UserError[]): ExitCode | undefined {
  const [first, ...more] = errors.map(({ exitCode }) => exitCode);
  return more.every(code => code === first) ? first : undefined;
}
