#!/bin/sh
# The plugin of krew: its own Node beside it, whatever the machine has. krew starts it through a symbolic link.
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname "$self")/$target ;;
  esac
done
folder=$(cd "$(dirname "$self")" && pwd -P) || exit 1
exec "$folder/node" "$folder/bin/kubectl-creel.mjs" "$@"
