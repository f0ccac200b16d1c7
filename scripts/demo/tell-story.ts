// What a user does with Creel, from the first `kubectl apply` to an approval taken back. Every command is run as it is printed.
import type { Scene } from './choose-scene.ts';
import { DemoFailure } from './demo-failure.ts';
import type { Narrator } from './narrator.ts';

const namespace = 'agents';
const sandbox = 'my-assistant';
const creel = `kubectl creel -n ${namespace}`;
const kubectl = `kubectl -n ${namespace}`;
const inside = `${creel} connect ${sandbox} --`;
const hello = `${inside} openclaw agent --agent main --local -m "Hello, world!" --session-id test 2>/dev/null`;
const helloTimeoutMs = 240_000;

export async function tellStory(demo: Narrator, scene: Scene): Promise<void> {
  await makeNamespace(demo, scene);
  await startAssistant(demo);
  await sayHello(demo, scene);
  await showLimits(demo);
  await reachAllowed(demo);
  await tellMistake(demo);
  const request = await meetTheFence(demo, scene);
  await decide(demo, scene, request);
  await switchModel(demo, scene);
  await keep(demo);
  await takeBack(demo, request);
  await refuse(demo, scene);
}

async function makeNamespace(demo: Narrator, { manifest }: Scene): Promise<void> {
  demo.step(
    'A namespace for agents',
    'Its admin lets the operator read the model keys here; nowhere else can it read a Secret.',
  );
  await demo.run('kubectl apply -f examples/my-assistant/namespace.yaml');
  await demo.run(`${kubectl} create secret generic nvidia-api-key --from-literal=api-key="$NVIDIA_API_KEY"`);
  await demo.run(`${kubectl} annotate secret nvidia-api-key creel.dev/allowed-hosts=integrate.api.nvidia.com`);
  await demo.run(`${kubectl} apply -k examples/my-assistant`, { maxLines: 20 });
  await demo.run(`kubectl apply -f ${manifest}`, { quiet: true });
  await demo.run(`${kubectl} get ifp`);
}

async function startAssistant(demo: Narrator): Promise<void> {
  demo.step('my-assistant starts', 'The agent runs only after the fence around it is proved and a policy is in force.');
  const ran = await demo.run(`${kubectl} wait csb/${sandbox} --for=condition=Ready --timeout=120s`);
  demo.figure('from apply to Ready, at most', ran.ms);
  await demo.run(`${kubectl} get csb`);
  await demo.run(`${creel} doctor`, { maxLines: 8 });
}

async function sayHello(demo: Narrator, { firstAnswer }: Scene): Promise<void> {
  demo.step(
    'Hello, world!',
    'Real OpenClaw calls https://inference.local; the sidecar adds the model and the key it never sees.',
  );
  const ran = await demo.run(hello, { timeoutMs: helloTimeoutMs, shows: firstAnswer });
  demo.figure("OpenClaw's whole turn", ran.ms);
}

async function showLimits(demo: Narrator): Promise<void> {
  demo.step(
    'What the agent is',
    'An ordinary user without capabilities; read-only everywhere but /sandbox and /tmp; no key, no token.',
  );
  await demo.run(`${inside} sh -c 'id -u; grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status'`, {
    shows: /CapEff:\s*0+\n\s*NoNewPrivs:\s*1\n\s*Seccomp:\s*2/,
  });
  await demo.run(`${inside} sh -c 'touch /sandbox/mine /tmp/mine && echo written; touch /etc/passwd'`, {
    expect: [1],
    shows: /written/,
  });
  await demo.run(`${inside} sh -c 'env | grep -c "$(printf nvapi)-" || echo no key in the environment'`, {
    shows: /no key/,
  });
}

async function reachAllowed(demo: Narrator): Promise<void> {
  demo.step('What a policy lists works', 'The baseline preset lists GitHub and npm.');
  await demo.run(`${inside} curl -sS -w 'HTTP %{http_code}\\n' https://api.github.com/zen`, { shows: /HTTP 200/ });
}

async function tellMistake(demo: Narrator): Promise<void> {
  demo.step('A mistake in a policy is told at once', 'All of them: field, problem and remedy; nothing is stored.');
  await demo.run(`${kubectl} apply -f scripts/demo/mistaken.yaml`, { expect: [1], shows: /denny: unknown field/ });
}

/** The first denial; resolves to the name of the ApprovalRequest it made. */
async function meetTheFence(demo: Narrator, { unlisted }: Scene): Promise<string> {
  demo.step(
    'What no policy lists is stopped',
    'Before any DNS question leaves the pod. The answer names the request that a person can decide.',
  );
  const curl = await demo.run(`${inside} curl -sS -w '\\nHTTP %{http_code}\\n' ${unlisted}`, { shows: /HTTP 403/ });
  const name = /\bapr-[a-z0-9]+/.exec(curl.output)?.[0];
  if (!name) throw new DemoFailure(`the 403 names no ApprovalRequest:\n${curl.output}`);
  await demo.run(`${kubectl} get apr`, { shows: /example\.org\s+443\s+\/usr\/bin\/curl/ });
  return name;
}

async function decide(demo: Narrator, { unlisted }: Scene, request: string): Promise<void> {
  demo.step(
    'A person approves',
    'For one hour, for this binary, host and port. The same request passes; nothing was restarted.',
  );
  const approved = await demo.run(`${creel} approve ${request} --for 1h`, { shows: /enforced/ });
  const ms = /\((\d+) ms\)/.exec(approved.output)?.[1];
  if (ms) demo.figure('from the decision to its effect in the sandbox', Number(ms));
  await demo.run(`${inside} curl -sS -w '\\nHTTP %{http_code}\\n' ${unlisted}`, { shows: /HTTP 200/ });
}

async function switchModel(demo: Narrator, { secondProfile, secondAnswer }: Scene): Promise<void> {
  demo.step('Another model', 'One command; the next request takes the new route, the pod stays.');
  const uid = `${kubectl} get pod csb-${sandbox} -o jsonpath='{.metadata.uid} {.status.containerStatuses[*].restartCount}'`;
  const before = await demo.run(uid, { quiet: true });
  const set = await demo.run(`${creel} inference set --sandbox ${sandbox} --profile ${secondProfile}`);
  const ms = /\((\d+) ms\)/.exec(set.output)?.[1];
  if (ms) demo.figure('from the command to the new route in force', Number(ms));
  await demo.run(hello, { timeoutMs: helloTimeoutMs, shows: secondAnswer });
  const after = await demo.run(uid, { quiet: true });
  if (before.output !== after.output)
    throw new DemoFailure(`the pod was restarted: ${before.output} became ${after.output}`);
}

async function keep(demo: Narrator): Promise<void> {
  demo.step(
    'Kept for good, if you like',
    'What people approved, as a policy for a pull request; applied, it takes over.',
  );
  await demo.run(`${creel} policy promote --sandbox ${sandbox} 2>/dev/null`, { shows: /kind: EgressPolicy/ });
}

async function takeBack(demo: Narrator, request: string): Promise<void> {
  demo.step('Taken back', 'The approval ends at once; connections it allowed are closed.');
  await demo.run(`${creel} revoke ${request} --reason "report sent"`, { shows: /revoked/ });
}

async function refuse(demo: Narrator, { unlisted }: Scene): Promise<void> {
  demo.step('Refused, and told why', 'The agent asks anew; the reason of the person who denies is in its 403.');
  const curl = await demo.run(`${inside} curl -sS -w '\\nHTTP %{http_code}\\n' ${unlisted}`, { shows: /HTTP 403/ });
  const [name] = /\bapr-[a-z0-9]+/.exec(curl.output) ?? [];
  if (name === undefined) throw new DemoFailure(`the 403 names no ApprovalRequest:\n${curl.output}`);
  await demo.run(`${creel} deny ${name} --reason "one report a day"`, { shows: /denied/ });
  await demo.run(`${inside} curl -sS ${unlisted}`, { shows: /one report a day/ });
}
