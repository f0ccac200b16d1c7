// Programs that try to get a packet out, each told apart by its name; they end with 0 whatever becomes of it.

/** Tries every protocol to `v4` and `v6` with a socket of its own, and prints what became of each. */
export const tryEverything = (v4: string, v6: string) => [
  'python3',
  '-c',
  `
import socket, sys
INET, INET6 = socket.AF_INET, socket.AF_INET6
STREAM, DGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM
echo = bytes((8, 0, 0, 0, 0, 0, 0, 1))
echo6 = bytes((128, 0, 0, 0, 0, 0, 0, 1))
ways = [
  ('udp', INET, DGRAM, 17, ('${v4}', 4000)), ('udp6', INET6, DGRAM, 17, ('${v6}', 4000)),
  ('quic', INET, DGRAM, 17, ('${v4}', 443)), ('mdns', INET, DGRAM, 17, ('224.0.0.251', 5353)),
  ('udplite', INET, DGRAM, 136, ('${v4}', 4000)), ('udplite6', INET6, DGRAM, 136, ('${v6}', 4000)),
  ('icmp', INET, DGRAM, 1, ('${v4}', 0)), ('icmp6', INET6, DGRAM, 58, ('${v6}', 0)),
  ('big', INET, DGRAM, 17, ('${v4}', 4001)),
  ('tcp', INET, STREAM, 6, ('${v4}', 7)), ('tcp6', INET6, STREAM, 6, ('${v6}', 7)),
  ('mapped', INET6, STREAM, 6, ('::ffff:${v4}', 7)),
  ('mptcp', INET, STREAM, 262, ('${v4}', 7)),
  ('raw', INET, socket.SOCK_RAW, 255, ('${v4}', 0)),
]
for name, family, kind, protocol, to in ways:
  try:
    s = socket.socket(family, kind, protocol)
    s.settimeout(3)
    payload = echo6 if name == 'icmp6' else echo if name == 'icmp' else b'x' * 60000 if name == 'big' else b'leak'
    if kind == STREAM:
      s.connect(to)
      s.send(payload)
      got = s.recv(10)
      print(name, 'answered' if got == payload else 'closed')
    else:
      s.sendto(payload, to)
      print(name, 'sent')
  except OSError as error:
    print(name, error.strerror or error)
`,
];

/** A DNS query to an outside resolver over UDP and TCP. */
export const askOutsideResolver = (resolver: string, name: string) => [
  'python3',
  '-c',
  `
import socket, struct
query = struct.pack('>HHHHHH', 7, 0x100, 1, 0, 0, 0) + b''.join(bytes([len(l)]) + l.encode() for l in '${name}'.split('.')) + bytes(1) + struct.pack('>HH', 16, 1)
for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
  try:
    s = socket.socket(socket.AF_INET, kind)
    s.settimeout(2)
    s.connect(('${resolver}', 53))
    s.send(query if kind == socket.SOCK_DGRAM else struct.pack('>H', len(query)) + query)
    answer = s.recv(512)
    print('rcode', answer[3 if kind == socket.SOCK_DGRAM else 5] & 15)
  except OSError as error:
    print(error.strerror or error)
`,
];
