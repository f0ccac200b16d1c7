import { describe, expect, test } from 'vitest';
import { buildProgram } from '../build-program.ts';
import type { CommandContext } from '../commands/command-context.ts';
import { complete, type Source } from './complete.ts';

const program = buildProgram(() => ({}) as CommandContext);
const asked: Record<string, string>[] = [];
const names =
  (...values: string[]): Source =>
  options => {
    asked.push({ ...options });
    return Promise.resolve(values.map(value => ({ value, description: `a ${value}` })));
  };
const sources = { sandbox: names('my-assistant', 'builder'), request: names('apr-1', 'apr-2'), profile: names('vllm') };
const at = async (line: string) => (await complete(program, line.split(' '), sources)).split('\n');
const valuesAt = async (line: string) => (await at(line)).slice(0, -1).map(one => one.split('\t')[0]);

describe('commands and options', () => {
  test.each([
    ['app', ['approvals', 'approve']],
    ['sandbox ', ['create', 'suspend', 'resume', 'delete', 'help']],
    ['-n agents snoo', ['snooze']],
    ['policy ex', ['explain']],
    ['logs --ver', ['--verdict']],
    ['approve --sc', ['--scope']],
    ['csb sus', ['suspend']],
  ])('%s', async (line, expected) => {
    expect(await valuesAt(line)).toEqual(expect.arrayContaining(expected));
  });
  test('each with what it is, and the directive last', async () => {
    expect(await at('snoo')).toEqual(['snooze\tNot now: neither allowed nor asked about for a while', ':4']);
  });
  test('options of the program are offered everywhere', async () => {
    expect(await valuesAt('approve --name')).toEqual(['--namespace']);
  });
});

describe('values', () => {
  test.each([
    ['connect my', ['my-assistant']],
    ['approve ', ['apr-1', 'apr-2']],
    ['approve apr-1 ', ['apr-1', 'apr-2']],
    ['approve apr/', ['apr/apr-1', 'apr/apr-2']],
    ['describe apr/apr-2', ['apr/apr-2']],
    ['describe b', ['builder']],
    ['inference set --profile ', ['vllm']],
    ['inference set --profile=v', ['--profile=vllm']],
    ['approve --scope ', ['Binary', 'Endpoint', 'Request']],
    ['approvals -o ', ['wide', 'name', 'json', 'yaml']],
    ['completion ', ['bash', 'zsh', 'fish', 'kubectl']],
    ['connect my-assistant -- l', []],
    ['approve --reason ', []],
  ])('%s', async (line, expected) => {
    expect(await valuesAt(line)).toEqual(expected);
  });
  test('names are looked up where the options before say', async () => {
    await at('-n agents --context=prod approve ');
    expect(asked.at(-1)).toEqual({ namespace: 'agents', context: 'prod' });
    await at('approve --kubeconfig /k ');
    expect(asked.at(-1)).toEqual({ kubeconfig: '/k' });
  });
  test('files are left to the shell', async () => {
    expect(await at('policy import ')).toEqual([':0']);
    expect(await at('connect x -- ')).toEqual([':0']);
  });
  test('what others chose cannot drive the shell', async () => {
    const lines = await complete(program, ['connect', ''], { sandbox: names('evil\u001b[2J\n:0\tx') });
    expect(lines).toBe('evil\\u{1b}[2J\\u{a}:0\\u{9}x\ta evil\\u{1b}[2J\\u{a}:0\\u{9}x\n:4');
  });
});
