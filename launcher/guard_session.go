package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"
)

const maxGuardLine = 64 << 10

// guardRequest and guardAnswer are protocol/guard.ts: newline-delimited JSON over the socketpair, fd 3 of the proxy.
type guardRequest struct {
	ID      int64  `json:"id"`
	Op      string `json:"op"`
	Local   string `json:"local"`
	Remote  string `json:"remote"`
	Network string `json:"network"`
	Host    string `json:"host"`
}

type guardAnswer struct {
	ID         int64           `json:"id"`
	OK         bool            `json:"ok"`
	Error      string          `json:"error,omitempty"`
	Binary     *binaryIdentity `json:"binary,omitempty"`
	PID        int             `json:"pid,omitempty"`
	Cert       string          `json:"cert,omitempty"`
	Key        string          `json:"key,omitempty"`
	NotAfterMs int64           `json:"notAfterMs,omitempty"`
	Token      string          `json:"token,omitempty"`
}

type fenceEvent struct {
	Event   string `json:"event"`
	State   string `json:"state"`
	Message string `json:"message"`
}

// guardSession serves one run of the proxy over one socket; it ends when the proxy closes its side.
type guardSession struct {
	socket     *os.File
	authority  *authority
	identifier *identifier
	tokenFile  string

	writing sync.Mutex
}

func (s *guardSession) serve(ctx context.Context) error {
	lines := bufio.NewScanner(s.socket)
	lines.Buffer(make([]byte, 0, 4096), maxGuardLine)
	for lines.Scan() {
		var request guardRequest
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return err
		}
		s.handle(request)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return lines.Err()
}

func (s *guardSession) handle(request guardRequest) {
	switch request.Op {
	case "identify":
		s.identify(request)
	case "leaf":
		s.leaf(request)
	case "token":
		token, err := os.ReadFile(s.tokenFile)
		s.answer(request.ID, err, guardAnswer{Token: strings.TrimSpace(string(token))})
	default:
		s.answer(request.ID, errors.New("unknown op"), guardAnswer{})
	}
}

func (s *guardSession) identify(request guardRequest) {
	protocol, known := protocolNumber(request.Network)
	local, err1 := netip.ParseAddrPort(request.Local)
	remote, err2 := netip.ParseAddrPort(request.Remote)
	if !known || err1 != nil || err2 != nil {
		s.answer(request.ID, errors.New("malformed identify request"), guardAnswer{})
		return
	}
	s.identifier.ask(identifyQuestion{protocol, unmap(local), unmap(remote), func(binary binaryIdentity, pid int, err error) {
		s.answer(request.ID, err, guardAnswer{Binary: &binary, PID: pid})
	}})
}

func (s *guardSession) leaf(request guardRequest) {
	made, err := s.authority.leafFor(request.Host, time.Now())
	s.answer(request.ID, err, guardAnswer{Cert: made.certPEM, Key: made.keyPEM, NotAfterMs: made.notAfter.UnixMilli()})
}

func (s *guardSession) answer(id int64, err error, answer guardAnswer) {
	if err != nil {
		answer = guardAnswer{Error: err.Error()}
	}
	answer.ID, answer.OK = id, err == nil
	s.send(answer)
}

// send writes one line. A failed write means that the proxy is gone; its end is seen by whoever waits for it.
func (s *guardSession) send(message any) {
	line, err := json.Marshal(message)
	if err != nil {
		return
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, _ = s.socket.Write(append(line, '\n'))
}

// unmap turns ::ffff:a.b.c.d into a.b.c.d: the kernel knows such a connection as IPv4.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
