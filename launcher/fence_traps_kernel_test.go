package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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
		loadVariant(t, withoutLine(withoutLine(renderFence(), "tcp flags & rst == rst"), "ct direction reply accept"))
		if said := asUID(t, AgentUID, "agent-dial", "TCP", outsideAddress+":443", ""); strings.Contains(said, "refused") {
			t.Errorf("refused without the rule for it too (%s), so the case proves nothing", said)
		}
	})
}

func TestASocketOfTheAgentEndsThoughTheSidecarClosedFirst(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		accepted := acceptAsSidecar(t, "tcp4", fmt.Sprintf("127.0.0.1:%d", TransparentPort))
		closeBoth := func() {
			holder := startHolder(t, AgentUID, copyBinary(t), "tcp4", outsideAddress+":443", "")
			conn := <-accepted
			conn.Close()
			holder.end()
		}
		closeBoth()
		until(t, "the end of the agent's socket", func() bool { return !hasLastAck(t) })
		loadVariant(t, withoutLine(renderFence(), "ct direction reply accept"))
		closeBoth()
		time.Sleep(500 * time.Millisecond) // longer than the first retransmissions take
		if !hasLastAck(t) {
			t.Error("it ends without the rule for it too, so the case proves nothing")
		}
	})
}

// hasLastAck: a socket waits for the acknowledgement of its FIN (state 09 in /proc/net/tcp).
func hasLastAck(t *testing.T) bool {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[3] == "09" {
			return true
		}
	}
	return false
}

func TestASquatterOnTheCaptureIsNotHeardWithSynCookiesEither(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		dial := func() string { return asUID(t, AgentUID, "agent-dial", "TCP", outsideAddress+":443", "") }
		squatter := listenAs(t, AgentUID, TransparentPort)
		for _, cookies := range []string{"0", "2"} {
			sh(t, "sysctl -qw net.ipv4.tcp_syncookies="+cookies)
			if said := dial(); !strings.HasPrefix(said, "operation now in progress") {
				t.Errorf("with tcp_syncookies=%s: %s", cookies, said)
			}
		}
		unix.Close(squatter)
		sh(t, "sysctl -qw net.ipv4.tcp_syncookies=1")
		genuine := listenAs(t, SidecarUID, TransparentPort)
		defer unix.Close(genuine)
		if said := dial(); !strings.HasPrefix(said, "connected") {
			t.Errorf("control, the sidecar's own listener: %s", said)
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
