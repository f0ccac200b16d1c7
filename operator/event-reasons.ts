// Every reason of every Event that the operator writes, with what it means. docs/audit.md shows the same list.
import type { EventRecorder, KubeEvent } from '../kube/types.ts';

export const eventReasons = {
  ChildRefused: 'the API server refused a workspace, service account or NetworkPolicy of a Sandbox',
  GPUApprovalNeeded: 'a Sandbox waits for a person to approve its GPU; the note has the command',
  GPUApprovalNotInForce: 'a GPU was approved for longer than a ceiling lets, so it is not given',
  GPUApproved: 'a GPU was approved, and the pod is made',
  GPUDenied: 'a person denied the GPU; the note has who and why',
  GPUGrantEnded: 'the approval of a GPU has ended or was revoked; the pod goes, the workspace stays',
  InferenceNotReady: 'the InferenceProfile that a Sandbox names routes nothing; the note has the remedy',
  NameTaken: 'an object of the name that a Sandbox needs is somebody else’s, and left alone',
  NamespaceNotPrepared: 'the namespace lacks the labels that sandboxes need; the note has the command',
  PodRefused: 'the API server refused the pod of a Sandbox',
  PodReplaced: 'a pod was not, or not any more, what the operator made, and is replaced',
  SettingsIncomplete: 'the installation lacks something that pods of sandboxes need',
  TooManyRequests: 'so many requests of a sandbox or namespace wait that no more are made',
  TopologyNotSupported: 'the Sandbox asks for a topology that this version does not have',
} as const;

export type EventReason = keyof typeof eventReasons;
export type OperatorEvent = KubeEvent<EventReason>;
export type OperatorEvents = EventRecorder<EventReason>;
