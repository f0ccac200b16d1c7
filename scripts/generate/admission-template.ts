const operatorUser = 'system:serviceaccount:creel-system:creel-operator';

/** An admission policy as it stands in policies/admission, made a template: the release's own operator, the chart's labels. */
export function admissionTemplate(text: string): string {
  return text
    .replaceAll(operatorUser, '{{ include "creel.operatorUser" . }}')
    .replaceAll(/^(metadata:\n {2}name: .*)$/gm, '$1\n  labels: {{- include "creel.labels" . | nindent 4 }}');
}
