export interface ImportOptions {
  /** Of the EgressPolicy. */
  readonly name: string;
  readonly namespace?: string;
  /** Sandbox that gets the fields that are not of the network. */
  readonly sandbox?: string;
  /** What an entry without binaries means: any executable; without it, it is refused. */
  readonly anyBinary: boolean;
}
