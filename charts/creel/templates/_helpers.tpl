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

{{- define "creel.webhookSelector" -}}
app.kubernetes.io/name: creel
app.kubernetes.io/component: webhook
{{- end }}

{{- define "creel.webhookLabels" -}}
{{ include "creel.webhookSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Where Creel itself and the cluster's own parts live nothing waits for the webhook. No sandbox runs there. */}}
{{- define "creel.webhookNamespaces" -}}
matchExpressions:
- {key: kubernetes.io/metadata.name, operator: NotIn, values: [{{ .Release.Namespace }}, kube-system]}
{{- end }}
