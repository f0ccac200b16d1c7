// JSON and YAML have escapes of their own for what must not reach a terminal; the value stays the same.

const invisible = /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|\p{Zl}|\p{Zp}|(?! )\p{Zs}|\p{Default_Ignorable_Code_Point}/gu;

/** Whether a text holds what JSON and YAML would print as it is, a line's end apart. */
export function holdsInvisible(text: string): boolean {
  return text.replaceAll('\n', '').search(invisible) >= 0;
}

/** For text inside quotes, JSON's or YAML's: `\uXXXX`, in pairs beyond the basic plane. The structure's own line ends stay. */
export function escapeInvisible(text: string): string {
  return text.replace(invisible, char =>
    char === '\n' ? char : [...utf16(char)].map(unit => `\\u${unit.toString(16).padStart(4, '0')}`).join(''),
  );
}

function* utf16(char: string): Generator<number> {
  for (let at = 0; at < char.length; at++) yield char.charCodeAt(at);
}
