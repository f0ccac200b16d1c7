/** A rough count, the same every time: four characters a token. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The pieces a stream delivers: words with the space before them. */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? [];
}
