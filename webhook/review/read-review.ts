import { z } from 'zod';
import { decodeUtf8, parseStrictJson } from '../../engine/bodies/strict-json.ts';
import { type AdmissionRequest, admissionReview } from './admission-review.ts';

export type ReadReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly message: string };

/**
 * A review as sent: valid UTF-8, no name twice in an object, nested no deeper than objects of the API are. What two readers could
 * understand differently is not judged, and so not let in.
 */
export function readReview(bytes: Uint8Array): ReadReview {
  const strict = parseStrictJson(bytes);
  if (!strict.ok) return { ok: false, message: `the review cannot be read (${strict.problem}): ${strict.detail}` };
  const parsed = admissionReview.safeParse(JSON.parse(decodeUtf8(bytes) ?? ''));
  if (!parsed.success) return { ok: false, message: `no AdmissionReview of v1: ${z.prettifyError(parsed.error)}` };
  return { ok: true, request: parsed.data.request };
}
