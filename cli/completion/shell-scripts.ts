// What a shell sources. Each asks `kubectl-creel __complete WORDS…`, which answers a value a line and a directive.

export const shells = ['bash', 'zsh', 'fish', 'kubectl'] as const;
export type Shell = (typeof shells)[number];

export const shellScripts: Readonly<Record<Shell, string>> = {
  bash: String.raw`# source <(kubectl-creel completion bash)
_kubectl_creel() {
  local line directive=0
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) directive=${'$'}{line#:} ;;
      *) COMPREPLY+=("${'$'}{line%%$'\t'*}") ;;
    esac
  done < <(kubectl-creel __complete "${'$'}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$directive" = 4 ]; then compopt +o default; fi
}
complete -o default -F _kubectl_creel kubectl-creel`,
  zsh: String.raw`#compdef kubectl-creel
# source <(kubectl-creel completion zsh)
_kubectl_creel() {
  local line value directive=0
  local -a suggestions
  for line in "${'$'}{(@f)$(kubectl-creel __complete "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :*) directive=${'$'}{line#:} ;;
      *$'\t'*) value=${'$'}{line%%$'\t'*}; suggestions+=("${'$'}{value//:/\\:}:${'$'}{line#*$'\t'}") ;;
      ?*) suggestions+=("${'$'}{line//:/\\:}") ;;
    esac
  done
  if (( ${'$'}{#suggestions} )); then
    _describe 'kubectl-creel' suggestions
  elif [[ $directive == 0 ]]; then
    _files
  fi
}
compdef _kubectl_creel kubectl-creel`,
  fish: String.raw`# kubectl-creel completion fish | source
function __kubectl_creel_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  kubectl-creel __complete $words[2..-1] "$current" 2>/dev/null | string match --invert ':*'
end
complete --command kubectl-creel --no-files --arguments '(__kubectl_creel_complete)'`,
  kubectl: String.raw`#!/bin/sh
# kubectl's own completion asks this file for "kubectl creel": put it on PATH as kubectl_complete-creel, executable.
exec kubectl creel __complete "$@"`,
};
