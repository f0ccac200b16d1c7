package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const probeFenceCommand = "probe-fence"

// probe is one way out that the fence must close.
type probe struct {
	name         string
	family, kind int
	protocol     int
}

var probes = []probe{
	{"TCP", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_TCP},
	{"UDP", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDP},
	{"ICMP", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_ICMP},
	{"UDP-Lite", unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE},
	{"TCP over IPv6", unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_TCP},
	{"UDP over IPv6", unix.AF_INET6, unix.SOCK_DGRAM, unix.IPPROTO_UDP},
	{"ICMPv6", unix.AF_INET6, unix.SOCK_DGRAM, unix.IPPROTO_ICMPV6},
	{"UDP-Lite over IPv6", unix.AF_INET6, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE},
}

// Canaries nobody answers for: TEST-NET-3 (RFC 5737) and the documentation prefix (RFC 3849).
var (
	canary4 = [4]byte{203, 0, 113, 113}
	canary6 = [16]byte{0x20, 0x01, 0x0d, 0xb8, 15: 0x71}
)

const canaryPort = 9

// synTimeout lets a SYN be sent again, which the kernel does after 1 and 2 s: on a busy node the first one, or the answer to it,
// may meet an interface whose IPv6 is not up yet, and the pod would be taken for leaking.
const synTimeout = 3500 * time.Millisecond

// probeReport says what became of each probe: "passed" must never occur, "refused" raises the fence's counters.
type probeReport map[string]string

const (
	probePassed  = "passed"
	probeRefused = "refused"
)

// proveFence sends every probe as the agent's uid and fails unless each is stopped, and stopped by the fence, whose counters
// began at 0 when it was installed.
func proveFence(agentUID, agentGID int) error {
	report, err := runProbes(agentUID, agentGID)
	if err != nil {
		return err
	}
	refused := uint64(0)
	for name, outcome := range report {
		switch outcome {
		case probePassed:
			return fmt.Errorf("%s to a canary was not stopped", name)
		case probeRefused:
			refused++
		}
	}
	counted, err := refusedPackets()
	if err != nil {
		return err
	}
	if refused == 0 || counted < refused {
		return fmt.Errorf("%d probes were refused, but the fence counted %d packets: something else stopped them (%v)", refused, counted, report)
	}
	return nil
}

func runProbes(uid, gid int) (probeReport, error) {
	cmd := exec.Command("/proc/self/exe", probeFenceCommand)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the fence's probes did not run as uid %d: %w", uid, err)
	}
	report := probeReport{}
	return report, json.Unmarshal(out, &report)
}

// probeFence runs as the agent's uid: it tries every way out and prints what happened.
func probeFence([]string) error {
	report := probeReport{}
	for _, p := range probes {
		report[p.name] = p.try()
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

func (p probe) try() string {
	fd, err := unix.Socket(p.family, p.kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, p.protocol)
	if err != nil {
		return "no socket: " + err.Error()
	}
	defer unix.Close(fd)
	var to unix.Sockaddr = &unix.SockaddrInet4{Addr: canary4, Port: canaryPort}
	if p.family == unix.AF_INET6 {
		to = &unix.SockaddrInet6{Addr: canary6, Port: canaryPort}
	}
	if p.kind == unix.SOCK_STREAM {
		return tryConnect(fd, to)
	}
	err = unix.Sendto(fd, p.payload(), 0, to)
	switch {
	// For ICMPv6 the kernel forgets what became of the packet (icmpv6_push_pending_frames): the fence's counters must tell.
	case err == nil && p.protocol != unix.IPPROTO_ICMPV6:
		return probePassed
	case err == nil, errors.Is(err, unix.EPERM):
		return probeRefused
	}
	return err.Error()
}

// tryConnect expects the capture to take the connection, and nobody to listen behind it yet.
func tryConnect(fd int, to unix.Sockaddr) string {
	err := unix.Connect(fd, to)
	if errors.Is(err, unix.EINPROGRESS) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		if ready, _ := unix.Poll(poll, int(synTimeout.Milliseconds())); ready == 0 {
			return probePassed // a SYN that nobody answers has left
		}
		code, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		err = unix.Errno(code)
	}
	switch {
	case err == nil, errors.Is(err, unix.Errno(0)):
		return "captured"
	default:
		return err.Error()
	}
}

// payload is an echo request (RFC 792, RFC 4443); for UDP it is just eight bytes.
func (p probe) payload() []byte {
	echo := []byte{8, 0, 0, 0, 0, 1, 0, 1}
	if p.protocol == unix.IPPROTO_ICMPV6 {
		echo[0] = 128
	}
	return echo
}
