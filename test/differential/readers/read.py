"""What h11 and h2 make of the bytes of one connection to a server: a line of JSON in, a line of JSON out."""
import base64, json, sys
import h11
from h2.config import H2Configuration
from h2.connection import H2Connection
import h2.events
import h2.exceptions


def latin1(pairs):
    return [[name.decode('latin1'), value.decode('latin1')] for name, value in pairs]


def one(pairs, name):
    return ', '.join(value.decode('latin1') for key, value in pairs if key == name)


def read_http1(wire):
    requests, problem = [], ''
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    try:
        connection.receive_data(wire)
        connection.receive_data(b'')
        while True:
            event = connection.next_event()
            if type(event) is h11.Request:
                requests.append({
                    'method': event.method.decode('latin1'),
                    'target': event.target.decode('latin1'),
                    'host': one(event.headers, b'host'),
                    'fields': latin1(event.headers),
                    'body': b'',
                    'problem': 'unfinished',
                })
            elif type(event) is h11.Data:
                requests[-1]['body'] += bytes(event.data)
            elif type(event) is h11.EndOfMessage:
                requests[-1]['problem'] = ''
                connection.send(h11.Response(status_code=200, headers=[('Content-Length', '0')]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    break
                connection.start_next_cycle()
            else:
                break
    except h11.RemoteProtocolError as error:
        problem = str(error)
    return requests, problem


def read_http2(wire):
    streams, problem = {}, ''
    connection = H2Connection(H2Configuration(client_side=False, header_encoding=None))
    connection.initiate_connection()
    try:
        for event in connection.receive_data(wire):
            if isinstance(event, h2.events.RequestReceived):
                pairs = [(bytes(name), bytes(value)) for name, value in event.headers]
                streams[event.stream_id] = {
                    'method': one(pairs, b':method'),
                    'target': one(pairs, b':path'),
                    'host': one(pairs, b':authority') or one(pairs, b'host'),
                    'fields': latin1(pair for pair in pairs if not pair[0].startswith(b':')),
                    'body': b'',
                    'problem': 'unfinished',
                }
            elif isinstance(event, h2.events.DataReceived):
                streams[event.stream_id]['body'] += event.data
            elif isinstance(event, h2.events.StreamEnded):
                streams[event.stream_id]['problem'] = ''
    except h2.exceptions.ProtocolError as error:
        problem = str(error) or type(error).__name__
    return list(streams.values()), problem


for line in sys.stdin:
    given = json.loads(line)
    read = read_http2 if given['kind'] == 'h2' else read_http1
    requests, problem = read(base64.b64decode(given['bytes']))
    for request in requests:
        request['body'] = base64.b64encode(request['body']).decode()
    print(json.dumps({'requests': requests, 'problem': problem}), flush=True)
