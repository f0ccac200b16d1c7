// How long the engine takes for one connection at 20 000 rules: each decision alone, with the clock's own 40 ns in it. A mean of
// many would say less: one interruption by the machine makes it a figure of the machine.
import { parseHost } from '../../../engine/canonical/host.ts';
import { createDecider } from '../../../engine/decide/decider.ts';
import { allow } from '../../netns/snapshot-parts.ts';
import { quantile } from '../figure.ts';

const ruleCount = 20_000;

export function decisionTimesUs(decisions: number): { readonly p99: number; readonly samples: readonly number[] } {
  const rules = Array.from({ length: ruleCount }, (_, index) =>
    allow(
      [`h${index}.example${index % 100}.com`],
      index % 10 === 0 ? { hosts: [{ kind: 'label', name: `w${index}.org` }] } : {},
    ),
  );
  const policy = {
    hash: '',
    onUnlisted: 'Ask' as const,
    holdMs: 0,
    identity: 'Process' as const,
    frozen: false,
    rules,
    neverAddresses: [],
  };
  const decider = createDecider(policy, { hash: '', items: [] }, () => Date.now());
  const targets = Array.from({ length: 5000 }, (_, index) => {
    const name =
      index % 3 === 0 ? `x.w${(index * 10) % ruleCount}.org` : `h${index * 4}.example${(index * 4) % 100}.com`;
    return { host: parseHost(name), port: index % 5 === 0 ? 80 : 443 };
  }).flatMap(({ host, port }) => (host.kind === 'invalid' ? [] : [{ host, port }]));
  let allowed = 0;
  const one = (index: number) => {
    const target = targets[index % targets.length];
    if (target !== undefined && decider.decide(target).verdict === 'Allow') allowed++;
  };
  for (let index = 0; index < 200_000; index++) one(index);
  const samples = Array.from({ length: decisions }, (_, index) => {
    const startedMs = performance.now();
    one(index);
    return (performance.now() - startedMs) * 1000;
  });
  if (allowed === 0) throw new Error('no decision allowed anything: the bench measures nothing');
  return { p99: quantile(samples, 0.99), samples };
}
