/** One key. `burst` is several characters that came at once: a paste, or a line that lags. */
export type KeyPress = { readonly name: 'char' | 'burst'; readonly text: string } | { readonly name: KeyName };

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'pageUp'
  | 'pageDown'
  | 'home'
  | 'end'
  | 'enter'
  | 'escape'
  | 'tab'
  | 'backTab'
  | 'backspace'
  | 'clear'
  | 'interrupt';
