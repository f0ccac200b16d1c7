// Where the demo plays: in the outside world of the tests, or, asked for and possible, on the real network with NVIDIA's models.

/** What differs between the two. */
export interface Scene {
  readonly realNetwork: boolean;
  /** Why it is not the real network although that was asked for. */
  readonly why?: string;
  readonly apiKey: string;
  /** A URL that no preset lists, and that answers. */
  readonly unlisted: string;
  /** The profile that the second hello is switched to, and where it is defined beyond the three of policies/profiles. */
  readonly secondProfile: string;
  readonly manifest: string;
  /** What the two hellos show: the test model server names itself, a real model says what it likes. */
  readonly firstAnswer: RegExp;
  readonly secondAnswer: RegExp;
}

const testScene: Scene = {
  realNetwork: false,
  apiKey: 'nvapi-demo-key-that-opens-nothing',
  unlisted: 'https://paste.example.org/report',
  secondProfile: 'vllm',
  manifest: 'scripts/demo/vllm.yaml',
  firstAnswer: /nemotron-3-super-120b-a12b/,
  secondAnswer: /nemotron-3-nano-30b-a3b/,
};

/** `fetch`, as far as it is used. */
export type Ask = (url: string, init: RequestInit) => Promise<Response>;

const modelsUrl = 'https://integrate.api.nvidia.com/v1/models';
const reachTimeoutMs = 10_000;
const staying = 'the demo stays with the test model server';

export async function chooseScene(asked: boolean, env: NodeJS.ProcessEnv, ask: Ask = fetch): Promise<Scene> {
  if (!asked) return testScene;
  const apiKey = env['NVIDIA_API_KEY'] ?? '';
  if (apiKey === '') return { ...testScene, why: `NVIDIA_API_KEY is not set: ${staying}.` };
  const obstacle = await obstacleTo(apiKey, ask);
  if (obstacle !== undefined) return { ...testScene, why: `${obstacle}: ${staying}.` };
  return {
    realNetwork: true,
    apiKey,
    unlisted: 'https://example.org/',
    secondProfile: 'nvidia-nano',
    manifest: 'scripts/demo/nvidia-nano.yaml',
    firstAnswer: /\S/,
    secondAnswer: /\S/,
  };
}

/** From this machine, since the cluster will leave through it. */
async function obstacleTo(apiKey: string, ask: Ask): Promise<string | undefined> {
  try {
    const headers = { authorization: `Bearer ${apiKey}` };
    const answer = await ask(modelsUrl, { headers, signal: AbortSignal.timeout(reachTimeoutMs) });
    await answer.body?.cancel();
    return answer.ok ? undefined : `${modelsUrl} answers ${answer.status} to your NVIDIA_API_KEY`;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return `${modelsUrl} is not reachable from this machine (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}
