// Which methods a preset or a pattern lets through. GET implies HEAD; nothing else implies anything.

const presets = {
  ReadOnly: new Set(['GET', 'HEAD', 'OPTIONS']),
  ReadWrite: new Set(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH']),
} as const;

export function presetAllows(access: 'ReadOnly' | 'ReadWrite' | 'Full' | undefined, method: string): boolean {
  return access !== undefined && (access === 'Full' || presets[access].has(method));
}

/** Absent: any method. */
export function listHasMethod(methods: readonly string[] | undefined, method: string): boolean {
  return methods === undefined || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}
