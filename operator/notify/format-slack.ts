// One Slack message: https://docs.slack.dev/messaging/formatting-message-text. Whatever an agent chose stands in code, where Slack
// makes no links and calls nobody.
import type { Digest, DigestGroup, DigestRequest } from './build-digest.ts';

/** Slack's own limit for a section is 3000. */
const maxSection = 2_900;

export function formatSlack({ total, groups, more }: Digest): object {
  const head = total === 1 ? '1 request waits for a decision' : `${total} requests wait for a decision`;
  const rest = more > 0 ? [section(`…and ${more} more: \`kubectl creel approvals -A\``)] : [];
  return {
    text: head,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [section(`*${head}*`), ...groups.map(group => section(groupText(group))), ...rest],
  };
}

function groupText({ namespace, sandbox, type, target, requests, more }: DigestGroup): string {
  const what = type === 'GPU' ? `asks for a GPU: ${code(target)}` : `asks for ${code(target)}`;
  const lines = [`*${escape(namespace)}/${escape(sandbox)}* ${what}`];
  for (const request of requests) {
    const next = requestText(request);
    if ([...lines, next].join('\n').length > maxSection) break;
    lines.push(next);
  }
  const unsaid = more + requests.length - (lines.length - 1);
  return [...lines, ...(unsaid > 0 ? [`…and ${unsaid} more of it`] : [])].join('\n');
}

function requestText({ port, binary, gpu, hits, sample, approve }: DigestRequest): string {
  const facts = [
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(gpu === undefined ? [] : [`${gpu.count} of it`]),
    ...(binary === undefined ? [] : [`by ${code(binary.path)} (sha256 ${binary.sha256.slice(0, 12)}…)`]),
    `${hits} ${hits === 1 ? 'time' : 'times'}`,
    ...(sample === undefined ? [] : [`the agent's words: ${code(sample)}`]),
  ];
  return `• ${facts.join(', ')}\n${code(approve)}`;
}

function section(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, maxSection), verbatim: true } };
}

/** A backtick would end the code. */
function code(text: string): string {
  return `\`${escape(text).replaceAll('`', 'ˋ')}\``;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
