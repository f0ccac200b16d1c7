// The part of admission.k8s.io/v1 AdmissionReview that rules read. Everything else of a review is left where it is.
import { z } from 'zod';

const anyObject = z.record(z.string(), z.unknown());

const request = z.object({
  uid: z.string().min(1).max(256),
  kind: z.object({ group: z.string().max(253), version: z.string().max(63), kind: z.string().max(63) }),
  subResource: z.string().max(63).default(''),
  /** Empty where the API server is still to make one. */
  name: z.string().max(253).default(''),
  namespace: z.string().max(63).default(''),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  userInfo: z.object({ username: z.string().max(4096).default('') }),
  object: anyObject.nullable().default(null),
  oldObject: anyObject.nullable().default(null),
});
export type AdmissionRequest = z.output<typeof request>;

export const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request,
});
