const operatorUser = 'system:serviceaccount:creel-system:creel-operator';
/** A variable whose value is the chart's; as it stands in the file it is the default. */
const separation = /(name: separate\n {4}expression: )"false"/;

/** An admission policy as it stands in policies/admission, made a template: the release's own operator, the chart's labels. */
export function admissionTemplate(name: string, text: string): string {
  const template = text
    .replaceAll(operatorUser, '{{ include "creel.operatorUser" . }}')
    .replace(separation, '$1{{ .Values.separationOfDuties | quote }}')
    .replaceAll(/^( {4}namespace: )creel-system$/gm, '$1{{ .Release.Namespace }}')
    .replaceAll(/^(metadata:\n {2}name: .*)$/gm, '$1\n  labels: {{- include "creel.labels" . | nindent 4 }}');
  return name.startsWith('guardrail-') ? `{{- if .Values.guardrails.enabled }}\n${template}{{- end }}\n` : template;
}
