{{- define "creel.labels" -}}
{{ include "creel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "creel.selector" -}}
app.kubernetes.io/name: creel
app.kubernetes.io/component: operator
{{- end }}

{{/* Who the operator is to the API server; the admission policies name it. */}}
{{- define "creel.operatorUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:creel-operator
{{- end }}
