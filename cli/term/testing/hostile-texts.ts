/** What an agent would choose for a name that a person reads in a terminal (A09, B19). */
export const hostileTexts: readonly string[] = [
  '\u001b[2K\u001b[1Aapi.github.com',
  '\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007',
  '\u001b]52;c;cm0gLXJmIC8=\u0007',
  '\u009b31mred',
  'good.example\rapi.github.com',
  'good.example\n>?   api.github.com:443   /usr/bin/git',
  '\u202emoc.buhtig.ipa\u202c',
  '\u2066isolated\u2069',
  'api\u200bgithub\u200d.com\ufeff',
  'tab\tand\u00a0blank\u3000wide',
  'z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307a\u0308lgo',
  '👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏿',
  'ＦＵＬＬｗｉｄｔｈ 日本語 ﷽',
  '\ud800lone',
  '$(reboot)`id`"\'\\',
  'A'.repeat(4096),
];
