package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// holdConnection connects, prints both ends, optionally makes itself unreadable or hands the socket to another program, and
// stays until its input ends.
func holdConnection(args []string) error {
	dialer := net.Dialer{}
	if len(args) > 2 && strings.HasPrefix(args[2], "from ") {
		port, err := strconv.Atoi(strings.TrimPrefix(args[2], "from "))
		if err != nil {
			return err
		}
		dialer.LocalAddr = &net.TCPAddr{Port: port}
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) })
		}
	}
	conn, err := dialer.Dial(args[0], args[1])
	if err != nil {
		return err
	}
	if len(args) > 2 && args[2] == "undumpable" {
		if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
			return err
		}
	}
	if len(args) > 2 && args[2] == "shared" {
		file, err := conn.(*net.TCPConn).File()
		if err != nil {
			return err
		}
		other := exec.Command("/bin/cat")
		other.ExtraFiles = []*os.File{file}
		if _, err := other.StdinPipe(); err != nil {
			return err
		}
		if err := other.Start(); err != nil {
			return err
		}
	}
	fmt.Println(conn.LocalAddr(), conn.RemoteAddr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func TestB09B10TheGuardSaysWhoseASocketIs(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		// Any server on the pod's own loopback will do: what counts is the agent's end.
		server4, server6 := mustListen(t, "tcp4", "127.0.0.1:0"), mustListen(t, "tcp6", "[::1]:0")
		copyOfUs := copyBinary(t)

		for _, c := range []struct {
			name, network, address, how, want string
			uid                               int
		}{
			{"a process of the agent", "tcp", server4, "", "", AgentUID},
			{"over IPv6", "tcp6", server6, "", "", AgentUID},
			{"UDP", "udp", "127.0.0.1:9", "", "", AgentUID},
			{"one that made itself unreadable", "tcp", server4, "undumpable", "unreadable", AgentUID},
			{"one that shares it with another program", "tcp", server4, "shared", "ambiguous", AgentUID},
			{"a process of another user", "tcp", server4, "", "gone", 2000},
		} {
			holder := startHolder(t, c.uid, copyOfUs, c.network, c.address, c.how)
			network := strings.TrimSuffix(c.network, "6")
			answer := g.ask(t, guardRequest{ID: 7, Op: "identify", Network: network, Local: holder.local, Remote: holder.remote})
			if c.want != "" {
				if answer.OK || answer.Error != c.want {
					t.Errorf("%s: %+v, want %s", c.name, answer, c.want)
				}
				holder.end()
				continue
			}
			if !answer.OK || answer.PID != holder.cmd.Process.Pid || answer.Binary.Path != copyOfUs || answer.Binary.SHA256 != hashOf(t, copyOfUs) {
				t.Errorf("%s: %+v %+v", c.name, answer, answer.Binary)
			}
			holder.end()
			gone := g.ask(t, guardRequest{ID: 8, Op: "identify", Network: network, Local: holder.local, Remote: holder.remote})
			if gone.OK || gone.Error != "gone" {
				t.Errorf("%s, after its end: %+v", c.name, gone)
			}
		}
		for _, malformed := range []guardRequest{
			{ID: 9, Op: "identify", Network: "sctp", Local: "127.0.0.1:1", Remote: "127.0.0.1:2"},
			{ID: 9, Op: "identify", Network: "tcp", Local: "localhost:1", Remote: "127.0.0.1:2"},
		} {
			if answer := g.ask(t, malformed); answer.OK || answer.ID != 9 {
				t.Errorf("%+v: %+v", malformed, answer)
			}
		}
	})
}

// Two sockets of the agent may have the same port, to different servers. Captured they go to one place, and the kernel gives the
// second another port on its way.
func TestB16CapturedConnectionsFromOnePortAreNotMistakenForEachOther(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		mustInstallFence(t)
		for _, network := range []struct{ name, host, loopback string }{
			{"tcp4", "198.51.100.%d", "127.0.0.1"}, {"tcp6", "[2001:db8:99::%d]", "[::1]"},
		} {
			accepted := acceptAsSidecar(t, network.name, fmt.Sprintf("%s:%d", network.loopback, TransparentPort))
			i := newIdentifier(AgentUID, AgentGID)
			go i.serve(t.Context())
			rewritten := 0
			for n := range 3 {
				program, server := copyBinary(t), fmt.Sprintf(network.host+":80", n+1)
				holder := startHolder(t, AgentUID, program, network.name, server, "from 40000")
				seen := mustAddrPort(t, (<-accepted).RemoteAddr().String())
				if seen.Port() != 40000 {
					rewritten++
				}
				answers := make(chan error, 1)
				i.ask(identifyQuestion{unix.IPPROTO_TCP, seen, mustAddrPort(t, holder.remote), func(binary binaryIdentity, pid int, err error) {
					if err == nil && (pid != holder.cmd.Process.Pid || binary.Path != program) {
						err = fmt.Errorf("answered %d %s instead of %d %s", pid, binary.Path, holder.cmd.Process.Pid, program)
					}
					answers <- err
				}})
				if err := <-answers; err != nil {
					t.Errorf("%s seen from %s: %v", server, seen, err)
				}
			}
			if rewritten == 0 {
				t.Errorf("%s: no port was rewritten, so the case proves nothing", network.name)
			}
		}
	})
}

// acceptAsSidecar listens where captured connections arrive, as the uid that the fence lets answer.
func acceptAsSidecar(t *testing.T, network, address string) <-chan net.Conn {
	t.Helper()
	accepted, failed := make(chan net.Conn, 8), make(chan error)
	go func() {
		becomeAgentReader(SidecarUID, SidecarGID)
		listener, err := net.Listen(network, address)
		failed <- err
		for err == nil {
			var conn net.Conn
			if conn, err = listener.Accept(); err == nil {
				accepted <- conn
			}
		}
	}()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return accepted
}

func TestAnswersNameTheAncestors(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		server := mustListen(t, "tcp4", "127.0.0.1:0")
		holder := startCommand(t, programAs(AgentUID, "sh-then", copyBinary(t), "hold-connection", "tcp", server))
		answer := g.ask(t, guardRequest{ID: 7, Op: "identify", Network: "tcp", Local: holder.local, Remote: holder.remote})
		self, _ := os.Executable()
		if !answer.OK || len(answer.Binary.Ancestors) == 0 || answer.Binary.Ancestors[0] != self {
			t.Errorf("%+v, want the parent %s first", answer.Binary, self)
		}
		holder.end()
	})
}

func TestB02APathIsTheOneOfTheAgentsOwnMountNamespace(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		g := startGuard(t)
		server := mustListen(t, "tcp4", "127.0.0.1:0")
		program := copyBinary(t)
		root := strings.TrimSuffix(program, "program")
		// A container's root file system: a mount of its own that becomes / in a mount namespace of its own.
		pivot := "mount --bind " + root + " " + root + " && mkdir -p " + root + "old " + root + "opt && mv " + program + " " + root +
			"opt/agent && for d in proc usr lib lib64; do [ ! -e /$d ] || { mkdir -p " + root + "$d && mount --rbind /$d " + root + "$d; }; done && cd " + root + " && pivot_root . old && exec /opt/agent become 1000 /opt/agent hold-connection tcp " + server
		cmd := exec.Command("unshare", "--mount", "sh", "-c", pivot)
		holder := startCommand(t, cmd)
		answer := g.ask(t, guardRequest{ID: 7, Op: "identify", Network: "tcp", Local: holder.local, Remote: holder.remote})
		if !answer.OK || answer.Binary.Path != "/opt/agent" {
			t.Errorf("%+v %+v", answer, answer.Binary)
		}
		holder.end()
	})
}

// become changes this process's user for good and runs a program.
func become(args []string) error {
	uid, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(uid, uid, uid), syscall.Setresuid(uid, uid, uid)); err != nil {
		return err
	}
	return syscall.Exec(args[1], args[1:], os.Environ())
}

// shThen runs a program as its own child, its input and output included.
func shThen(args []string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func TestOnePassAnswersManyQuestions(t *testing.T) {
	inNamespaces(t, func(t *testing.T) {
		startPod(t)
		server := mustListen(t, "tcp4", "127.0.0.1:0")
		holder := startHolder(t, AgentUID, copyBinary(t), "tcp", server, "")
		i := newIdentifier(AgentUID, AgentGID)
		answers := make(chan error, 2*maxWaitingQuestions)
		local, remote := mustAddrPort(t, holder.local), mustAddrPort(t, holder.remote)
		for range maxWaitingQuestions + 10 {
			i.ask(identifyQuestion{unix.IPPROTO_TCP, local, remote, func(_ binaryIdentity, _ int, err error) { answers <- err }})
		}
		busy := 0
		for len(answers) > 0 {
			if err := <-answers; err == errBusy {
				busy++
			}
		}
		if busy != 10 {
			t.Errorf("%d were told busy at once, want 10", busy)
		}
		began := time.Now()
		go i.serve(t.Context())
		for range maxWaitingQuestions {
			if err := <-answers; err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%d questions in %s", maxWaitingQuestions, time.Since(began))
		holder.end()
	})
}

type holder struct {
	cmd           *exec.Cmd
	local, remote string
	input         io.Closer
}

func startHolder(t *testing.T, uid int, binary, network, address, how string) *holder {
	t.Helper()
	cmd := programAs(uid, "hold-connection", network, address, how)
	cmd.Path = binary
	return startCommand(t, cmd)
}

func startCommand(t *testing.T, cmd *exec.Cmd) *holder {
	t.Helper()
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &holder{cmd: cmd, input: input}
	if _, err := fmt.Fscan(output, &h.local, &h.remote); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *holder) end() {
	h.input.Close()
	_ = h.cmd.Wait()
}

func mustListen(t *testing.T, network, address string) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go greet(listener, "")
	return listener.Addr().String()
}

// copyBinary puts the test binary where any user may run and read it.
func copyBinary(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "cr-launcher-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := copyLauncher(folder + "/program"); err != nil {
		t.Fatal(err)
	}
	return folder + "/program"
}

func hashOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
