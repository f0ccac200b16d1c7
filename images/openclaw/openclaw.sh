#!/bin/sh
# OpenClaw with the sandbox's model route: the first run puts a configuration into the workspace, where the agent may
# change it like any other.
set -eu
config="${OPENCLAW_CONFIG_PATH:-$HOME/.openclaw/openclaw.json}"
if [ ! -e "$config" ]; then
  mkdir -p "$(dirname "$config")"
  # Written beside and renamed: two first runs at once both end with a whole file.
  cp /opt/creel/openclaw.json "$config.$$"
  chmod 600 "$config.$$"
  mv "$config.$$" "$config"
fi
exec /usr/local/bin/node /usr/local/lib/node_modules/openclaw/openclaw.mjs "$@"
