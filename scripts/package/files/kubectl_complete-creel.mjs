#!/usr/bin/env node
// kubectl asks this what could come next after `kubectl creel`; the other file sees by which name it was started.
await import('./kubectl-creel.mjs');
