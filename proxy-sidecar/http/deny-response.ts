// What an agent reads when it is refused: enough to say what happened and whom to ask, nothing about other rules.
import { denyText, denyTextType } from './deny-text.ts';
import { headerField } from './header-fields.ts';
import { serializeResponseHead } from './serialize-head.ts';

export interface DenyBody {
  /** The reason's name: `NotListed`, `DenyRule`, … */
  readonly error: string;
  /** One sentence. */
  readonly detail: string;
  readonly host: string;
  readonly port: number;
  readonly binary?: string;
  readonly method?: string;
  readonly path?: string;
  readonly policy?: string;
  readonly rule?: string;
  /** The ApprovalRequest that waits for a decision. */
  readonly approval?: string;
  /** What the agent or its owner can do now. */
  readonly next?: string;
}

export interface DenyOptions {
  /** Default 403. */
  readonly status?: number;
  readonly keepAlive?: boolean;
  /** A HEAD request gets the head alone. */
  readonly headOnly?: boolean;
  /** As text instead of JSON: see wantsText. */
  readonly asText?: boolean;
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

/** The whole response, head and body. `X-Creel-Decision` carries the reason for tools that read no bodies. */
export function denyResponse(body: DenyBody, options: DenyOptions = {}): Buffer {
  const { status = 403, keepAlive = false, headOnly = false } = options;
  const decision = body.approval === undefined ? body.error : `${body.error}; approval=${body.approval}`;
  return options.asText === true
    ? ownResponse(status, denyTextType, denyText(body), { keepAlive, headOnly, decision })
    : jsonResponse(status, body, { keepAlive, headOnly, decision });
}

export interface JsonResponseOptions {
  readonly keepAlive?: boolean;
  readonly headOnly?: boolean;
  /** Value of X-Creel-Decision. */
  readonly decision: string;
  /** For X-Should-Retry, which the model vendors' clients obey. */
  readonly shouldRetry?: boolean;
}

/** A JSON answer of the sidecar's own. */
export function jsonResponse(status: number, body: unknown, options: JsonResponseOptions): Buffer {
  return ownResponse(status, 'application/json', `${JSON.stringify(body)}\n`, options);
}

function ownResponse(status: number, type: string, text: string, options: JsonResponseOptions): Buffer {
  const bytes = Buffer.from(text);
  const head = serializeResponseHead(status, reasons[status] ?? '', [
    headerField('Content-Type', type),
    headerField('Content-Length', String(bytes.length)),
    headerField('X-Creel-Decision', options.decision.replace(/[^\x20-\x7e]/g, '?')),
    headerField('Cache-Control', 'no-store'),
    ...(options.shouldRetry === undefined ? [] : [headerField('X-Should-Retry', String(options.shouldRetry))]),
    headerField('Connection', options.keepAlive === true ? 'keep-alive' : 'close'),
  ]);
  return options.headOnly === true ? head : Buffer.concat([head, bytes]);
}
