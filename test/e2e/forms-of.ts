/** A secret as it may lie about: plain, base64 at each alignment, hex, form-encoded. */
export function formsOf(secret: string): readonly string[] {
  const base64 = [0, 1, 2].map(shift => {
    // Characters at both ends also carry bits of the neighbours.
    const encoded = Buffer.from(`${'x'.repeat(shift)}${secret}`)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  return [secret, ...base64, Buffer.from(secret).toString('hex'), encodeURIComponent(secret)];
}

/** An extended regular expression that finds them and does not match itself. */
export function patternOf(forms: readonly string[]): string {
  return forms.map(form => `[${form.slice(0, 1)}]${literal(form.slice(1))}`).join('|');
}

function literal(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, '[$&]');
}
