{{/* The first part of every name: the release's, with the chart's where that is not in it. */}}
{{- define "hawser.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* The name of a thing that belongs to no namespace: another release elsewhere must not have the same. */}}
{{- define "hawser.clusterName" -}}
{{- printf "%s-%s" (include "hawser.fullname" .) .Release.Namespace }}
{{- end }}

{{/* What a selector has: (list $ "operator"). These never change between versions. */}}
{{- define "hawser.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object: (list $ "operator"). */}}
{{- define "hawser.labels" -}}
{{- $root := index . 0 -}}
{{ include "hawser.selectorLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hawser
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The metadata of an object in the release's namespace: (list $ component suffix). */}}
{{- define "hawser.metadata" -}}
{{- $root := index . 0 -}}
name: {{ include "hawser.fullname" $root }}-{{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "hawser.labels" (list $root (index . 1)) | nindent 2 }}
{{- end }}

{{/* An image: (list $ .Values.operator.image). */}}
{{- define "hawser.image" -}}
{{- $root := index . 0 -}}{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default $root.Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{/* The name of a ServiceAccount: (list $ "operator"). */}}
{{- define "hawser.serviceAccountName" -}}
{{- $root := index . 0 -}}{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- if $account.create -}}
{{ default (printf "%s-%s" (include "hawser.fullname" $root) (index . 1)) $account.name }}
{{- else -}}
{{ default "default" $account.name }}
{{- end }}
{{- end }}

{{/* The namespaces that get a Role, as a JSON list; none in cluster-wide mode. */}}
{{- define "hawser.watchNamespaces" -}}
{{- if .Values.clusterWide -}}
[]
{{- else -}}
{{ default (list .Release.Namespace) .Values.watchNamespaces | uniq | sortAlpha | toJson }}
{{- end }}
{{- end }}

{{/* What the operator may do with the objects, wherever they are. */}}
{{- define "hawser.objectRules" -}}
- apiGroups: [hawser.dev]
  resources: [connections, ipsecpolicies, localnetworkgateways, virtualnetworkgateways, virtualnetworks]
  verbs: [list, watch]
- apiGroups: [hawser.dev]
  resources: [connections/status, ipsecpolicies/status, localnetworkgateways/status, virtualnetworkgateways/status, virtualnetworks/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if or .Values.rbac.secretNames .Values.clusterWide }}
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secretNames }}
  resourceNames: {{ toJson . }}
  {{- end }}
  verbs: [get, watch]
{{- end }}
{{- end }}

{{/* Whether an object of the Prometheus operator is rendered: "true" or nothing. */}}
{{- define "hawser.monitoringRendered" -}}
{{- $present := .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" -}}
{{- if or $present (eq .Values.monitoring.renderMode "alwaysRender") -}}
true
{{- else if eq .Values.monitoring.renderMode "failIfMissing" -}}
{{- fail "monitoring: the cluster has no monitoring.coreos.com/v1 (Prometheus operator); install it, or set monitoring.renderMode to skipIfMissing" -}}
{{- end }}
{{- end }}

{{/* Everything of a scrape but where: a monitor's values. Our series have a label `namespace` of their own, that of
the Connection: honorLabels keeps it, else Prometheus would rename it to exported_namespace. */}}
{{- define "hawser.endpoint" -}}
port: metrics
path: /metrics
honorLabels: true
interval: {{ .interval }}
scrapeTimeout: {{ .scrapeTimeout }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
