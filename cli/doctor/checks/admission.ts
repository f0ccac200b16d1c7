// Who keeps what must not be stored out: the webhook, and the policies that hold without it.
import { X509Certificate } from 'node:crypto';
import { expectedAdmission } from '../expected-admission.ts';
import type { Facts, WebhookConfiguration } from '../facts.ts';
import type { Finding } from '../finding.ts';

const dayMs = 86_400_000;
const chart = 'helm upgrade --install creel charts/creel --namespace creel-system';

export function checkWebhook({ webhooks, webhookTrial, nowMs }: Facts): Finding[] {
  const check = 'Webhook';
  if (!webhooks.ok) return [{ check, status: 'warn', message: webhooks.why }];
  const [first] = webhooks.value;
  if (first === undefined)
    return [
      {
        check,
        status: 'warn',
        message: 'absent: mistakes in policies are found only after they are stored (admission policies still hold)',
        try: [`${chart} --set webhook.enabled=true`],
      },
    ];
  const certificate = checkCertificate(first, nowMs);
  if (certificate.status === 'fail') return [certificate];
  if (webhookTrial.ok) return [{ check, status: 'ok', message: `${first.metadata.name} answers` }, certificate];
  const isDead = webhookTrial.why.includes('failed calling webhook');
  return [
    isDead
      ? {
          check,
          status: 'fail',
          message: `does not answer: ${webhookTrial.why}`,
          try: [
            'kubectl get pods -A -l app.kubernetes.io/name=creel',
            'kubectl get endpointslices -A | grep creel-webhook',
          ],
        }
      : { check, status: 'warn', message: `${first.metadata.name} is there; not asked, because ${webhookTrial.why}` },
    certificate,
  ];
}

function checkCertificate({ webhooks = [] }: WebhookConfiguration, nowMs: number): Finding {
  const check = 'Webhook certificate';
  const bundles = webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? '');
  const renew = ['kubectl -n creel-system rollout restart deployment creel-webhook    # it renews its own'];
  if (bundles.includes(''))
    return { check, status: 'fail', message: 'caBundle is empty: the API server cannot trust it', try: renew };
  const ends = bundles.flatMap(bundle =>
    certificatesOf(Buffer.from(bundle, 'base64').toString()).map(({ validTo }) => Date.parse(validTo)),
  );
  const endMs = ends.length === 0 ? Number.NaN : Math.max(...ends);
  if (Number.isNaN(endMs)) return { check, status: 'fail', message: 'caBundle holds no certificate', try: renew };
  const days = Math.floor((endMs - nowMs) / dayMs);
  if (days < 0) return { check, status: 'fail', message: `its authority ended ${-days} days ago`, try: renew };
  const until = new Date(endMs).toISOString().slice(0, 10);
  return days < 7
    ? {
        check,
        status: 'warn',
        message: `its authority ends in ${days} days (${until}) and has not been renewed`,
        try: renew,
      }
    : { check, status: 'ok', message: `its authority is valid until ${until}` };
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap(block => {
    try {
      return [new X509Certificate(block)];
    } catch {
      // Not a certificate: the caller says so where none is left.
      return [];
    }
  });
}

export function checkAdmissionPolicies({ policies, bindings }: Facts): Finding[] {
  const check = 'Admission policies';
  if (!policies.ok) return [{ check, status: 'warn', message: policies.why }];
  if (!bindings.ok) return [{ check, status: 'warn', message: bindings.why }];
  const there = new Set(policies.value.map(({ metadata }) => metadata.name));
  const denying = new Set(
    bindings.value.filter(({ spec }) => spec.validationActions?.includes('Deny')).map(({ spec }) => spec.policyName),
  );
  const missing = expectedAdmission.filter(name => !there.has(name));
  const unbound = expectedAdmission.filter(name => there.has(name) && !denying.has(name));
  const ours = policies.value.filter(({ metadata }) => metadata.name.endsWith('.creel.dev'));
  const warnings = ours.flatMap(({ metadata, status }) =>
    (status?.typeChecking?.expressionWarnings ?? []).map(
      ({ fieldRef, warning }) => `${metadata.name} ${fieldRef}: ${warning.split('\n')[0]}`,
    ),
  );
  if (missing.length + unbound.length > 0)
    return [
      {
        check,
        status: 'fail',
        message: [
          ...(missing.length === 0 ? [] : [`missing: ${missing.join(', ')}`]),
          ...(unbound.length === 0 ? [] : [`without a binding that denies: ${unbound.join(', ')}`]),
        ].join('; '),
        try: [chart],
      },
    ];
  const guardrails = ours.filter(({ metadata }) => metadata.name.startsWith('guardrail-')).length;
  const all = `all ${expectedAdmission.length} bound${guardrails === 0 ? '' : `, and ${guardrails} guardrails`}`;
  return [
    warnings.length === 0
      ? { check, status: 'ok', message: all }
      : { check, status: 'warn', message: `${all}; the API server's type check says: ${warnings.join('; ')}` },
  ];
}
