// The gRPC service that client and server of the test share; messages are bytes as they are.
const same = (bytes: Buffer) => bytes;
const method = (name: string, responseStream: boolean) => ({
  path: `/test.Echo/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

export const echoService = { Say: method('Say', false), Count: method('Count', true), Wipe: method('Wipe', false) };
