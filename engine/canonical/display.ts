// Agents choose host names, paths and binaries that people read in a terminal before they approve.

/** Printable text as it is; controls, bidi marks, zero-width and unassigned characters as `\u{…}`, spaces other than U+0020 too. */
export function displaySafe(text: string): string {
  return text.replace(/\p{C}|\p{Zl}|\p{Zp}|(?! )\p{Zs}|\p{Default_Ignorable_Code_Point}/gu, escape);
}

function escape(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}
