import { Document, isMap, isSeq } from 'yaml';
import type { Promoted } from './promote-grants.ts';

/** A manifest for `kubectl apply` with its provenance in comments. The same promotion gives the same bytes. */
export function formatPromoted({ policy, comments, refused }: Promoted, sandbox: string): string {
  const document = new Document(policy, { version: '1.1', aliasDuplicateObjects: false });
  const { namespace, name } = policy.metadata;
  document.commentBefore = [
    ` What people approved for Sandbox ${sandbox}, as a policy:`,
    ` kubectl creel -n ${namespace} policy promote --sandbox ${sandbox}${name === defaultName(sandbox) ? '' : ` --name ${name}`}`,
    ' Once it is applied, the approvals it answers become Superseded.',
    ...refused.map(({ request, why }) => ` Not in it: ${request}: ${why}`),
  ].join('\n');
  const rules = document.getIn(['spec', 'allow']);
  for (const rule of isSeq(rules) ? rules.items : []) {
    const comment = isMap(rule) ? comments.get(String(rule.get('name'))) : undefined;
    if (isMap(rule) && comment !== undefined) rule.commentBefore = comment;
  }
  return document.toString({ lineWidth: 0 });
}

export function defaultName(sandbox: string): string {
  return `${sandbox}-approved`;
}
