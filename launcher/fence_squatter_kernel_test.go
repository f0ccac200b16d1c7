package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The rule for ownerless packets of the sidecar's ports lets the last acknowledgements of its closed sockets pass. Whoever sits on
// one of those ports while the sidecar is away, and can make the kernel send for it without an owner, must still not be heard.

// loose is the fence with the ports of the sidecar open to everybody on loopback: what an attack needs for its positive control.
func loose(ruleset string) string {
	for _, rule := range []string{"meta skuid >= 0 counter drop", "ct direction reply accept"} {
		ruleset = withoutLine(ruleset, rule)
	}
	port := fmt.Sprintf("    tcp sport { %d, %d, %d } counter drop\n", TransparentPort, HealthPort, DNSPort)
	return strings.Replace(ruleset, port, "", 1)
}

func TestNobodyIsHeardOnTheCaptureByPacketsWithoutAnOwner(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		sh(t, "sysctl -qw net.ipv4.tcp_fastopen=0x603") // more than any pod's own: servers answer without a cookie
		for name, squat := range map[string]func(t *testing.T) (end func()){
			"a listener that accepts nobody":         squatter(0, nil),
			"MPTCP, whose subflows are the kernel's": squatter(unix.IPPROTO_MPTCP, nil),
			"fast open, which speaks before the handshake ends": squatter(0, func(fd int) error {
				return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 16)
			}),
			"a listener that defers": squatter(0, func(fd int) error {
				return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
			}),
		} {
			for _, cookies := range []string{"0", "2"} {
				sh(t, "sysctl -qw net.ipv4.tcp_syncookies="+cookies)
				mustInstallFence(t)
				end := squat(t)
				before := world.quiet(t)
				for _, uid := range []int{AgentUID, 0} {
					if said := connectsWithin(uid, inVain); said != "timed out" {
						t.Errorf("%s, tcp_syncookies=%s, uid %d: %s", name, cookies, uid, said)
					}
				}
				if escaped := world.settled(t, before); escaped != 0 {
					t.Errorf("%s: %d frames left the pod", name, escaped)
				}
				loadVariant(t, loose(renderFence()))
				if said := connectsWithin(AgentUID, inTime); said != "connected" {
					t.Errorf("%s, tcp_syncookies=%s: not heard without the rules either (%s), so the case proves nothing", name, cookies, said)
				}
				end()
			}
		}
	})
}

// squatter listens on the capture's port as the agent.
func squatter(protocol int, prepare func(fd int) error) func(t *testing.T) func() {
	return func(t *testing.T) func() {
		t.Helper()
		fd := -1
		var err error
		asFileSystemUser(AgentUID, func() {
			if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol); err != nil {
				return
			}
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
			if err = unix.Bind(fd, &unix.SockaddrInet4{Port: TransparentPort}); err == nil && prepare != nil {
				err = prepare(fd)
			}
			if err == nil {
				err = unix.Listen(fd, 16)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return func() { unix.Close(fd) }
	}
}

// connectsWithin dials an address that the capture takes.
func connectsWithin(uid int, limit time.Duration) (outcome string) {
	asFileSystemUser(uid, func() {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			outcome = err.Error()
			return
		}
		defer unix.Close(fd)
		outcome = finishConnect(fd, sockaddr(unix.AF_INET, net.ParseIP(outsideAddress), 443), limit)
	})
	return outcome
}

func finishConnect(fd int, to unix.Sockaddr, limit time.Duration) string {
	if err := unix.Connect(fd, to); err != nil && err != unix.EINPROGRESS {
		return err.Error()
	}
	return awaitConnect(fd, limit)
}

func awaitConnect(fd int, limit time.Duration) string {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	if ready, _ := unix.Poll(poll, int(limit.Milliseconds())); ready == 0 {
		return "timed out"
	}
	if code, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); code != 0 {
		return unix.Errno(code).Error()
	}
	return "connected"
}

func TestNobodyTakesOverAConnectionTheSidecarClosed(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		takeOver := func(port int, limit time.Duration) string {
			leaveTimeWait(t, port)
			defer squatter(0, nil)(t)()
			return connectFrom(t, port, limit)
		}
		mustInstallFence(t)
		if said := takeOver(40010, inVain); said != "timed out" {
			t.Errorf("a squatter was heard where the sidecar's socket waits: %s", said)
		}
		loadVariant(t, loose(renderFence()))
		if said := takeOver(40011, inTime); said != "connected" {
			t.Errorf("not heard without the rules either (%s), so the case proves nothing", said)
		}
	})
}

// leaveTimeWait: the agent connects from a port, the sidecar closes first, and is gone.
func leaveTimeWait(t *testing.T, port int) {
	t.Helper()
	listener := listenAs(t, SidecarUID, TransparentPort)
	agent := boundSocket(t, AgentUID, podAddress, port)
	if said := finishConnect(agent, sockaddr(unix.AF_INET, net.ParseIP(outsideAddress), 443), inTime); said != "connected" {
		t.Fatal(said)
	}
	asFileSystemUser(SidecarUID, func() {
		if accepted, _, err := unix.Accept(listener); err == nil {
			unix.Close(accepted)
		}
	})
	until(t, "the sidecar's FIN", func() bool { return tcpState(agent) == tcpCloseWait })
	unix.Close(agent)
	unix.Close(listener)
}

func TestNobodyMeetsTheAgentHalfWayFromTheCapturesPort(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		// Both ends dial: the one on the capture's port needs no listener, and closed halfway it sends on without an owner.
		meet := func(port int, close bool, limit time.Duration) string {
			squatter := boundSocket(t, AgentUID, "127.0.0.1", TransparentPort)
			agent := boundSocket(t, AgentUID, podAddress, port)
			defer unix.Close(agent)
			_ = unix.Connect(squatter, sockaddr(unix.AF_INET, net.ParseIP(podAddress), port))
			_ = unix.Connect(agent, sockaddr(unix.AF_INET, net.ParseIP(outsideAddress), 443))
			until(t, "the agent's SYN to arrive", func() bool { return tcpState(squatter) != tcpSynSent })
			if close {
				unix.Close(squatter)
			} else {
				defer unix.Close(squatter)
			}
			return awaitConnect(agent, limit)
		}
		mustInstallFence(t)
		for port, close := range map[int]bool{40020: false, 40021: true} {
			// Longer than the first retransmission, which is the one without an owner.
			if said := meet(port, close, 1500*time.Millisecond); said == "connected" {
				t.Errorf("closed %t: it is heard", close)
			}
		}
		loadVariant(t, loose(renderFence()))
		if said := meet(40022, false, inTime); said != "connected" {
			t.Errorf("not heard without the rules either (%s), so the case proves nothing", said)
		}
	})
}

func boundSocket(t *testing.T, uid int, address string, port int) (fd int) {
	t.Helper()
	var err error
	asFileSystemUser(uid, func() {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		err = unix.Bind(fd, sockaddr(unix.AF_INET, net.ParseIP(address), port))
	})
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func connectFrom(t *testing.T, port int, limit time.Duration) string {
	t.Helper()
	fd := boundSocket(t, AgentUID, podAddress, port)
	defer unix.Close(fd)
	return finishConnect(fd, sockaddr(unix.AF_INET, net.ParseIP(outsideAddress), 443), limit)
}

// include/net/tcp_states.h
const (
	tcpSynSent   = 2
	tcpCloseWait = 8
)

func tcpState(fd int) uint8 {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return info.State
}
