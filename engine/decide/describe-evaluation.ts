// The words for a question and its answer that admission and the CLI share.
import type { Evaluation, RequestQuestion } from './request-evaluator.ts';

export function describeQuestion({ host, port, method, path, binary }: RequestQuestion): string {
  const request = method === undefined && path === undefined ? '' : ` ${method ?? 'GET'} ${path ?? '/'}`;
  return `${host}:${port}${request}${binary === undefined ? '' : ` by ${binary}`}`;
}

/** `RequestDenied by team/web/api`: what stands behind a verdict. */
export function describeCause({ verdict, reason, id, open }: Evaluation): string {
  if (verdict === 'Allow' && open === 'Body') return 'its body decides, which tests do not have';
  return [reason, id].filter(part => part !== undefined).join(' by ');
}
