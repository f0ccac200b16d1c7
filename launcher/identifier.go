package main

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Failures to say whose a socket is; protocol/guard.ts.
var (
	errAmbiguous = errors.New("ambiguous")
	errBusy      = errors.New("busy")
)

type identifyQuestion struct {
	protocol      uint8
	local, remote netip.AddrPort
	answer        func(binaryIdentity, int, error)
}

// identifier answers whose a socket is. One pass over /proc serves every question that waits, because a pass is the
// expensive part (24 ms at 60 processes and 3 600 descriptors).
type identifier struct {
	agentUID, agentGID int
	questions          chan identifyQuestion
	hashes             hashCache
}

const (
	maxWaitingQuestions = 256
	longestRest         = 100 * time.Millisecond
)

func newIdentifier(agentUID, agentGID int) *identifier {
	return &identifier{agentUID, agentGID, make(chan identifyQuestion, maxWaitingQuestions), hashCache{}}
}

func (i *identifier) ask(q identifyQuestion) {
	select {
	case i.questions <- q:
	default:
		q.answer(binaryIdentity{}, 0, errBusy)
	}
}

// serve answers until the context ends. After each pass it rests as long as the pass took: an agent that opens connections
// without end costs at most half a core.
func (i *identifier) serve(ctx context.Context) {
	becomeAgentReader(i.agentUID, i.agentGID)
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-i.questions:
			began := time.Now()
			i.answerAll(i.collect(first))
			time.Sleep(min(time.Since(began), longestRest))
		}
	}
}

func (i *identifier) collect(first identifyQuestion) []identifyQuestion {
	waiting := []identifyQuestion{first}
	for {
		select {
		case next := <-i.questions:
			waiting = append(waiting, next)
		default:
			return waiting
		}
	}
}

func (i *identifier) answerAll(questions []identifyQuestion) {
	inodes := make([]uint32, len(questions))
	failures := make([]error, len(questions))
	wanted := map[uint32]bool{}
	for n, q := range questions {
		var own netip.AddrPort
		if own, failures[n] = originalSource(q.protocol, q.local, q.remote); failures[n] == nil {
			inodes[n], failures[n] = socketInode(q.protocol, own, q.remote)
		}
		if failures[n] == nil {
			wanted[inodes[n]] = true
		}
	}
	holders, blind := map[uint32][]int{}, 0
	if len(wanted) > 0 {
		holders, blind = scanSockets(i.agentUID, wanted)
	}
	for n, q := range questions {
		if failures[n] != nil {
			q.answer(binaryIdentity{}, 0, errSocketGone)
			continue
		}
		identity, pid, err := i.one(holders[inodes[n]], blind)
		q.answer(identity, pid, err)
	}
}

// one is the identity of the holders if they are all the same executable; a socket that several programs share is nobody's.
func (i *identifier) one(pids []int, blind int) (binaryIdentity, int, error) {
	if len(pids) == 0 {
		if blind > 0 {
			return binaryIdentity{}, 0, errUnreadable
		}
		return binaryIdentity{}, 0, errSocketGone
	}
	first, err := i.hashes.describe(pids[0])
	if err != nil {
		return binaryIdentity{}, 0, err
	}
	for _, pid := range pids[1:] {
		other, err := i.hashes.describe(pid)
		if err != nil {
			return binaryIdentity{}, 0, err
		}
		if other.Path != first.Path || other.SHA256 != first.SHA256 {
			return binaryIdentity{}, 0, errAmbiguous
		}
	}
	return first, pids[0], nil
}

func protocolNumber(network string) (uint8, bool) {
	switch network {
	case "tcp":
		return unix.IPPROTO_TCP, true
	case "udp":
		return unix.IPPROTO_UDP, true
	}
	return 0, false
}
