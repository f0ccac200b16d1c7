/** `*` stands for anything, case does not matter, every other character for itself. */
export function globTest(pattern: string): (text: string) => boolean {
  const source = pattern.split('*').map(part => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const regex = new RegExp(`^${source.join('.*')}$`, 'is');
  return text => regex.test(text);
}
