import type { Digest } from './build-digest.ts';
import { formatSlack } from './format-slack.ts';
import type { NotifierSettings } from './notifier-settings.ts';

/** Of the generic format; docs/notifications.md shows it. */
const messageVersion = 1;

export function formatMessage(digest: Digest, format: NotifierSettings['format']): object {
  return format === 'Slack'
    ? formatSlack(digest)
    : { version: messageVersion, type: 'creel.approvals.waiting', ...digest };
}
