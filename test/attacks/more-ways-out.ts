// One program with many ways: each prints its name and what became of it, so that one run answers a whole table.

/** Runs `step` (one Python statement that may throw, with `socket`, `struct`, `os` and `ask` at hand) under its name. */
export function pythonSteps(steps: Readonly<Record<string, string>>): readonly string[] {
  const lines = Object.entries(steps).map(
    ([name, step]) => `
try:
  result = ${step}
  print(${JSON.stringify(name)}, 'got', result)
except OSError as error:
  print(${JSON.stringify(name)}, 'errno', error.errno if error.errno is not None else type(error).__name__)`,
  );
  return ['python3', '-c', `${helpers}\n${lines.join('\n')}`];
}

const helpers = `
import os, socket, struct
def ask(family, kind, protocol, to, payload=b'leak', before=None):
  s = socket.socket(family, kind, protocol)
  s.settimeout(1)
  if before: before(s)
  if kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
    s.sendto(payload, to)
    return 'sent'
  s.connect(to)
  s.send(payload)
  return 'answered' if s.recv(100) else 'closed'
def option(level, name, value): return lambda s: s.setsockopt(level, name, value)
INET, INET6, STREAM, DGRAM, RAW, SEQ = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET
def tcp(address, port, payload=b'leak'): return ask(INET6 if ':' in address else INET, STREAM, 6, (address, port), payload)
def udp(address, port, payload=b'leak', before=None): return ask(INET6 if ':' in address else INET, DGRAM, 17, (address, port), payload, before)
`;

/** What each step came to, by its name. */
export function outcomes(stdout: string): ReadonlyMap<string, string> {
  return new Map(
    stdout
      .trim()
      .split('\n')
      .map(line => [line.slice(0, line.search(/ (got|errno) /)), line.slice(line.search(/ (got|errno) /) + 1)]),
  );
}
