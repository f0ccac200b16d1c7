import { sidecarEnvironment, sidecarNodeFlags, sidecarUid } from '../../protocol/constants.ts';
import { waitUntil } from '../cluster/base/wait-until.ts';
import type { Pod } from './pod.ts';
import type { PodProcess, ProcessOptions, ProcessResult } from './pod-process.ts';
import { childrenOf, uidOf } from './process-tree.ts';

export interface SidecarFiles {
  readonly launcher: string;
  readonly node: string;
  readonly bundle: string;
  readonly shared: string;
  readonly private: string;
  readonly podInfo: string;
  readonly token: string;
  readonly roots: string;
}

const guardCapabilities = '-all,+net_admin,+setuid,+setgid,+setpcap';
const containerPrivileges = {
  user: 'admin',
  privileges: ['--bounding-set', guardCapabilities, '--inh-caps', '-all'],
} as const;

/** A running guard with its sidecar. */
export class Sidecar {
  readonly files: SidecarFiles;
  readonly #pod: Pod;
  #guard: PodProcess;

  constructor(pod: Pod, files: SidecarFiles) {
    this.#pod = pod;
    this.files = files;
    this.#guard = this.#start();
  }

  get guard(): PodProcess {
    return this.#guard;
  }

  /** Everything that guard and sidecar have written: audit lines are JSON, one a line. */
  get log(): string {
    return this.#guard.stdout + this.#guard.stderr;
  }

  /** The sidecar's decision lines so far. */
  get auditLines(): readonly Readonly<Record<string, unknown>>[] {
    return this.#guard.stdout
      .split('\n')
      .slice(0, -1)
      .flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []))
      .filter(line => 'decision' in line);
  }

  /** Environment of agents: whom to trust. */
  get agentEnv(): Readonly<Record<string, string>> {
    const bundle = `${this.files.shared}/ca-bundle.crt`;
    const names = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'GIT_SSL_CAINFO'];
    return Object.fromEntries(names.map(name => [name, bundle]));
  }

  /** A program of the agent, with its environment but without the agent's launcher. */
  async runAgent(command: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
    return this.#pod.run(command, { ...options, env: { ...this.agentEnv, ...options.env } });
  }

  /** The same, left running. */
  startAgent(command: readonly string[], options: ProcessOptions = {}): PodProcess {
    return this.#pod.start(command, { ...options, env: { ...this.agentEnv, ...options.env } });
  }

  /** A program of the agent as the pod starts it: through `launcher run`. */
  async runThroughLauncher(command: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
    const run = [`${this.files.shared}/launcher`, 'run', '--workdir', '/tmp', '--writable', '/tmp', '--timeout', '5s'];
    return this.runAgent([...run, '--', ...command], options);
  }

  async waitReady(): Promise<void> {
    const { exitCode, stderr } = await this.runWaitReady('10s');
    if (exitCode !== 0) throw new Error(`the sidecar did not become ready: ${stderr}\nits log:\n${this.log}`);
  }

  /** As the postStart hook runs it: with the container's capabilities, for it reads the kernel's own fence first. */
  async runWaitReady(timeout: string): Promise<ProcessResult> {
    return this.#pod.run([this.files.launcher, 'wait-ready', '--timeout', timeout], {
      ...containerPrivileges,
      timeoutMs: 15_000,
    });
  }

  /** The node process without privilege; the guard's child. */
  get proxyPid(): number | undefined {
    const guard = this.#guard.pid;
    if (guard === undefined) return undefined;
    return childrenOf(guard).find(pid => uidOf(pid) === sidecarUid);
  }

  /** Kills the node process alone; the guard starts it again. */
  async killProxy(): Promise<number> {
    const pid = await waitUntil(() => this.proxyPid, { what: 'the sidecar’s node process', timeoutMs: 5_000 });
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  /** Ends guard and sidecar as the kubelet would; fence and files stay. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#guard.stop(signal);
  }

  /** The container starts again in the same pod: same volumes, same fence until it is replaced. */
  async restart(): Promise<void> {
    await this.stop('SIGKILL');
    this.#guard = this.#start();
    await this.waitReady();
  }

  #start(): PodProcess {
    const { launcher, node, bundle, shared, private: privateDir, podInfo, token, roots } = this.files;
    const flags = { shared, private: privateDir, podinfo: podInfo, token, roots };
    const given = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    return this.#pod.start([launcher, 'guard', ...given, '--', node, ...sidecarNodeFlags, bundle], {
      ...containerPrivileges,
      env: sidecarEnvironment,
    });
  }
}
