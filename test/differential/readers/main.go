// What Go's net/http makes of the bytes of one connection to a server: a line of JSON in, a line of JSON out.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

type input struct {
	Kind  string `json:"kind"`
	Bytes string `json:"bytes"`
}

type request struct {
	Method string      `json:"method"`
	Target string      `json:"target"`
	Host   string      `json:"host"`
	Fields [][2]string `json:"fields"`
	// Base64.
	Body string `json:"body"`
	// Why its body is not whole.
	Problem string `json:"problem,omitempty"`
}

type output struct {
	Requests []request `json:"requests"`
	// Why nothing more was read.
	Problem string `json:"problem,omitempty"`
}

func main() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var in input
		if err := json.Unmarshal(line, &in); err != nil {
			panic(err)
		}
		wire, err := base64.StdEncoding.DecodeString(in.Bytes)
		if err != nil {
			panic(err)
		}
		read := readHTTP1
		if in.Kind == "h2" {
			read = readHTTP2
		}
		if err := out.Encode(read(wire)); err != nil {
			return
		}
	}
}

func readHTTP1(wire []byte) output {
	reader := bufio.NewReader(bytes.NewReader(wire))
	result := output{Requests: []request{}}
	for {
		head, err := http.ReadRequest(reader)
		if errors.Is(err, io.EOF) {
			return result
		}
		if err != nil {
			result.Problem = err.Error()
			return result
		}
		read := describe(head)
		result.Requests = append(result.Requests, read)
		if read.Problem != "" {
			return result
		}
	}
}

func describe(head *http.Request) request {
	body, err := io.ReadAll(head.Body)
	read := request{
		Method: head.Method,
		Target: head.RequestURI,
		Host:   head.Host,
		Fields: [][2]string{},
		Body:   base64.StdEncoding.EncodeToString(body),
	}
	if err != nil {
		read.Problem = err.Error()
	}
	for name, values := range head.Header {
		for _, value := range values {
			read.Fields = append(read.Fields, [2]string{latin1(name), latin1(value)})
		}
	}
	return read
}

// JSON is of characters and a field of bytes: each byte becomes the character of its number.
func latin1(text string) string {
	runes := make([]rune, 0, len(text))
	for _, b := range []byte(text) {
		runes = append(runes, rune(b))
	}
	return string(runes)
}

// readHTTP2 hands the bytes to a whole server, for the package has no reader of its own to the outside.
func readHTTP2(wire []byte) output {
	var handling sync.WaitGroup
	var mutex sync.Mutex
	result := output{Requests: []request{}}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Protocols: protocols, Handler: http.HandlerFunc(func(_ http.ResponseWriter, head *http.Request) {
		handling.Add(1)
		defer handling.Done()
		read := describe(head)
		mutex.Lock()
		defer mutex.Unlock()
		result.Requests = append(result.Requests, read)
	})}
	theirs, ours := net.Pipe()
	listener := &oneConnection{connection: theirs, closed: make(chan struct{})}
	go server.Serve(listener)
	answered := make(chan struct{})
	go awaitAnswers(ours, wholeStreams(wire), answered)
	ours.SetWriteDeadline(time.Now().Add(answerTime))
	ping := append([]byte{0, 0, 8, framePing, 0, 0, 0, 0, 0}, "lastping"...)
	if _, err := ours.Write(append(wire, ping...)); err != nil {
		result.Problem = err.Error()
	}
	select {
	case <-answered:
	case <-time.After(answerTime):
		result.Problem = "no answer"
	}
	ours.Close()
	server.Close()
	handling.Wait()
	mutex.Lock()
	defer mutex.Unlock()
	return result
}

const (
	frameHeaders = 1
	frameReset   = 3
	framePing    = 6
	frameGoAway  = 7
	endStream    = 1
	answerTime   = 20 * time.Second
	preface      = 24
)

type frame struct {
	kind, flags byte
	stream      uint32
}

func readFrame(reader io.Reader) (frame, error) {
	head := make([]byte, 9)
	if _, err := io.ReadFull(reader, head); err != nil {
		return frame{}, err
	}
	size := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
	_, err := io.CopyN(io.Discard, reader, size)
	return frame{head[3], head[4], binary.BigEndian.Uint32(head[5:]) & 0x7fffffff}, err
}

// wholeStreams are those that the client has ended: each gets an answer.
func wholeStreams(wire []byte) map[uint32]bool {
	whole := map[uint32]bool{}
	reader := bytes.NewReader(wire[min(preface, len(wire)):])
	for {
		read, err := readFrame(reader)
		if err != nil {
			return whole
		}
		if read.kind <= frameHeaders && read.flags&endStream == 1 {
			whole[read.stream] = true
		}
		if read.kind == frameReset {
			delete(whole, read.stream)
		}
	}
}

// awaitAnswers closes done once each of the streams and the last PING has its answer, or the server has ended.
func awaitAnswers(connection net.Conn, open map[uint32]bool, done chan<- struct{}) {
	reader := bufio.NewReader(connection)
	isPinged, isTold := false, false
	for {
		read, err := readFrame(reader)
		isEnd := read.kind <= frameHeaders && read.flags&endStream == 1
		if isEnd || read.kind == frameReset {
			delete(open, read.stream)
		}
		isPinged = isPinged || read.kind == framePing && read.flags&1 == 1
		isOver := err != nil || read.kind == frameGoAway || isPinged && len(open) == 0
		if isOver && !isTold {
			isTold = true
			close(done)
		}
		if err != nil {
			return
		}
	}
}

type oneConnection struct {
	connection net.Conn
	once, end  sync.Once
	closed     chan struct{}
}

func (l *oneConnection) Accept() (net.Conn, error) {
	var first net.Conn
	l.once.Do(func() { first = l.connection })
	if first != nil {
		return first, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConnection) Close() error {
	l.end.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConnection) Addr() net.Addr { return l.connection.LocalAddr() }
