export function modelError(message: string, code: string) {
  return { error: { message, type: 'invalid_request_error', param: null, code } };
}
