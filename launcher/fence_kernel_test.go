package main

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestNothingPassesTheFenceFromAnyUserByAnyProtocol(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		ways := []struct{ kind, to string }{
			{"TCP", outsideAddress + ":80"}, {"UDP", outsideAddress + ":9999"}, {"UDP", outsideAddress + ":443"}, {"ICMP", outsideAddress + ":1"},
			{"UDP-Lite", outsideAddress + ":53"}, {"UDP", "8.8.8.8:53"}, {"TCP", "9.9.9.9:53"}, {"MPTCP", outsideAddress + ":443"},
			{"UDP", "169.254.169.254:80"}, {"TCP", "169.254.169.254:80"},
			{"TCP over IPv6", "[" + outsideAddress6 + "]:80"}, {"UDP over IPv6", "[" + outsideAddress6 + "]:9999"},
			{"ICMPv6", "[" + outsideAddress6 + "]:1"}, {"UDP-Lite over IPv6", "[" + outsideAddress6 + "]:53"},
		}
		for _, uid := range []int{1000, 0, 2000, 65534} {
			for _, way := range ways {
				name := fmt.Sprintf("%s to %s as uid %d", way.kind, way.to, uid)
				sh(t, "nft flush ruleset")
				before := world.frames.Load()
				asUID(t, uid, "agent-dial", way.kind, way.to, "hello")
				if escaped := world.settled(t, before); escaped == 0 {
					t.Errorf("%s: nothing arrived even without a fence, so the case proves nothing", name)
				}
				mustInstallFence(t)
				before = world.frames.Load()
				said := asUID(t, uid, "agent-dial", way.kind, way.to, "hello")
				if escaped := world.settled(t, before); escaped != 0 {
					t.Errorf("%s: %d frames escaped (%s)", name, escaped, said)
				}
			}
			before := world.frames.Load()
			if uid == 0 { // raw sockets are for root; a root process of another container must not get out either
				asUID(t, uid, "agent-dial", "raw", outsideAddress+":1", "hello")
			}
			if escaped := world.settled(t, before); escaped != 0 {
				t.Errorf("a raw socket's %d frames escaped", escaped)
			}
		}
	})
}

func TestWhatAClosedSidecarSocketStillHasToSayArrives(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		sh(t, "sysctl -qw net.ipv4.tcp_wmem='4096 8388608 16777216'")
		world.do(func() { sh(t, "sysctl -qw net.ipv4.tcp_rmem='4096 32768 65536'") })
		mustInstallFence(t)
		if got := tailReceived(t, world); got != tailBytes {
			t.Errorf("%d of %d bytes arrived", got, tailBytes)
		}
		loadVariant(t, strings.Replace(renderFence(), markRule, "", 1))
		if got := tailReceived(t, world); got == tailBytes {
			t.Error("everything arrives without the rule for it too, so the case proves nothing")
		}
	})
}

const tailBytes = 3 << 20

// tailReceived lets the sidecar's uid queue 3 MB, close and end before the far side begins to read.
func tailReceived(t *testing.T, world *outsideWorld) int {
	t.Helper()
	listener := world.listen(t, "tcp4", outsideAddress+":0")
	asUID(t, SidecarUID, "tail-writer", listener.Addr().String())
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	received := 0
	buffer := make([]byte, 64<<10)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(1500 * time.Millisecond))
		n, err := conn.Read(buffer)
		received += n
		if err != nil {
			return received
		}
	}
}

func tailWriter(args []string) error {
	conn, err := net.Dial("tcp4", args[0])
	if err != nil {
		return err
	}
	if _, err := conn.Write(make([]byte, tailBytes)); err != nil {
		return err
	}
	return conn.Close()
}

func TestADeadSidecarRefusesAtOnce(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		mustInstallFence(t)
		before := world.frames.Load()
		began := time.Now()
		said := asUID(t, AgentUID, "agent-dial", "TCP", outsideAddress+":443", "")
		mustContain(t, "no sidecar", said, "connection refused")
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		if escaped := world.settled(t, before); escaped != 0 {
			t.Errorf("%d frames escaped", escaped)
		}
		loadVariant(t, withoutLine(renderFence(), "tcp flags & rst == rst"))
		if said := asUID(t, AgentUID, "agent-dial", "TCP", outsideAddress+":443", ""); strings.Contains(said, "refused") {
			t.Errorf("refused without the rule for it too (%s), so the case proves nothing", said)
		}
	})
}

func TestTheMarkOfAResetSidecarConnectionCannotBeInherited(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		mustInstallFence(t)
		if said := reuseResetPort(t, world, 40001); strings.Contains(said, "answered") {
			t.Errorf("reached the server raw: %s", said)
		}
		loadVariant(t, acceptMarkFirst(renderFence()))
		mustContain(t, "control, mark accepted first", reuseResetPort(t, world, 40002), "answered raw")
	})
}

// reuseResetPort lets the sidecar's uid connect from a port, the server reset that, and the agent connect from the same port.
func reuseResetPort(t *testing.T, world *outsideWorld, port int) string {
	t.Helper()
	listener := world.listen(t, "tcp4", outsideAddress+":0")
	first := programAs(SidecarUID, "dial-from", fmt.Sprint(port), listener.Addr().String())
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
	_ = first.Wait()
	go greet(listener, "raw")
	return asUID(t, AgentUID, "dial-from", fmt.Sprint(port), listener.Addr().String())
}

func dialFrom(args []string) error {
	dialer := net.Dialer{Timeout: time.Second}
	var port int
	if _, err := fmt.Sscan(args[0], &port); err != nil {
		return err
	}
	dialer.LocalAddr = &net.TCPAddr{Port: port}
	conn, err := dialer.Dial("tcp4", args[1])
	if err != nil {
		fmt.Println(err)
		return nil
	}
	answer := make([]byte, 16)
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	n, err := conn.Read(answer)
	if err != nil {
		fmt.Println("connected, then", err)
		return nil
	}
	fmt.Println("answered", string(answer[:n]))
	return nil
}

func TestNobodyElseAnswersOnTheSidecarsPorts(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		world := startPod(t)
		mustInstallFence(t)
		health := fmt.Sprintf("%s:%d", podAddress, HealthPort)

		squatter := listenAs(t, AgentUID, HealthPort)
		if conn, err := world.dial(health); err == nil {
			conn.Close()
			t.Error("the kubelet would hear a squatter")
		}
		unix.Close(squatter)

		genuine := listenAs(t, SidecarUID, HealthPort)
		conn, err := world.dial(health)
		if err != nil {
			t.Fatalf("the kubelet does not reach the health port: %v", err)
		}
		conn.Close()
		unix.Close(genuine)

		other := listenAs(t, SidecarUID, 8000)
		defer unix.Close(other)
		if conn, err := world.dial(podAddress + ":8000"); err == nil {
			conn.Close()
			t.Error("another port is open from outside")
		}
		sh(t, "nft flush ruleset")
		if conn, err := world.dial(podAddress + ":8000"); err != nil {
			t.Errorf("closed without a fence too, so the case proves nothing: %v", err)
		} else {
			conn.Close()
		}
	})
}

func TestTheAgentReachesItsOwnLoopbackButNotTheSidecarsPorts(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		for _, port := range []int{TransparentPort, DNSPort, HealthPort} {
			listener := listenAs(t, SidecarUID, port)
			for _, address := range []string{"127.0.0.1", "127.0.0.2", podAddress} {
				said := asUID(t, AgentUID, "agent-dial", "TCP", fmt.Sprintf("%s:%d", address, port), "")
				mustContain(t, fmt.Sprintf("direct dial of %s:%d", address, port), said, "refused")
			}
			said := asUID(t, AgentUID, "agent-dial", "TCP over IPv6", fmt.Sprintf("[::1]:%d", port), "")
			mustContain(t, "direct dial over IPv6", said, "refused")
			unix.Close(listener)
		}
		own, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go greet(own, "own")
		mustContain(t, "its own server", asUID(t, AgentUID, "agent-dial", "TCP", own.Addr().String(), ""), "answered own")
	})
}

func TestCapturedConnectionsAreCapped(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		sh(t, "sysctl -qw net.core.somaxconn=20000 net.ipv4.tcp_max_syn_backlog=20000 net.ipv4.tcp_syncookies=0")
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 20000, Max: 20000}); err != nil {
			t.Fatal(err)
		}
		mustInstallFence(t)
		defer unix.Close(listenAs(t, SidecarUID, TransparentPort))
		connected := 0
		var err error
		asFileSystemUser(AgentUID, func() {
			for ; connected < maxCaptured+100; connected++ {
				var fd int
				if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); err != nil {
					return
				}
				if err = unix.Connect(fd, sockaddr(unix.AF_INET, net.ParseIP(outsideAddress), 1000+connected)); err != nil {
					return
				}
			}
		})
		if connected < maxCaptured || connected > maxCaptured+1 || err != unix.ECONNREFUSED {
			t.Errorf("%d connections, then %v; want %d and a refusal", connected, err, maxCaptured)
		}
		asFileSystemUser(0, func() { err = dialOnce(net.ParseIP(outsideAddress), 443) })
		if err != nil {
			t.Errorf("the sidecar container's own check is capped with the agent: %v", err)
		}
	})
}

func dialOnce(ip net.IP, port int) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, sockaddr(unix.AF_INET, ip, port))
}

func TestTheProofFailsWhereTheFenceLeaks(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		if err := proveFence(AgentUID, AgentGID); err != nil {
			t.Errorf("the fence as it is: %v", err)
		}
		for name, leak := range map[string]func(string) string{
			"accepts what it does not name": func(s string) string {
				return strings.Replace(withoutLine(s, "meta skuid >= 0 counter reject"), "output priority filter; policy drop", "output priority filter; policy accept", 1)
			},
			"forgets the agent's uid": func(s string) string {
				return strings.Replace(s, "    oifname \"lo\" accept\n    icmpv6", "    meta skuid 1000 accept\n    oifname \"lo\" accept\n    icmpv6", 1)
			},
			"lets UDP-Lite out": func(s string) string {
				return strings.Replace(s, "    meta skuid >= 0 meta l4proto 6", "    meta l4proto 136 accept\n    meta skuid >= 0 meta l4proto 6", 1)
			},
		} {
			variant := leak(renderFence())
			if variant == renderFence() {
				t.Fatalf("%s: no change", name)
			}
			loadVariant(t, variant)
			if err := proveFence(AgentUID, AgentGID); err == nil {
				t.Errorf("a fence that %s was taken for proven", name)
			}
		}
	})
}

func loadVariant(t *testing.T, ruleset string) {
	t.Helper()
	if ruleset == renderFence() {
		t.Fatal("the variant is no variant")
	}
	if _, err := nft(ruleset, "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

func withoutLine(ruleset, part string) string {
	var kept strings.Builder
	for line := range strings.Lines(ruleset) {
		if !strings.Contains(line, part) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// asFileSystemUser runs f on a thread whose sockets the fence takes for that user's.
func asFileSystemUser(uid int, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with its odd identity
		_, _, _ = unix.RawSyscall(unix.SYS_SETFSUID, uintptr(uid), 0, 0)
		f()
	}()
	<-done
}

// listenAs listens on every address as a user; nobody accepts, the kernel alone answers.
func listenAs(t *testing.T, uid, port int) (fd int) {
	t.Helper()
	var err error
	asFileSystemUser(uid, func() {
		if fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if err = unix.Bind(fd, &unix.SockaddrInet6{Port: port}); err == nil {
			err = unix.Listen(fd, 20000)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
