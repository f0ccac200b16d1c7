import {
  defaultAddress,
  defaultModelHosts,
  type ModelSettings,
  type WebAnswer,
  type Zone,
} from '../control-protocol.ts';
import { Recorder } from './recorder.ts';
import type { TestCa } from './test-ca.ts';

/** What all servers of one outside world share: records, and how tests told them to behave. */
export interface State {
  readonly recorder: Recorder;
  readonly ca: TestCa;
  zone: Zone;
  answers: WebAnswer[];
  model: ModelSettings & { readonly hosts: readonly string[]; readonly models: readonly string[] };
  /** Of `model.failNext`, how many are left. */
  failuresLeft: number;
}

export const defaultZone: Zone = { '*': { addresses: [defaultAddress] } };
export const defaultModel = { hosts: defaultModelHosts, models: ['creel-test-model'] } as const;

export function createState(ca: TestCa): State {
  return { recorder: new Recorder(), ca, zone: defaultZone, answers: [], model: defaultModel, failuresLeft: 0 };
}
